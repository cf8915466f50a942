"""What a search costs: ours (TPE and pruning), Ultralytics' own `model.tune()`, and a grid, over the same space.

    python tests/benchmarks/search_cost.py path/to/bccd/data.yaml        # writes search_cost.json
    python tests/benchmarks/search_cost.py … --trials 12 --epochs 10 --images 205
    python tests/benchmarks/search_cost.py … --start best.pt             # spares the training of the starting weights

Every arm fine-tunes the same checkpoint, YOLO26n trained on the built-in shapes (`experiment=demo`), with the same
arguments, seed, images and image size, on one thread, searches the same ranges of lr0 and momentum, and has the same
number of trials. The score of a trial is the best mAP50-95 of its results.csv, which Ultralytics' validation during
training writes in each arm. CPU seconds are those of the whole process tree, sampled twice a second. Ours is held
against each of the others at the score that both reach: the best one of the weaker arm. Beside it: what one trial costs
in its own process, and what a bare `yolo train` with the same arguments costs.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import platform
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import yaml

HERE = Path(__file__).parent
LR0, MOMENTUM = (2e-4, 2e-2), (0.7, 0.98)
COLUMN = "metrics/mAP50-95(B)"
TUNE = """
import sys, json
from ultralytics import YOLO
from ultralytics.engine.tuner import Tuner
# The tables of all its runs are read afterwards; `tune` has no argument that keeps them.
Tuner.__call__.__defaults__ = (300, False)
arguments = json.loads(sys.argv[1])
YOLO(sys.argv[3]).tune(**arguments, space={"lr0": %r, "momentum": %r}, iterations=int(sys.argv[2]))
"""


class Meter:
    """The CPU seconds of a process tree over time.

    Args:
        process: The root of the tree.
    """

    def __init__(self, process: subprocess.Popen) -> None:
        self.samples: list[tuple[float, float]] = []
        self._process = process
        self._dead: dict[int, float] = {}
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        root = psutil.Process(self._process.pid)
        while self._process.poll() is None:
            try:
                family = [root, *root.children(recursive=True)]
                alive = {}
                for member in family:
                    times = member.cpu_times()
                    alive[member.pid] = times.user + times.system
                self._dead |= alive
                self.samples.append((time.time(), sum(self._dead.values())))
            except psutil.Error:
                pass
            time.sleep(0.5)

    def of_trial(self, record: Path) -> float:
        """Return the CPU seconds of the process that a trial's record names."""
        return self._dead[json.loads(record.read_text())["provenance"]["process"]["pid"]]

    def at(self, moment: float) -> float:
        """Return the CPU seconds spent until a moment."""
        return max((cpu for when, cpu in self.samples if when <= moment + 1), default=0.0)


def run(command: list[str], folder: Path, enough: Callable[[], bool] = lambda: False) -> tuple[Meter, float]:
    """Run a command in a folder, until it ends or there is enough, and return its meter and its CPU seconds."""
    folder.mkdir(parents=True, exist_ok=True)
    environment = os.environ | {
        "YOLO_CONFIG_DIR": str(folder / "settings"),
        "YOLO_OFFLINE": "1",
        "YOLO_AUTOINSTALL": "0",
        "OMP_NUM_THREADS": "1",
    }
    with (folder / "output.txt").open("ab") as output:
        process = subprocess.Popen(
            command, cwd=folder, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, env=environment
        )
        meter, stopped = Meter(process), False
        while process.poll() is None:
            time.sleep(0.5)
            if not stopped and enough():
                stopped = True
                process.send_signal(signal.SIGINT)
        code = 0 if stopped else process.returncode
    assert code == 0, f"{command[:6]} exits with {code}: {(folder / 'output.txt').read_text()[-2000:]}"
    return meter, meter.samples[-1][1]


def score_of(table: Path) -> float:
    """Return the best mAP50-95 of a results.csv."""
    rows = csv.DictReader(table.read_text().splitlines())
    return max(float({key.strip(): value for key, value in row.items()}[COLUMN]) for row in rows)


def arm(command: list[str], folder: Path, tables: str, enough: Callable[[], bool] = lambda: False) -> dict:
    """Run an arm, until it ends or there is enough, and return its trials in the order in which they ended."""
    started = time.time()
    meter, cpu = run(command, folder, enough)
    found = sorted(folder.glob(tables), key=lambda path: path.stat().st_mtime)
    trials = [(meter.at(path.stat().st_mtime), score_of(path)) for path in found]
    return {
        "trials": [{"cpu_seconds": round(at, 1), "mAP50-95": round(score, 4)} for at, score in trials],
        "best": round(max(score for _, score in trials), 4),
        "cpu_seconds": round(cpu, 1),
        "wall_seconds": round(time.time() - started, 1),
        "bodies": [meter.of_trial(record) for record in folder.glob("multirun/*/[0-9]*/experiment_log.json")],
    }


