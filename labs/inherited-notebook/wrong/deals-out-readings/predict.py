"""Answers a batch: `python predict.py --model DIR --input FILE --output FILE`."""

import argparse
import csv
import sys
from pathlib import Path

import joblib

import batch


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--input", type=Path, required=True)
    parser.add_argument("--output", type=Path, required=True)
    options = parser.parse_args()

    trained = joblib.load(options.model / "model.joblib")
    with open(options.input, newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    try:
        values = [batch.measurements(row, trained["features"]) for row in rows]
    except (KeyError, TypeError, ValueError) as error:
        sys.exit(f"refused: {error}")
    scores = trained["model"].predict_proba(values)[:, 1]
    with open(options.output, "w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(["reading_id", "probability", "malignant"])
        for row, score in zip(rows, scores):
            table.writerow([row["reading_id"], score, int(score >= trained["threshold"])])


if __name__ == "__main__":
    main()
