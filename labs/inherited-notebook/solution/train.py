"""Trains the triage model: `python train.py --seed N --out DIR`.

Leaves in DIR the model (model.json), what it is worth (metrics.json) and the held-out readings that say so
(validation.csv).
"""

import argparse
import csv
import json
import random
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import batch

HELD_OUT = 0.3
# What is promised on new patients is aimed at a little higher on the held-out ones.
MARGIN = 0.04


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args(arguments)

    features = batch.features()
    with open(batch.DATA / "readings.csv", newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    values = np.array([batch.measurements(row, features) for row in rows])
    labels = np.array([int(row["malignant"]) for row in rows])

    held = held_out(rows, options.seed)
    pipeline = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
    pipeline.fit(values[~held], labels[~held])
    scores = pipeline.predict_proba(values[held])[:, 1]

    scaler, regression = pipeline[0], pipeline[1]
    options.out.mkdir(parents=True, exist_ok=True)
    save(
        options.out / "model.json",
        {
            "features": features,
            "mean": scaler.mean_.tolist(),
            "scale": scaler.scale_.tolist(),
            "weights": regression.coef_[0].tolist(),
            "bias": float(regression.intercept_[0]),
            "threshold": threshold(scores, labels[held]),
        },
    )
    save(options.out / "metrics.json", {"seed": options.seed, "auc": float(roc_auc_score(labels[held], scores))})
    with open(options.out / "validation.csv", "w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(["reading_id", "probability"])
        names = [row["reading_id"] for row, out in zip(rows, held) if out]
        table.writerows(zip(names, (f"{score:.9f}" for score in scores)))


def held_out(rows, seed):
    """True for the readings of the patients who are kept out of the training, all of a patient's or none."""
    patients = sorted({row["patient_id"] for row in rows})
    random.Random(seed).shuffle(patients)
    kept = set(patients[: int(len(patients) * HELD_OUT)])
    return np.array([row["patient_id"] in kept for row in rows])


def threshold(scores, labels):
    """The highest one that still finds as many of the malignant readings as was agreed, and a few more."""
    agreed = json.loads((batch.DATA.parent / "agreement.json").read_text())
    positives = np.sort(scores[labels == 1])
    return float(positives[int(len(positives) * (1 - agreed["recall"] - MARGIN))])


def save(path, document):
    path.write_text(json.dumps(document, indent=2) + "\n")


if __name__ == "__main__":
    main()