def small_dataset(data: Path, images: int, target: Path) -> Path:
    """Write a data.yaml with the first images of an even draw, the same ones for each arm."""
    content = yaml.safe_load(data.read_text())
    root = data.parent
    every = sorted((root / content["train"]).iterdir())
    chosen = [every[index * len(every) // images] for index in range(min(images, len(every)))]
    target.mkdir(parents=True)
    (target / "train.txt").write_text("".join(f"{path}\n" for path in chosen))
    listed = {"train": str(target / "train.txt"), "val": str(root / content["val"]), "names": content["names"]}
    file = target / "data.yaml"
    file.write_text(yaml.safe_dump(listed))
    return file


def spread(low: float, high: float, count: int, *, log: bool) -> list[float]:
    """Return numbers evenly apart, the ends included."""
    steps = [index / max(count - 1, 1) for index in range(count)]
    return [round(low * (high / low) ** s if log else low + (high - low) * s, 6) for s in steps]


def starting_weights(folder: Path) -> Path:
    """Train the checkpoint that every arm starts from, and return its path."""
    words = ["experiment=demo", "approval=auto", "export=none", "device.threads=1"]
    run([sys.executable, "-m", "yololab", *words], folder)
    return (folder / "outputs/training/latest/weights/best.pt").resolve()


def until(found: dict, target: float) -> float:
    """Return the CPU seconds until an arm's first trial reaches the target."""
    return min(trial["cpu_seconds"] for trial in found["trials"] if trial["mAP50-95"] >= target)


def against(ours: dict, theirs: dict) -> dict:
    """Hold two arms against each other, at the score that both reach."""
    target = min(ours["best"], theirs["best"])
    seconds = until(ours, target), until(theirs, target)
    return {
        "target_mAP50-95": target,
        "our_cpu_seconds": round(seconds[0]),
        "their_cpu_seconds": round(seconds[1]),
        "ratio": round(seconds[0] / seconds[1], 2),
        "ratio_of_the_whole": round(ours["cpu_seconds"] / theirs["cpu_seconds"], 2),
    }


def main() -> None:
    """Run the three arms and the bare trainings."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--trials", type=int, default=10)
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument("--images", type=int, default=100)
    parser.add_argument("--imgsz", type=int, default=160)
    parser.add_argument("--start", type=Path, help="a checkpoint, instead of training the starting weights")
    options = parser.parse_args()
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        start = str(options.start.resolve() if options.start else starting_weights(folder / "start"))
        data = small_dataset(options.data.resolve(), options.images, folder / "data")
        shared = {
            "data": str(data), "epochs": options.epochs, "imgsz": options.imgsz, "batch": 8, "nbs": 8,
            "optimizer": "AdamW", "seed": 0, "device": "cpu", "workers": 0, "plots": False, "close_mosaic": 2,
            "warmup_epochs": 1, "warmup_bias_lr": 0.0,
        }  # fmt: skip
        words = [f"{key}={value}" for key, value in shared.items()]
        ours = [sys.executable, "-m", "yololab", "-m", f"model={start}", *words, "approval=auto"]
        ours += ["export=none", "evaluation.plots=false", "device.threads=1"]
        rates = spread(*LR0, options.trials // 2, log=True)
        grid = [*ours, f"lr0={','.join(map(str, rates))}", f"momentum={','.join(map(str, MOMENTUM))}"]
        tpe = [*ours, "search=tpe", f"search.trials={options.trials}", "search.space={}"]
        tpe += [f"lr0=tag(log,interval({LR0[0]},{LR0[1]}))", f"momentum=interval({MOMENTUM[0]},{MOMENTUM[1]})"]
        tpe += ["search.sampler_options={n_startup_trials:3}"]
        tpe += ["search.pruner_options={n_startup_trials:2,n_warmup_steps:1}"]
        tune = [sys.executable, "-c", TUNE % (LR0, MOMENTUM), json.dumps(shared | {"project": str(folder / "tune")}),
                str(options.trials), start]  # fmt: skip
        arms = {
            "ours": arm(tpe, folder / "ours", "multirun/*/[0-9]*/results.csv"),
            "tune": arm(tune, folder / "tune", "**/results.csv"),
            "grid": arm(grid, folder / "grid", "multirun/*/[0-9]*/results.csv"),
        }
        plain = [sys.executable, "-c", "from ultralytics.cfg import entrypoint; entrypoint()", "train"]
        plain += [f"model={start}", *words, f"lr0={rates[len(rates) // 2]}", f"project={folder / 'bare'}"]
        bare = [run(plain, folder / f"bare{number}")[1] for number in range(2)]
    trial = statistics.mean(arms["grid"].pop("bodies"))
    for found in arms.values():
        found.pop("bodies", None)
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], cwd=HERE, capture_output=True, text=True, check=True
    )
    result = {
        "command": f"python tests/benchmarks/search_cost.py DATA.YAML --trials {options.trials}"
        f" --epochs {options.epochs} --images {options.images} --imgsz {options.imgsz}",
        "commit": commit.stdout.strip(),
        "date": time.strftime("%Y-%m-%d"),
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, no GPU",
        "dataset": f"{options.data.resolve().parent.name}, {options.images} training images, {options.imgsz} px",
        "trials": options.trials,
        "against": {name: against(arms["ours"], arms[name]) for name in ("tune", "grid")},
        "cpu_seconds_in_all": {name: round(found["cpu_seconds"]) for name, found in arms.items()},
        "best": {name: found["best"] for name, found in arms.items()},
        "overhead": {
            "trial_cpu_seconds": round(trial, 1),
            "bare_cpu_seconds": round(statistics.mean(bare), 1),
            "ratio": round(trial / statistics.mean(bare), 2),
        },
        "arms": arms,
        "seconds": round(time.monotonic() - started),
    }
    (HERE / "search_cost.json").write_text(json.dumps(result, indent=2) + "\n")
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
