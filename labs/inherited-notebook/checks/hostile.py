"""Judges how predict.py met four batches: a clean one, one with its columns in another order, one that lacks a column,
one with a hole in it.

A batch is met well when it is answered as the clean one was, or refused: an exit code other than zero, and no answers
left where the next job would pick them up.
"""

import json

import evidence

# Two sums of the same numbers in another order differ by less than this.
SAME = 1e-6


def met(command, path, ids, right):
    if command["timed_out"]:
        return {"outcome": "slow", "seen": "predict.py was stopped: it took too long"}
    if command["exit_code"] != 0:
        line = evidence.last_line(command)
        if evidence.raw(path) is not None:
            return {"outcome": "left-behind", "seen": "refused, but answers were left behind"}
        return {"outcome": "refused", "seen": f"refused: {line}"}
    answers, wrong = evidence.answers(path, ids)
    if wrong:
        return {"outcome": "unreadable", "seen": f"exit code 0, but {wrong[1]}"}
    if right is None:
        return {"outcome": "answered", "seen": f"{len(answers)} readings answered"}
    differ = sum(
        1
        for name, (probability, flag) in answers.items()
        if abs(probability - right[name][0]) > SAME or flag != right[name][1]
    )
    if differ:
        return {"outcome": "different", "seen": f"exit code 0, and {differ} of {len(ids)} answers differ"}
    return {"outcome": "same", "seen": "answered as the clean batch was"}


def judge():
    commands = evidence.commands()
    secret = evidence.own("SECRET", "batches.json")
    ids = secret["ids"]
    names = secret["batches"]
    clean = met(commands[names["clean"]], f"{names['clean']}.csv", ids, None)
    result = {"clean": clean}
    right, _ = evidence.answers(f"{names['clean']}.csv", ids)
    for batch in ("shuffled", "missing", "hole"):
        if clean["outcome"] == "answered":
            result[batch] = met(commands[names[batch]], f"{names[batch]}.csv", ids, right)
        else:
            result[batch] = {"outcome": "unknown", "seen": "nothing to compare with: the clean batch has no answers"}
    for part in result.values():
        part["well"] = part["outcome"] in ("answered", "same", "refused")
    return result


if __name__ == "__main__":
    print(json.dumps(judge()))
