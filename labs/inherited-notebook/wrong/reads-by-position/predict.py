"""Answers a batch: `python predict.py --model DIR --input FILE --output FILE`."""

import argparse
import csv
import json
import math
from pathlib import Path


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--input", type=Path, required=True)
    parser.add_argument("--output", type=Path, required=True)
    options = parser.parse_args()

    model = json.loads((options.model / "model.json").read_text())
    with open(options.input, newline="", encoding="utf-8") as file:
        heading, *rows = csv.reader(file)
    name = heading.index("reading_id")
    answers = []
    for row in rows:
        values = [float(value) for place, value in enumerate(row) if place != name]
        if len(values) != len(model["weights"]) or not all(map(math.isfinite, values)):
            raise SystemExit("a value is missing")
        score = model["bias"] + sum(
            weight * (value - mean) / scale
            for weight, value, mean, scale in zip(model["weights"], values, model["mean"], model["scale"])
        )
        probability = (1 + math.tanh(score / 2)) / 2
        answers.append((row[name], f"{probability:.9f}", int(probability >= model["threshold"])))
    with open(options.output, "w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(["reading_id", "probability", "malignant"])
        table.writerows(answers)


if __name__ == "__main__":
    main()
