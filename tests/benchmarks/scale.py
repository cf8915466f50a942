"""How what yololab does grows with what it is given: CPU seconds at three sizes each, and a sweep of 10,000 trials.

    python tests/benchmarks/scale.py                          # some twenty minutes; writes scale.json
    python tests/benchmarks/scale.py --only runs parent       # these parts; the rest of the file stays

Each command runs in a process of its own on generated files, and its CPU seconds (its children's with them) are kept:
another process on the machine changes little. The exponent k of cost ~ size^k is taken between the two largest
sizes; below 1 something constant still weighs, such as the start. `parent` is a sweep whose trials are over when a
made-up clock says so: 1,000 at a time, 10,000 in all; nothing is left but the parent's own work, and the files.
"""

from __future__ import annotations

import argparse
import json
import math
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from itertools import pairwise
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parents[1] / "samples"))
from calibration import keep
from check_speed import TINY_SIDE, cost, make
from compare_speed import SKILLS, records_of
from record_samples import write_task_evaluation
from runs_speed import processor, write_project
from sweep_contract import settings_of
from trial_speed import MODEL, Instant

from yololab.config.folders import composing_from, copy_config
from yololab.config.hydra.recompose import Recomposer
from yololab.host.signals import StopSignal
from yololab.sweep.executor import JobState
from yololab.sweep.loop import TrialLoop
from yololab.sweep.planning.plan import freeze_trial, plan_trial
from yololab.sweep.planning.space import read_space
from yololab.sweep.planning.study_source import StudySource
from yololab.sweep.progress import SweepProgress
from yololab.sweep.results.summary_files import SummaryWriter
from yololab.sweep.state import SweepFolder
from yololab.terminal.screen import Screen

SIZES = {
    "check, first time": (1_000, 10_000, 100_000),
    "check, second time": (1_000, 10_000, 100_000),
    "evaluate": (100, 400, 1_600),
    "compare": (500, 5_000, 50_000),
    "report": (500, 5_000, 50_000),
    "runs, first time": (100, 1_000, 10_000),
    "runs, second time": (100, 1_000, 10_000),
}
UNTRAINED = """
import sys
from ultralytics import YOLO
from ultralytics.nn.tasks import DetectionModel
model = YOLO("yolo26n.yaml")
model.model = DetectionModel("yolo26n.yaml", nc=3, verbose=False)
model.model.names = {0: "a", 1: "b", 2: "c"}
model.save(sys.argv[1])
"""
TRIALS, AT_ONCE, POINTS = 10_000, 1_000, 5


def command(folder: Path, *words: str) -> float:
    """Return the CPU seconds of a command."""
    line = [sys.executable, "-m", "yololab", *words]
    return cost(partial(subprocess.run, line, cwd=folder, capture_output=True, check=True))[1]


def check(folder: Path, images: int) -> dict[str, float]:
    """Return what the check of so many tiny images costs."""
    data = make(folder / "data", TINY_SIDE, 80, images)
    time.sleep(2.1)  # what was written just now is not kept
    return {f"check, {turn} time": command(folder, "check", f"data={data}") for turn in ("first", "second")}


def evaluate(folder: Path, images: int) -> dict[str, float]:
    """Return what the evaluation of so many tiny images costs; a fifth of the set is evaluated."""
    data, model = make(folder / "data", TINY_SIDE, 80, images * 5), folder / "untrained.pt"
    subprocess.run([sys.executable, "-c", UNTRAINED, str(model)], cwd=folder, capture_output=True, check=True)
    return {
        "evaluate": command(folder, "evaluate", f"model={model}", f"data={data}", f"imgsz={TINY_SIDE}", "device=cpu")
    }


def compare(folder: Path, images: int) -> dict[str, float]:
    """Return what the comparison of two saved evaluations costs."""
    for seed, (name, skill) in enumerate(SKILLS.items()):
        write_task_evaluation(folder / name, records_of(images, skill, seed))
    sides = [f"{name}/evaluation/metrics.json" for name in SKILLS]
    return {"compare": command(folder, "compare", *sides, "baseline.gate=none")}


def report(folder: Path, images: int) -> dict[str, float]:
    """Return what the page of a run with so many evaluated images costs."""
    write_project(folder, 1)
    (run,) = (folder / "outputs/training").iterdir()
    write_task_evaluation(run, records_of(images, SKILLS["equal"], 0))
    return {"report": command(folder, "report", str(run))}


