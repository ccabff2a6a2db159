"""The patients of this lab: where their readings come from.

The shape of each class (means and spread of eight measurements, in logarithms) is taken once, at set-up, from the
breast_cancer data that scikit-learn ships; every row is then drawn from that shape. No row of the package is ever
handed out, since its labels are public.

A patient has a true value for each measurement; a reading is that value as one reader saw it, a little off. So two
readings of one patient are near twins, and share the label.
"""

import json
from pathlib import Path

import numpy as np

MEASUREMENTS = [
    "mean texture",
    "mean smoothness",
    "mean symmetry",
    "mean fractal dimension",
    "texture error",
    "smoothness error",
    "concavity error",
    "worst symmetry",
]
FEATURES = [name.replace(" ", "_") for name in MEASUREMENTS]

PATIENTS = 10_000
# How many patients have one, two and three readings.
READINGS = [0.25, 0.40, 0.35]
HIDDEN = 10_000
EXAMPLE = 200
PREVALENCE = 0.35
# What a reader adds, as a share of the spread over all patients.
READER = 0.05
# Keeps the logarithm finite: some error columns of the package hold zeros.
FLOOR = 0.01

# Columns that somebody fills in once the diagnosis is known. (benign, malignant): mean and spread of a normal
# distribution, rounded to whole numbers, never below zero.
LEAKS = {
    "days_to_followup": {
        "meaning": "days until the follow-up appointment",
        "source": "ward, when it books the appointment on the histology report",
        "benign": (180, 45),
        "malignant": (14, 9),
    },
    "treatment_code": {
        "meaning": "treatment plan, 10 (watch) to 90 (urgent surgery)",
        "source": "oncology, when the plan is agreed after the histology report",
        "benign": (18, 6),
        "malignant": (62, 13),
    },
    "nodes_examined": {
        "meaning": "lymph nodes looked at",
        "source": "surgery, after an operation; 0 or 1 for incidental findings",
        "benign": (0, 1),
        "malignant": (11, 4),
    },
    "board_minutes": {
        "meaning": "minutes that the tumour board spent on the patient",
        "source": "tumour board, which sees the histology report first",
        "benign": (2, 1.5),
        "malignant": (16, 5),
    },
}


def shape():
    """The two classes' means and Cholesky factors, and the reader's error, as plain lists."""
    from sklearn.datasets import load_breast_cancer

    package = load_breast_cancer()
    columns = [list(package.feature_names).index(name) for name in MEASUREMENTS]
    values = np.log(package.data[:, columns] + FLOOR)
    malignant = package.target == 0
    classes = [
        {
            "mean": values[rows].mean(axis=0).tolist(),
            "factor": np.linalg.cholesky(np.cov(values[rows].T)).tolist(),
        }
        for rows in (~malignant, malignant)
    ]
    return {"classes": classes, "reader": (values.std(axis=0) * READER).tolist()}


def load_shape(hidden):
    return json.loads((Path(hidden) / "shape.json").read_text())


def patients(shape, rng, count):
    """`count` patients: labels (0 or 1) and true values, in logarithms."""
    labels = (rng.random(count) < PREVALENCE).astype(int)
    noise = rng.standard_normal((count, len(FEATURES)))
    truth = np.empty_like(noise)
    for label, group in enumerate(shape["classes"]):
        rows = labels == label
        truth[rows] = np.array(group["mean"]) + noise[rows] @ np.array(group["factor"]).T
    return labels, truth


def readings(shape, rng, truth):
    """One reading of each row of `truth`, in the measurements' own units."""
    seen = truth + rng.standard_normal(truth.shape) * np.array(shape["reader"])
    return np.maximum(np.exp(seen) - FLOOR, 0.0)


def cohort(shape, seed, leak):
    """The cohort that was left behind: rows as dictionaries of text, in the order of the file, and its columns."""
    rng = np.random.default_rng([seed, 1])
    labels, truth = patients(shape, rng, PATIENTS)
    who = np.repeat(np.arange(PATIENTS), rng.choice([1, 2, 3], size=PATIENTS, p=READINGS))
    values = readings(shape, rng, truth[who])
    # Written once for a patient, and so the same in each of the patient's readings.
    late = np.empty(PATIENTS)
    for label, name in enumerate(("benign", "malignant")):
        mean, spread = LEAKS[leak][name]
        late[labels == label] = rng.normal(mean, spread, size=int((labels == label).sum()))
    late = np.maximum(np.rint(late), 0).astype(int)

    features = column_order(seed)
    columns = list(features)
    columns.insert(int(rng.integers(1, len(features))), leak)
    names = rng.permutation(900_000)[:PATIENTS] + 100_000
    at = [FEATURES.index(name) for name in features]
    rows = []
    for number, index in enumerate(rng.permutation(len(who)), start=1):
        row = {"reading_id": f"R{number:06d}", "patient_id": f"P{names[who[index]]}"}
        row.update((name, f"{values[index, i]:.5g}") for name, i in zip(features, at, strict=True))
        row[leak] = str(late[who[index]])
        row["malignant"] = str(labels[who[index]])
        rows.append(row)
    return ["reading_id", "patient_id", *columns, "malignant"], rows


def incoming(shape, seed, stream, count, order_seed, prefix):
    """Rows as the clinic sends them, of patients whom nobody has seen: columns, rows, and the labels apart."""
    rng = np.random.default_rng([seed, stream])
    labels, truth = patients(shape, rng, count)
    values = readings(shape, rng, truth)
    features = column_order(order_seed)
    at = [FEATURES.index(name) for name in features]
    rows = [
        {
            "reading_id": f"{prefix}{number:06d}",
            **{name: f"{values[number, i]:.5g}" for name, i in zip(features, at, strict=True)},
        }
        for number in range(count)
    ]
    return ["reading_id", *features], rows, labels.tolist()


def column_order(seed):
    """The measurements in the order of this attempt."""
    return list(np.random.default_rng([seed, 9]).permutation(FEATURES))
