"""What a trial of a sweep costs, beside a bare `yolo train` with the same arguments; and what its parent spends on it.

    python tests/benchmarks/trial_speed.py                   # four minutes, writes trial_speed.json
    python tests/benchmarks/trial_speed.py --only parent     # half a minute, only the parent's part

Eight tiny trials (the network from scratch, 8 images of 64 px, one epoch, one thread, plots off) are started by the
engine of this machine, one after the other and two at a time, forked and in fresh processes. A bare `yolo train` gets
the same arguments: it is run before, between and after them. A trial's cost is that of all processes, the one that
forks included, over the number of trials: CPU seconds, and seconds of the clock. A trial also evaluates its best
checkpoint and writes its record; the bare training validates once more at its end.

The parent's part: 200 trials that are over when they are started, so that only the sweep's own work is left: asking the
study, composing and freezing the config, trial.json, the summary. CPU milliseconds a trial, in quarters.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import closing
from itertools import pairwise
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "samples"))

from sweep_contract import settings_of
from tiny import make_dataset

from yololab.config.folders import composing_from, copy_config
from yololab.config.hydra.recompose import Recomposer
from yololab.files.json_files import write_json
from yololab.files.metrics import METRICS_VERSION
from yololab.files.paths import RunFolder
from yololab.files.record import Record
from yololab.files.record_content import Status
from yololab.host.processor import processor_features
from yololab.host.signals import StopSignal
from yololab.sweep.engines.local import LocalExecutor, LocalSettings
from yololab.sweep.executor import BODY, JobState, Resources
from yololab.sweep.loop import TrialLoop
from yololab.sweep.planning.plan import freeze_trial, plan_trial
from yololab.sweep.planning.space import read_space
from yololab.sweep.planning.study_source import StudySource
from yololab.sweep.progress import SweepProgress
from yololab.sweep.results.summary_files import SummaryWriter
from yololab.sweep.state import SweepFolder
from yololab.terminal.screen import Screen

HERE = Path(__file__).resolve().parent
TRIALS, TRIVIAL = 8, 200
MODEL = "yolo26n.yaml"
SHARED = {"epochs": 1, "imgsz": 64, "batch": 8, "workers": 0, "seed": 0, "plots": False, "optimizer": "SGD"}
ENTRY = "from ultralytics.cfg import entrypoint; entrypoint()"


def spent() -> tuple[float, float]:
    """Return the CPU seconds of all children that have ended, and the time."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime, time.monotonic()


def since(before: tuple[float, float], count: int = 1) -> dict[str, float]:
    """Return what was spent since, over a number of trials."""
    now = spent()
    return {"cpu": (now[0] - before[0]) / count, "wall": (now[1] - before[1]) / count}