def runs(folder: Path, records: int) -> dict[str, float]:
    """Return what the list of so many runs costs."""
    write_project(folder, records)
    time.sleep(2.1)
    return {f"runs, {turn} time": command(folder, "runs") for turn in ("first", "second")}


class Cluster(Instant):
    """An engine with room for a thousand trials: of those that run, the oldest are over whenever somebody asks."""

    capacity = AT_ONCE

    def poll(self, handles: Sequence[str]) -> dict[str, JobState]:
        """Say that a tenth of them are over."""
        over = set(handles[: max(1, len(handles) // 10)])
        return {handle: JobState.GONE if handle in over else JobState.RUNNING for handle in handles}


def parent(path: Path, trials: int) -> dict[str, object]:
    """Return what a sweep of so many trials costs its parent, and what it leaves."""
    folder, screen, engine = SweepFolder(path / "sweep"), Screen(quiet=True), Cluster()
    folder.path.mkdir()
    fixed = ("epochs=4", "data.source=coco8.yaml", f"model.weights={MODEL}", "device.id=cpu")
    arguments, search = ("lr0=interval(0.0,1.0)", *fixed), {"sampler": "random", "trials": trials}
    settings = settings_of("scale", budget=trials, search=search, arguments=arguments)
    folder.write_settings(settings)
    copy_config(folder.config, path)

    composer = Recomposer()

    def freeze(number: int, overrides: Sequence[str]) -> None:
        freeze_trial(plan_trial(number, overrides, composer), folder.trial(number))

    with composing_from(folder.config):
        source = StudySource(folder, settings, read_space(settings.arguments, discrete=False), freeze)
        progress = SweepProgress(folder, settings, screen, source.planned, engine.capacity)
        observers = (SummaryWriter(folder, settings, screen), progress)
        with progress.shown():
            TrialLoop(folder, source, engine, settings.objectives, observers, poll_seconds=0).run(StopSignal())
    marks = [round(index * (trials - 1) / POINTS) for index in range(POINTS + 1)]
    spent = [1000 * (engine.moments[b] - engine.moments[a]) / (b - a) for a, b in pairwise(marks)]
    files = [file for file in folder.path.rglob("*") if file.is_file()]
    return {
        "trials": trials,
        "at_once": AT_ONCE,
        "ms_a_trial_by_fifth": [round(value, 1) for value in spent],
        "files_a_trial": round(len(files) / trials, 1),
        "kilobytes_a_trial": round(sum(file.stat().st_size for file in files) / trials / 1000, 1),
        "study_bytes_a_trial": round(folder.study_file.stat().st_size / trials),
        "peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
    }


PARTS: dict[str, tuple[Callable[[Path, int], dict[str, float]], Sequence[int]]] = {
    "check": (check, SIZES["check, first time"]),
    "evaluate": (evaluate, SIZES["evaluate"]),
    "compare": (compare, SIZES["compare"]),
    "report": (report, SIZES["report"]),
    "runs": (runs, SIZES["runs, first time"]),
}


def exponent(costs: dict[str, float]) -> float:
    """Return k of cost ~ size^k between the two largest sizes."""
    (smaller, less), (larger, more) = list(costs.items())[-2:]
    return round(math.log(more / less) / math.log(int(larger) / int(smaller)), 2)


def main() -> None:
    """Measure, part by part; what is done is kept when a later part fails."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", choices=(*PARTS, "parent"), help="leave the rest of the file as it is")
    parser.add_argument("--trials", type=int, default=TRIALS)
    options, file, began = parser.parse_args(), Path(__file__).with_suffix(".json"), time.monotonic()
    content: dict = json.loads(file.read_text()) if file.exists() else {"cpu_seconds": {}}
    for part in options.only or (*PARTS, "parent"):
        found: dict[str, dict[str, float]] = {}
        action, sizes = PARTS.get(part, (None, ()))
        for size in sizes:
            with tempfile.TemporaryDirectory() as scratch:
                for name, seconds in action(Path(scratch), size).items():
                    found.setdefault(name, {})[str(size)] = round(seconds, 2)
        content["cpu_seconds"] |= {name: {"costs": costs, "exponent": exponent(costs)} for name, costs in found.items()}
        if action is None:
            with tempfile.TemporaryDirectory() as scratch:
                content["parent"] = parent(Path(scratch), options.trials)
        print(part, json.dumps(found or content["parent"]), flush=True)
        content["processor"] = processor()
        keep(Path(__file__), content, " ".join(sys.argv[1:]), time.monotonic() - began)


if __name__ == "__main__":
    main()
