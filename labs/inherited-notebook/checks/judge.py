"""Judges a training and its answers, from the files that they left.

Prints one object with a part for each of the five tasks. A part says what was measured; the lab's own assertions say what
is good enough.
"""

import hashlib
import json
import os

import evidence

# Fewer held-out readings than this say little about an AUC.
ENOUGH = 1000


def trained(command, seed):
    """What is wrong with a training, or what its metrics say."""
    if command["timed_out"]:
        return {"problem": "slow", "seen": "train.py was stopped: it took too long"}
    if command["exit_code"] != 0:
        line = evidence.last_line(command)
        known = {"/home/dana": "laptop", "NameError": "lost-name", "arguments": "arguments"}
        problem = next((name for part, name in known.items() if part in line), "crash")
        return {"problem": problem, "seen": f"train.py ended with {command['exit_code']}: {line}"}
    metrics = evidence.document("first", "metrics.json")
    if not isinstance(metrics, dict):
        return {"problem": "no-metrics", "seen": "no metrics.json in the directory that --out names"}
    auc = evidence.number(metrics.get("auc"))
    if auc is None or not 0 <= auc <= 1:
        return {"problem": "no-auc", "seen": "metrics.json has no auc between 0 and 1"}
    if evidence.number(metrics.get("seed")) != seed:
        found = json.dumps(metrics.get("seed"))[:40]
        return {"problem": "seed", "seen": f"metrics.json says seed {found}, asked for was {seed}"}
    if not model_files("first"):
        return {"problem": "no-model", "seen": "beside metrics.json and validation.csv there is no model"}
    return {"problem": "", "seen": f"auc {auc:.4f}, seed {seed}", "auc": auc}


def model_files(run):
    try:
        names = sorted(os.listdir(evidence.directory("OUT") / run))[:100]
    except OSError:
        return []
    others = [name for name in names if name not in ("metrics.json", "validation.csv")]
    return [name for name in others if evidence.raw(run, name)]


def answered(command, path, labels):
    """(the part for the task, the answers or None)."""
    if command["timed_out"]:
        return {"problem": "slow", "seen": "predict.py was stopped: it took too long"}, None
    if command["exit_code"] != 0:
        line = evidence.last_line(command)
        problem = "absent" if "No such file" in line and "predict.py" in line else "crash"
        return {"problem": problem, "seen": f"predict.py ended with {command['exit_code']}: {line}"}, None
    answers, wrong = evidence.answers(path, list(labels))
    if wrong:
        return {"problem": wrong[0], "seen": wrong[1]}, None
    return {"problem": "", "seen": f"{len(answers)} readings answered", "rows": len(answers)}, answers


def honest(claimed, answers, labels, truth):
    """Holds the reported AUC against the held-out readings that it came from, and against patients nobody has seen."""
    found = evidence.table("first", "validation.csv")
    if found is None:
        return {"problem": "absent", "seen": "no readable validation.csv beside metrics.json"}
    columns, rows = found
    if columns != ["reading_id", "probability"]:
        return {"problem": "columns", "seen": f"validation.csv has the columns {','.join(columns)}"[: evidence.LINE]}
    held = {}
    for line, row in enumerate(rows, start=2):
        score = evidence.number(row[1]) if len(row) == 2 else None
        if score is None or row[0] not in truth or row[0] in held:
            return {"problem": "rows", "seen": f"validation.csv, line {line}: not a new reading with a probability"}
        held[row[0]] = score
    if len(held) < ENOUGH:
        return {"problem": "few", "seen": f"validation.csv has {len(held)} readings, fewer than {ENOUGH}"}
    reported = evidence.auc([truth[name][1] for name in held], list(held.values()))
    if reported is None or abs(reported - claimed) > 0.001:
        again = "nothing" if reported is None else f"{reported:.4f}"
        return {"problem": "claim", "seen": f"metrics.json says {claimed:.4f}, validation.csv gives {again}"}
    hidden = evidence.auc([labels[name] for name in answers], [answers[name][0] for name in answers])
    patients = {truth[name][0] for name in held}
    elsewhere = {truth[name][0] for name in truth if name not in held}
    return {
        "problem": "",
        "reported": round(reported, 4),
        "hidden": round(hidden, 4),
        "gap": round(abs(reported - hidden), 4),
        "twins": round(len(patients & elsewhere) / len(patients), 3),
        "seen": f"reported {reported:.4f}, on new patients {hidden:.4f}",
    }


def caught(answers, labels):
    flagged = [name for name, (_, flag) in answers.items() if flag]
    hits = sum(labels[name] for name in flagged)
    recall = hits / sum(labels.values())
    precision = hits / len(flagged) if flagged else 0.0
    return {
        "problem": "",
        "recall": round(recall, 4),
        "precision": round(precision, 4),
        "flagged": round(len(flagged) / len(labels), 4),
        "seen": f"recall {100 * recall:.1f} %, precision {100 * precision:.1f} %",
    }


def repeated():
    """Whether two trainings with one seed gave the same answers, byte by byte."""
    hashes = []
    for path in ("first.csv", "second.csv"):
        data = evidence.raw(path)
        if data is None:
            return {"problem": "absent", "seen": f"the {path.removesuffix('.csv')} training gave no answers"}
        hashes.append(hashlib.sha256(data).hexdigest())
    first, second = (value[:12] for value in hashes)
    return {"problem": "", "same": hashes[0] == hashes[1], "seen": f"{first}… and {second}…"}


def judge():
    commands = evidence.commands()
    labels = evidence.own("SECRET", "labels.json")
    truth = evidence.own("HIDDEN", "truth.json")
    seed = evidence.own("LAB", "parameters.json")["seed"]
    not_run = {"problem": "not-run", "seen": "not looked at, since what comes before it does not hold"}
    result = dict.fromkeys(("trains", "answers", "honest", "recall", "repeatable"), not_run)
    result["trains"] = trained(commands["train"], seed)
    if result["trains"]["problem"]:
        return result
    result["answers"], answers = answered(commands["predict"], "first.csv", labels)
    if answers is None:
        return result
    result["honest"] = honest(result["trains"]["auc"], answers, labels, truth)
    result["recall"] = caught(answers, labels)
    result["repeatable"] = repeated()
    return result


if __name__ == "__main__":
    print(json.dumps(judge()))
