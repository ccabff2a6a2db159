"""Leaves behind what the data scientist left: the cohort, its dictionary, an example batch, the agreement.

Keeps under HALFWAY_HIDDEN what the referee needs later: the shape of the classes, and the truth about the cohort.
"""

import json
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "checks"))

import population  # noqa: E402
import table  # noqa: E402

MEANING = {
    "mean_texture": "spread of the grey values, mean over the nuclei",
    "mean_smoothness": "how even the nuclei's outlines are",
    "mean_symmetry": "how alike the two halves of a nucleus are",
    "mean_fractal_dimension": "how ragged the outlines are",
    "texture_error": "standard error of texture",
    "smoothness_error": "standard error of smoothness",
    "concavity_error": "standard error of concavity",
    "worst_symmetry": "symmetry, mean of the three most extreme nuclei",
}


def dictionary(columns, leak):
    late = population.LEAKS[leak]
    lines = [
        "# readings.csv",
        "",
        "One row is one reading of one image. A patient may have several: a second reader, a repeated image.",
        "",
        "| Column | Meaning | Who writes it, and when |",
        "|---|---|---|",
    ]
    for name in columns:
        if name == "reading_id":
            what, who = "number of the reading", "imaging, with the reading"
        elif name == "patient_id":
            what, who = "pseudonym of the patient", "imaging, with the reading"
        elif name == "malignant":
            what, who = "1 malignant, 0 benign: what we predict", "pathology, with the histology report, 5 to 12 days later"
        elif name == leak:
            what, who = late["meaning"], late["source"]
        else:
            what, who = MEANING[name], "imaging, with the reading"
        lines.append(f"| `{name}` | {what} | {who} |")
    lines += [
        "",
        "`incoming.csv` is a morning's batch as the clinic's system sends it, minutes after the images are read.",
        "",
    ]
    return "\n".join(lines)


def main():
    lab = Path(os.environ["HALFWAY_LAB"])
    workspace = Path(os.environ["HALFWAY_WORKSPACE"])
    hidden = Path(os.environ["HALFWAY_HIDDEN"])
    parameters = json.loads((lab / "parameters.json").read_text())

    shape = population.shape()
    (hidden / "shape.json").write_text(json.dumps(shape))
    print("the shape of both classes is measured")

    columns, rows = population.cohort(shape, parameters["cohort"], parameters["leak"])
    data = workspace / "data"
    data.mkdir(exist_ok=True)
    table.write(data / "readings.csv", columns, rows)
    (data / "README.md").write_text(dictionary(columns, parameters["leak"]))
    truth = {row["reading_id"]: [row["patient_id"], int(row["malignant"])] for row in rows}
    (hidden / "truth.json").write_text(json.dumps(truth))
    print(f"{len(rows)} readings of {population.PATIENTS} patients are in data/readings.csv")

    columns, rows, _ = population.incoming(
        shape, parameters["cohort"], 2, population.EXAMPLE, parameters["cohort"], "E"
    )
    table.write(data / "incoming.csv", columns, rows)
    print(f"{len(rows)} readings of this morning are in data/incoming.csv")

    agreement = {
        "project": parameters["project"],
        "clinic": parameters["clinic"],
        "recall": parameters["recall"] / 100,
        "precision": parameters["precision"] / 100,
    }
    (workspace / "agreement.json").write_text(json.dumps(agreement, indent=2) + "\n")


if __name__ == "__main__":
    main()
