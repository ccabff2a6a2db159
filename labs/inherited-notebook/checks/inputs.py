"""Makes what the learner's programs are given: new patients, drawn from the same shape as the cohort.

Without an argument: HALFWAY_IN/holdout.csv, its labels in HALFWAY_SECRET/labels.json.
With `hostile`: four small batches under names that say nothing, HALFWAY_SECRET/batches.json tells which is which.
"""

import json
import os
import random
import sys
from pathlib import Path

import population
import table


def main(hostile):
    parameters = json.loads((Path(os.environ["HALFWAY_LAB"]) / "parameters.json").read_text())
    inputs = Path(os.environ["HALFWAY_IN"])
    secret = Path(os.environ["HALFWAY_SECRET"])
    shape = population.load_shape(os.environ["HALFWAY_HIDDEN"])
    make = hostile_batches if hostile else holdout
    make(parameters, shape, inputs, secret)


def holdout(parameters, shape, inputs, secret):
    columns, rows, labels = population.incoming(
        shape, parameters["holdout"], 3, population.HIDDEN, parameters["cohort"], "N"
    )
    table.write(inputs / "holdout.csv", columns, rows)
    answers = {row["reading_id"]: label for row, label in zip(rows, labels, strict=True)}
    (secret / "labels.json").write_text(json.dumps(answers))


def hostile_batches(parameters, shape, inputs, secret):
    columns, rows, _ = population.incoming(shape, parameters["holdout"], 4, 300, parameters["cohort"], "B")
    rng = random.Random(parameters["holdout"])

    # Another order, in which no measurement keeps its place.
    features = columns[1:]
    by = rng.randrange(1, len(features))
    moved = features[by:] + features[:by]
    gap = parameters["missing"]
    holed = [dict(row) for row in rows]
    holed[rng.randrange(len(holed))][gap] = {"empty": "", "nan": "NaN"}[parameters["hole"]]

    batches = {
        "clean": (columns, rows),
        "shuffled": ([*moved, "reading_id"], rows),
        "missing": (
            [name for name in columns if name != gap],
            [{name: value for name, value in row.items() if name != gap} for row in rows],
        ),
        "hole": (columns, holed),
    }
    names = ["a", "b", "c", "d"]
    rng.shuffle(names)
    for name, (heading, body) in zip(names, batches.values(), strict=True):
        table.write(inputs / f"{name}.csv", heading, body)
    (secret / "batches.json").write_text(
        json.dumps({"batches": dict(zip(batches, names, strict=True)), "ids": [row["reading_id"] for row in rows]})
    )


if __name__ == "__main__":
    main(sys.argv[1:] == ["hostile"])
