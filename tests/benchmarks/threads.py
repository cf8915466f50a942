"""What a training step takes with a fixed number of threads and with ours, alone and beside busy processes.

    python tests/benchmarks/threads.py [--seconds 12] [--keep]

Each cell is a training of its own on the built-in shapes, whose own batches are timed; the busy processes are pinned to
cores. `spinning` is every core with the waiting that PyTorch's wheel has by itself. Takes about four minutes; `--keep`
writes threads.json beside this file: for a machine on which nothing else runs.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

from yololab.host.processor import processor_features

HERE = Path(__file__).parent
SPINNING = "300000"  # what GNU's libgomp does when nobody has said anything
SKIPPED = 4  # batches in which algorithms are chosen, and the number of threads finds its place

TRAINING = """
import json, sys, time
from pathlib import Path
from yololab.ultralytics_adapter.isolation.runtime import Isolation, prepare
base, seconds, threads = Path(sys.argv[1]), float(sys.argv[2]), json.loads(sys.argv[3])
prepare(Isolation(base / "cache", base / "weights", base / "datasets", offline=True))
from yololab.data.shapes.builtin import ShapesSpec, ensure_shapes
from yololab.ultralytics_adapter.models.resolve import resolve_model
from yololab.ultralytics_adapter.training.training import TrainRequest, train
from yololab.ultralytics_adapter.training import trainer

began, taken, used = [], [], []
begins, done = trainer.TrainerMixin._batch_begins, trainer.TrainerMixin._batch_done

def timed_begin(self):
    began.append(time.perf_counter())
    begins(self)

def timed_done(self):
    taken.append(time.perf_counter() - began[-1])
    used.append(self.compute.count)
    done(self)

trainer.TrainerMixin._batch_begins, trainer.TrainerMixin._batch_done = timed_begin, timed_done
dataset = ensure_shapes(ShapesSpec(), base / "datasets")
arguments = {"data": str(dataset), "epochs": 100, "imgsz": 160, "batch": 16, "device": "cpu", "workers": 0,
             "val": False, "plots": False, "optimizer": "AdamW", "lr0": 0.001, "warmup_epochs": 0}
folder = base / ("run" + str(time.time_ns()))
folder.mkdir()
request = TrainRequest(arguments, resolve_model("yolo26n.yaml", None, None, ()), folder, threads)


def enough():
    elapsed = began[-1] - began[0]
    return (elapsed > seconds and len(taken) > 3 + int(sys.argv[4])) or elapsed > 4 * seconds


train(request, should_stop=enough)
print(json.dumps({"steps": taken, "threads": used}))
"""


@contextmanager
def busy(cores: list[int]):
    """Keep cores busy, one process each."""
    code = "import os, sys; os.sched_setaffinity(0, {int(sys.argv[1])})\nwhile True: pass"
    processes = [subprocess.Popen([sys.executable, "-c", code, str(core)]) for core in cores]
    try:
        yield
    finally:
        for process in processes:
            process.kill()
            process.wait()


def cell(base: Path, seconds: float, threads: int | None, spin: str | None) -> dict:
    """Train for some seconds, and return the mean step and the numbers of threads."""
    hidden = ("OMP_", "GOMP_", "KMP_", "YOLOLAB_OMP")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(hidden)}
    environment |= {} if spin is None else {"GOMP_SPINCOUNT": spin}
    words = [str(base), str(seconds), json.dumps(threads), str(SKIPPED)]
    done = subprocess.run(
        [sys.executable, "-c", TRAINING, *words], env=environment, capture_output=True, text=True, check=True
    )
    found = json.loads(done.stdout.splitlines()[-1])
    skipped = min(SKIPPED, len(found["steps"]) - 1)
    steps, used = found["steps"][skipped:], found["threads"][skipped:]
    return {
        "mean_step": round(statistics.fmean(steps), 3),
        "median_step": round(statistics.median(steps), 3),
        "steps": len(steps),
        "threads": {str(number): used.count(number) for number in sorted(set(used))},
    }


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=12.0)
    parser.add_argument("--keep", action="store_true")
    given = parser.parse_args()
    cores = sorted(os.sched_getaffinity(0))
    arms = {"1": (1, None), str(len(cores)): (len(cores), None), "auto": (None, None)}
    arms |= {"spinning": (len(cores), SPINNING)}
    loads = {"idle": [], "one busy": cores[-1:], "three busy": [cores[-1 - n % len(cores)] for n in range(3)]}
    found: dict[str, dict] = {}
    with tempfile.TemporaryDirectory() as scratch:
        for load, pinned in loads.items():
            with busy(pinned):
                found[load] = {}
                for arm, (threads, spin) in arms.items():
                    found[load][arm] = cell(Path(scratch), given.seconds, threads, spin)
                    print(f"{load:10} {arm:8} {found[load][arm]}", flush=True)
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], cwd=HERE, capture_output=True, text=True, check=True
    )
    result = {
        "command": "python tests/benchmarks/threads.py --keep",
        "commit": commit.stdout.strip(),
        "date": time.strftime("%Y-%m-%d"),
        "machine": f"{platform.machine()}, {len(cores)} cores, no GPU",
        "features": processor_features(),
        "auto_against_best_fixed": {
            load: round(row["auto"]["mean_step"] / min(row[arm]["mean_step"] for arm in list(arms)[:2]), 3)
            for load, row in found.items()
        },
        "cells": found,
    }
    print(json.dumps(result["auto_against_best_fixed"]))
    if given.keep:
        (HERE / "threads.json").write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