def bare(data: Path, folder: Path) -> dict[str, float]:
    """Return what a bare `yolo train` costs."""
    folder.mkdir()
    words = [f"{key}={value}" for key, value in SHARED.items()]
    words += [f"model={MODEL}", f"data={data}", "device=cpu", "lr0=0.01", f"project={folder}"]
    private = {"YOLO_CONFIG_DIR": str(folder), "YOLO_OFFLINE": "1", "YOLO_AUTOINSTALL": "0", "OMP_NUM_THREADS": "1"}
    before = spent()
    command = [sys.executable, "-c", ENTRY, "train", *words]
    done = subprocess.run(command, cwd=folder, env=os.environ | private, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return since(before)


def trials(data: Path, path: Path, jobs: int, *, warm: bool) -> dict[str, float]:
    """Return what one of eight trials costs."""
    folder = SweepFolder(path)
    path.mkdir()
    folder.write_settings(settings_of(path.name, working_directory=str(path.parent)))
    words = [f"{key}={str(value).lower()}" for key, value in SHARED.items()]
    words += [f"data.source={data}", f"model.weights={MODEL}", "device.id=cpu", "approval=auto", "lr0=0.01"]
    words += ["evaluation.plots=false", "device.threads=1"]
    for number in range(TRIALS):
        freeze_trial(plan_trial(number, words), folder.trial(number))
    settings = LocalSettings(jobs=jobs, gpu_ids=[], warm=warm)
    before, left, running = spent(), list(range(TRIALS)), []
    with closing(LocalExecutor(settings, Resources(cpus=1), BODY)) as executor:
        while left or running:
            while left and len(running) < jobs:
                running.append(executor.submit(folder.trial(left.pop(0)).path, {}))
            time.sleep(0.05)
            states = executor.poll(running)
            running = [handle for handle in running if states.get(handle) is not JobState.GONE]
    for number in range(TRIALS):
        assert Record(folder.trial(number)).read()["status"] == Status.COMPLETE, folder.trial(number).path
    return since(before, TRIALS)


class Instant:
    """An engine whose trials are over when they are started; the time that it takes to pretend so is taken off."""

    capacity = 2

    def __init__(self) -> None:
        self.pretending = 0.0
        self.moments: list[float] = []

    def submit(self, folder: Path, environment: Mapping[str, str]) -> str:
        """Leave what a complete trial leaves."""
        del environment
        before, run, value = time.process_time(), RunFolder(folder), 0.5 + 0.0001 * int(folder.name)
        Record(run).begin({"name": folder.name, "task": "detect"})
        write_json(run.metrics, {"mAP50-95": value, "mAP50": value}, METRICS_VERSION)
        Record(run).finish(Status.COMPLETE)
        self.pretending += time.process_time() - before
        self.moments.append(time.process_time() - self.pretending)
        return folder.name

    def poll(self, handles: Sequence[str]) -> dict[str, JobState]:
        """All are over."""
        return dict.fromkeys(handles, JobState.GONE)

    def cancel(self, handle: str) -> None:
        """Nothing runs."""

    def reason(self, handle: str) -> str | None:
        """Nothing was ended."""

    def close(self) -> None:
        """Nothing is held."""


def parent(path: Path, count: int = TRIVIAL) -> list[float]:
    """Return the CPU milliseconds that the parent spends on a trial, in each quarter of a sweep."""
    folder, screen, engine = SweepFolder(path), Screen(quiet=True), Instant()
    path.mkdir()
    fixed = ("epochs=4", "data.source=coco8.yaml", f"model.weights={MODEL}", "device.id=cpu")
    search = {"sampler": "random", "trials": count}
    folder.write_settings(
        settings_of("parent", budget=count, search=search, arguments=("lr0=interval(0.0,1.0)", *fixed))
    )
    settings = folder.read_settings()

    composer = Recomposer()

    def freeze(number: int, overrides: Sequence[str]) -> None:
        freeze_trial(plan_trial(number, overrides, composer), folder.trial(number))

    source = StudySource(folder, settings, read_space(settings.arguments, discrete=False), freeze)
    progress = SweepProgress(folder, settings, screen, source.planned, engine.capacity)
    observers = (SummaryWriter(folder, settings, screen), progress)
    copy_config(folder.config, path)
    with composing_from(folder.config), progress.shown():
        TrialLoop(folder, source, engine, settings.objectives, observers, poll_seconds=0).run(StopSignal())
    marks = [engine.moments[index * (count - 1) // 4] for index in range(5)]
    return [1000 * 4 / (count - 1) * (after - before) for before, after in pairwise(marks)]


def rounded(cost: Mapping[str, float]) -> dict[str, float]:
    """Return seconds as they stand in the file."""
    return {f"{name}_seconds": round(value, 2) for name, value in cost.items()}


def measure_trials(folder: Path) -> dict:
    """Return what trials cost, and a bare training among them."""
    data = make_dataset(folder / "data")
    plain = [bare(data, folder / "bare0")]
    found = {}
    for jobs, name in ((1, "one after the other"), (2, "two at a time")):
        found[name, "forked"] = trials(data, folder / f"forked{jobs}", jobs, warm=True)
        plain.append(bare(data, folder / f"bare{jobs}"))
        found[name, "fresh"] = trials(data, folder / f"fresh{jobs}", jobs, warm=False)
    plain.append(bare(data, folder / "bare3"))
    typical = {name: statistics.median(item[name] for item in plain) for name in ("cpu", "wall")}
    rows: dict[str, dict] = {}
    for (name, kind), cost in found.items():
        ratio = round(cost["cpu"] / typical["cpu"], 2)
        rows.setdefault(name, {})[kind] = rounded(cost) | {"cpu_ratio_to_bare": ratio}
    return {"trials": TRIALS, "bare": rounded(typical), **rows}


def main() -> None:
    """Measure, and write the result."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=("trials", "parent"), help="leave the other part of the file as it is")
    only = parser.parse_args().only
    file, started = Path(__file__).with_suffix(".json"), time.monotonic()
    content = json.loads(file.read_text()) if file.is_file() else {}
    with tempfile.TemporaryDirectory() as scratch:
        os.chdir(scratch)
        if only != "trials":
            quarters = parent(Path(scratch, "parent"))
            content["parent"] = {
                "trials": TRIVIAL,
                "cpu_ms_a_trial_by_quarter": [round(value, 1) for value in quarters],
                "cpu_ms_a_trial": round(statistics.mean(quarters), 1),
            }
        if only != "parent":
            content["trial"] = measure_trials(Path(scratch))
    commit = ["git", "-C", str(HERE), "rev-parse", "--short", "HEAD"]
    content["run"] = {
        "command": "python tests/benchmarks/trial_speed.py" + (f" --only {only}" if only else ""),
        "commit": subprocess.run(commit, capture_output=True, text=True, check=True).stdout.strip(),
        "date": time.strftime("%Y-%m-%d"),
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}",
        "features": processor_features(),
        "seconds": round(time.monotonic() - started),
    }
    file.write_text(json.dumps(content, indent=2) + "\n")
    print(json.dumps(content, indent=2))


if __name__ == "__main__":
    main()
