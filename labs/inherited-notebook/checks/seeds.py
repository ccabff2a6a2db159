"""Shows that the thresholds of this lab are honest: on each of 40 seeds the solution meets them, and each leak does not.

For each seed it plants the lab, lays the solution (or the solution and a wrong one) over the workspace, runs the
programs as the referee would, and asks the judge. Each processor takes a share of the seeds in one process, so that
scikit-learn is imported once for many runs.
Prints {"seeds": 40, "solution_passes": n, "leaks": {name: on how many seeds it was found out}}.
"""

import contextlib
import io
import json
import os
import random
import runpy
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

LAB = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(LAB / "checks"), str(LAB / "setup")]

import inputs  # noqa: E402
import judge  # noqa: E402
import plant  # noqa: E402
import population  # noqa: E402

SEEDS = 40
LEAKS = ("keeps-the-late-column", "deals-out-readings")
PROGRAMS = ("batch",)


def parameters(seed):
    """Drawn as lab.yaml says, always at the stricter end where an end is stricter."""
    draw = random.Random(seed)
    return {
        "project": "amber-otter",
        "clinic": "Northgate",
        "cohort": draw.randint(1, 999_999),
        "holdout": draw.randint(1, 999_999),
        "seed": draw.randint(1000, 9999),
        "leak": draw.choice(sorted(population.LEAKS)),
        "recall": 90,
        "precision": 59,
    }


def program(workspace, name, arguments):
    """Runs a program of the workspace as its own process would be run; returns what the judge is told about it."""
    for module in PROGRAMS:
        sys.modules.pop(module, None)
    errors = io.StringIO()
    before = sys.argv, sys.path[:], os.getcwd()
    sys.argv, sys.path[0:0] = [name, *arguments], [str(workspace)]
    os.chdir(workspace)
    code = 0
    try:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(errors):
            runpy.run_path(str(workspace / name), run_name="__main__")
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 0 if end.code is None else 1
        errors.write(str(end.code))
    except Exception as error:
        code = 1
        errors.write(f"{type(error).__name__}: {error}")
    finally:
        sys.argv, sys.path[:], cwd = before
        os.chdir(cwd)
    return {"exit_code": code, "timed_out": False, "stdout": "", "stderr": errors.getvalue(), "ms": 0}


def lay(source, workspace):
    for file in source.iterdir():
        if file.suffix == ".py":
            shutil.copy(file, workspace)
    if (source / "run.sh").exists():
        subprocess.run(["sh", str(source / "run.sh")], cwd=workspace, check=True)


def outcome(room, drawn, wrong):
    """Whether the tasks that rest on thresholds, `honest` and `recall`, hold."""
    workspace = room / "workspace"
    lay(LAB / "solution", workspace)
    if wrong:
        lay(LAB / "wrong" / wrong, workspace)
    out = room / "out"
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir()
    train = program(workspace, "train.py", ["--seed", str(drawn["seed"]), "--out", str(out / "first")])
    model, batch, answers = out / "first", room / "in" / "holdout.csv", out / "first.csv"
    predict = program(
        workspace, "predict.py", ["--model", str(model), "--input", str(batch), "--output", str(answers)]
    )
    # Whether a second training is the same is not asked here.
    commands = [{"id": "train", **train}, {"id": "predict", **predict}]
    (room / "lab" / "commands.json").write_text(json.dumps(commands))
    found = judge.judge()
    honest, recall = found["honest"], found["recall"]
    # The same limits as in lab.yaml.
    return (
        honest["problem"] == "" and honest["gap"] <= 0.02 and honest["hidden"] >= 0.88,
        recall["problem"] == ""
        and recall["recall"] * 100 >= drawn["recall"]
        and recall["precision"] * 100 >= drawn["precision"],
        found,
    )


def prepared(room, seed):
    """The room with the lab planted and the new patients made, as the referee would."""
    drawn = parameters(seed)
    for name in ("lab", "workspace", "hidden", "in", "secret", "out"):
        (room / name).mkdir()
        os.environ[f"HALFWAY_{name.upper()}"] = str(room / name)
    (room / "lab" / "parameters.json").write_text(json.dumps(drawn))
    with contextlib.redirect_stdout(io.StringIO()):
        plant.main()
    inputs.main(False)
    return drawn


def share(seeds):
    """What came of these seeds: [passes of the solution, how often each leak was found out]."""
    counts = [0] * (1 + len(LEAKS))
    for seed in seeds:
        with tempfile.TemporaryDirectory() as directory:
            room = Path(directory)
            drawn = prepared(room, seed)
            honest, recall, found = outcome(room, drawn, None)
            counts[0] += honest and recall
            report(seed, "solution", found)
            for number, leak in enumerate(LEAKS, start=1):
                honest, _, found = outcome(room, drawn, leak)
                counts[number] += not honest
                report(seed, leak, found)
    return counts


def report(seed, name, found):
    print(f"seed {seed}, {name}: {found['honest']['seen']}; {found['recall']['seen']}", file=sys.stderr)


def main():
    seeds = range(1, SEEDS + 1)
    processors = len(os.sched_getaffinity(0))
    shares = [
        subprocess.Popen(
            [sys.executable, __file__, *map(str, seeds[start::processors])],
            stdout=subprocess.PIPE,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
        )
        for start in range(processors)
    ]
    counts = [json.loads(process.communicate()[0]) for process in shares]
    passes, *found_out = map(sum, zip(*counts, strict=True))
    print(json.dumps({"seeds": SEEDS, "solution_passes": passes, "leaks": dict(zip(LEAKS, found_out, strict=True))}))


if __name__ == "__main__":
    sys.dont_write_bytecode = True
    if len(sys.argv) > 1:
        print(json.dumps(share(map(int, sys.argv[1:]))))
    else:
        main()
