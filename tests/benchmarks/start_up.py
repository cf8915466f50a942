"""What a command costs before it does anything: python tests/benchmarks/start_up.py

Processor seconds of whole processes (user and system, so that what else the machine does counts little), yololab's and
the plain tool's in turn, medians of REPEATS; what it takes until a job shows its first line at a terminal; and until it
has trained its first batch, beside `yolo train` with the same arguments, in turn (the shapes, 160 px, random weights).
Writes start_up.json beside itself; about four minutes.
"""

from __future__ import annotations

import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import date
from pathlib import Path

import psutil

from yololab.host.processor import processor_features

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "samples"))
from runs_speed import as_installed  # noqa: E402
from terminal_session import TerminalSession  # noqa: E402
from whole_job import MAKE, YOLO  # noqa: E402

REPEATS = 5
TWELVE = (
    "lr1=3",
    "epoch=3",
    "model=yolo99",
    "imgsz=0",
    "data.subset=2",
    *(f"nothing{number}=1" for number in range(7)),
)
YOLOLAB = (sys.executable, "-m", "yololab")
COMMANDS = {
    "a mistake in 1 override": (*YOLOLAB, "lr1=3"),
    "a mistake in each of 12 overrides": (*YOLOLAB, *TWELVE),
    "--help": (*YOLOLAB, "--help"),
    "train --help": (*YOLOLAB, "train", "--help"),
    "--version": (*YOLOLAB, "--version"),
    "shell completion": (*YOLOLAB, "--shell-completion", "query=bash"),
    "yolo: a mistake in 1 override": (str(Path(sys.executable).with_name("yolo")), "train", "lr1=3"),
}


def seconds(command: tuple[str, ...], folder: Path) -> float:
    """Run a command, and return its processor seconds."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    environment = as_installed(folder / "bytecode") | {
        "COMP_LINE": "yololab hparams=f",
        "YOLO_CONFIG_DIR": str(folder),
        "YOLO_OFFLINE": "true",
    }
    subprocess.run(command, cwd=folder, env=environment, capture_output=True, check=False, timeout=300)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def seconds_to_first_line(folder: Path) -> tuple[float, float]:
    """Start a job at a terminal; return the processor and wall seconds until it shows a line."""
    job = TerminalSession("-m", "yololab", "experiment=demo", cwd=folder)
    wall = job.wait_for("reading the settings")
    times = psutil.Process(job.process.pid).cpu_times()
    job.process.kill()
    job.process.wait()
    return times.user + times.system, wall


# Put before the code of both tools: ends the process as soon as the first batch of its training is done.
WATCH = """
import importlib.util, os, sys

class Watch:
    def find_spec(self, name, path, target=None):
        if name != "ultralytics.utils.callbacks.base":
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(name)
        execute = spec.loader.exec_module

        def exec_module(module):
            execute(module)
            module.default_callbacks["on_train_batch_end"].append(lambda trainer: os._exit(77))

        spec.loader.exec_module = exec_module
        return spec

sys.meta_path.insert(0, Watch())
"""
TRAIN = ("model=start.pt", "epochs=3", "imgsz=160", "batch=16", "device=cpu")


def seconds_to_first_batch(folder: Path) -> dict[str, list[float]]:
    """Return for both tools the wall seconds from the start of the command to the end of the first batch."""
    from yololab.data.shapes.builtin import ShapesSpec, ensure_shapes

    data = ensure_shapes(ShapesSpec(seed=7, train=256, val=96, test=96), folder / "shapes")
    (folder / "watch").mkdir()
    (folder / "watch/sitecustomize.py").write_text(WATCH)
    environment = as_installed(folder / "bytecode") | {"YOLO_CONFIG_DIR": str(folder), "YOLO_OFFLINE": "true"}
    subprocess.run([sys.executable, "-c", MAKE, "start.pt"], cwd=folder, env=environment, check=True)
    environment["PYTHONPATH"] = os.pathsep.join((str(folder / "watch"), environment.get("PYTHONPATH", "")))
    took: dict[str, list[float]] = {"yololab": [], "yolo": []}
    for _ in range(REPEATS + 1):
        for name, command in {"yololab": (*YOLOLAB, "train", "approval=auto"), "yolo": (*YOLO, "train")}.items():
            began = time.perf_counter()
            words = (*command, *TRAIN, f"data={data}")
            done = subprocess.run(words, cwd=folder, env=environment, capture_output=True, check=False, timeout=300)
            took[name].append(time.perf_counter() - began)
            if done.returncode != 77:
                raise RuntimeError(f"{name} has trained no batch:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    return took


def machine() -> str:
    """Return what the figures depend on: kind, cores, and the features that arithmetic uses."""
    return f"{platform.machine()}, {os.cpu_count()} cores, {', '.join(processor_features()) or 'no AVX2'}"


def main() -> None:
    """Measure all commands in turn."""
    measured: dict[str, list[float]] = {name: [] for name in COMMANDS}
    first: list[tuple[float, float]] = []
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(REPEATS + 1):  # the first round warms the disk
            for name, command in COMMANDS.items():
                measured[name].append(seconds(command, Path(folder)))
            first.append(seconds_to_first_line(Path(folder)))
        batch = seconds_to_first_batch(Path(folder))
    commit = subprocess.run(
        ("git", "rev-parse", "--short", "HEAD"), cwd=HERE, capture_output=True, text=True, check=True
    )
    content = {
        "command": "python tests/benchmarks/start_up.py",
        "commit": commit.stdout.strip(),
        "date": str(date.today()),
        "machine": machine(),
        "cpu_seconds": {name: round(statistics.median(values[1:]), 2) for name, values in measured.items()},
        "first_line": {
            name: round(statistics.median(values), 2)
            for name, values in zip(("cpu_seconds", "wall_seconds"), zip(*first[1:], strict=True), strict=True)
        },
        "first_batch": {name: round(statistics.median(values[1:]), 2) for name, values in batch.items()}
        | {"ratio": round(statistics.median(a / b for a, b in zip(*batch.values(), strict=True)), 2)},
    }
    (HERE / "start_up.json").write_text(f"{json.dumps(content, indent=2)}\n", encoding="utf-8")
    print(json.dumps(content, indent=2))


if __name__ == "__main__":
    main()
