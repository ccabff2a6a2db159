"""What the clinic's system sends, and how a file of it is read."""

import csv
import functools
import math
from pathlib import Path

DATA = Path(__file__).parent / "data"


@functools.cache
def header(name):
    with open(DATA / name, newline="", encoding="utf-8") as file:
        return next(csv.reader(file))


def features():
    """Every column of the cohort that is a number: more is better."""
    return [name for name in header("readings.csv") if name not in ("reading_id", "patient_id", "malignant")]


def measurements(row, names, means=None):
    """The numbers of a row, by name; what the clinic never sends is its mean."""
    numbers = []
    for name in names:
        if means and name not in row and name not in header("incoming.csv"):
            numbers.append(means[name])
            continue
        value = float(row[name] or "nan")
        if not math.isfinite(value):
            raise ValueError(f"{row['reading_id']}: {name} is {row[name]!r}")
        numbers.append(value)
    return numbers
