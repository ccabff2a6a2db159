"""What the clinic's system sends, and how a file of it is read."""

import csv
import math
from pathlib import Path

DATA = Path(__file__).parent / "data"


def features():
    """The measurements that are there when an answer is needed: those of the clinic's own file."""
    with open(DATA / "incoming.csv", newline="", encoding="utf-8") as file:
        return next(csv.reader(file))[1:]


def measurements(row, names):
    """The numbers of a row, by name; raises ValueError where one is missing or is no number."""
    numbers = []
    for name in names:
        value = float(row[name] or "nan")
        if not math.isfinite(value):
            raise ValueError(f"{row['reading_id']}: {name} is {row[name]!r}")
        numbers.append(value)
    return numbers
