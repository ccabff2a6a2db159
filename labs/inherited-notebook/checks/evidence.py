"""Reads what the learner's programs left behind.

Everything here was written by programs that nobody vouches for: files are opened beneath one directory with no
links, regular files only, no larger than CAP, and read as CSV or JSON. Nothing is ever unpickled or imported.
"""

import csv
import io
import json
import math
import os
import stat
from pathlib import Path

CAP = 16 << 20
# Words that a learner reads: one line, not longer than this.
LINE = 160


def directory(name):
    return Path(os.environ[f"HALFWAY_{name}"])


def own(name, file):
    """A JSON file that this lab's own scripts wrote."""
    return json.loads((directory(name) / file).read_text())


def raw(*parts):
    """The bytes of a regular file beneath HALFWAY_OUT, or None where there is none that may be read."""
    handle = os.open(directory("OUT"), os.O_RDONLY | os.O_DIRECTORY)
    try:
        for part in parts:
            flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
            try:
                inner = os.open(part, flags, dir_fd=handle)
            except OSError:
                return None
            os.close(handle)
            handle = inner
        found = os.fstat(handle)
        if not stat.S_ISREG(found.st_mode) or found.st_size > CAP:
            return None
        with os.fdopen(os.dup(handle), "rb") as file:
            return file.read(CAP)
    finally:
        os.close(handle)


def text(*parts):
    data = raw(*parts)
    try:
        return None if data is None else data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return None


def document(*parts):
    """A JSON document, or None where there is no such file or it is none."""
    body = text(*parts)
    try:
        return None if body is None else json.loads(body)
    except (ValueError, RecursionError):
        return None


def table(*parts):
    """(columns, rows as lists of text), or None where there is no such file or it is no CSV."""
    body = text(*parts)
    if body is None:
        return None
    try:
        rows = [row for row in csv.reader(io.StringIO(body, newline="")) if row]
    except csv.Error:
        return None
    return (rows[0], rows[1:]) if rows else None


def number(value):
    """A finite number, from JSON or text, or None."""
    if isinstance(value, bool):
        return None
    try:
        value = float(value)
    except (TypeError, ValueError):
        return None
    return value if math.isfinite(value) else None


def commands():
    return {command["id"]: command for command in own("LAB", "commands.json")}


def last_line(command):
    """The last line that a command wrote to its standard error: of a Python traceback, the one that matters."""
    lines = [line.strip() for line in command.get("stderr", "").splitlines() if line.strip()]
    line = lines[-1] if lines else "no message"
    return "".join(c if c.isprintable() else "?" for c in line)[:LINE]


def answers(path, ids):
    """What predict.py wrote: ({id: (probability, flag)}, None), or (None, what is wrong with it)."""
    found = table(path)
    if found is None:
        return None, ("absent", "no readable CSV at --output")
    columns, rows = found
    if columns != ["reading_id", "probability", "malignant"]:
        return None, ("columns", f"the columns are {','.join(columns)}"[:LINE])
    if len(rows) != len(ids):
        return None, ("rows", f"{len(rows)} answers to {len(ids)} readings")
    result = {}
    for line, (row, wanted) in enumerate(zip(rows, ids, strict=True), start=2):
        if len(row) != 3 or row[0] != wanted:
            return None, ("order", f"line {line} is not about {wanted}")
        probability = number(row[1])
        if probability is None or not 0 <= probability <= 1:
            return None, ("probability", f"line {line}: probability is {row[1]!r}"[:LINE])
        if row[2] not in ("0", "1"):
            return None, ("flag", f"line {line}: malignant is {row[2]!r}"[:LINE])
        result[wanted] = (probability, int(row[2]))
    flagged = [p for p, flag in result.values() if flag]
    passed = [p for p, flag in result.values() if not flag]
    if flagged and passed and min(flagged) < max(passed):
        return None, ("threshold", "a reading is flagged while a likelier one is not")
    return result, None


def auc(labels, scores):
    """Area under the ROC curve: how often a positive scores above a negative, ties counting half; None without both."""
    positives = sum(labels)
    negatives = len(labels) - positives
    if not positives or not negatives:
        return None
    order = sorted(range(len(scores)), key=scores.__getitem__)
    ranks = 0.0
    start = 0
    while start < len(order):
        end = start
        while end < len(order) and scores[order[end]] == scores[order[start]]:
            end += 1
        tied = sum(labels[i] for i in order[start:end])
        ranks += tied * (start + 1 + end) / 2
        start = end
    return (ranks - positives * (positives + 1) / 2) / (positives * negatives)
