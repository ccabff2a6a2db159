"""Answers a batch: `python predict.py --model DIR --input FILE --output FILE`.

Either every reading is answered, or none is and the exit code says so.
"""

import argparse
import csv
import json
import math
import os
import sys
from pathlib import Path

import batch


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--input", type=Path, required=True)
    parser.add_argument("--output", type=Path, required=True)
    options = parser.parse_args(arguments)

    model = json.loads((options.model / "model.json").read_text())
    with open(options.input, newline="", encoding="utf-8") as file:
        rows = csv.DictReader(file)
        columns = rows.fieldnames or []
        missing = [name for name in ["reading_id", *model["features"]] if columns.count(name) != 1]
        if missing:
            sys.exit(f"refused: needed exactly once: {', '.join(missing)}")
        try:
            answers = [answer(model, row) for row in rows]
        except (TypeError, ValueError) as error:
            sys.exit(f"refused: {error}")

    unfinished = options.output.with_suffix(".part")
    with open(unfinished, "w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(["reading_id", "probability", "malignant"])
        table.writerows(answers)
    os.replace(unfinished, options.output)


def answer(model, row):
    values = batch.measurements(row, model["features"])
    score = model["bias"] + sum(
        weight * (value - mean) / scale
        for weight, value, mean, scale in zip(model["weights"], values, model["mean"], model["scale"])
    )
    probability = (1 + math.tanh(score / 2)) / 2
    return row["reading_id"], f"{probability:.9f}", int(probability >= model["threshold"])


if __name__ == "__main__":
    main()
