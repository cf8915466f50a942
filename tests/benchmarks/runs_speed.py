"""What `yololab runs` costs over many records: CPU seconds of the command that a user types, its start included.

    python tests/benchmarks/runs_speed.py                     # 10,000 records; writes runs_speed.json
    python tests/benchmarks/runs_speed.py --records 500 --no-write

The records are copies of a real one (26 kB) with other seeds, rates, epochs, results and ends. "First" has no index,
"second" finds the one that the first has left; every line is printed, into a pipe. User and system time of a process of
its own, the median of several; an empty Python is measured beside it. Modules are compiled before, as pip does it.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from calibration import keep

from yololab.host.processor import processor_features, processor_name

HERE = Path(__file__).parent
RECORD = HERE.parent / "data/v0_1_0/outputs/training/detect_20261127_221422/experiment_log.json"
LIMITS = {"first": 1.5, "second": 0.5}
# Instructions that these figures may depend on.
COMMANDS = {
    "second": (),
    "second, filtered": ("lr0<0.01", "status=complete", "sort=-epochs", "limit=20"),
    "second, --json": ("--json",),
    "second, --csv": ("--csv",),
    "second, --html": ("--html",),
}


def write_project(root: Path, records: int) -> None:
    """Write the records of a project."""
    rng, content = random.Random(0), json.loads(RECORD.read_text(encoding="utf-8"))
    for number in range(records):
        folder = root / f"outputs/training/yolo26n_{20260101 + number // 1000}_{number:06d}"
        folder.mkdir(parents=True)
        for config in (content["config"], content["requested_config"]):
            config.update(lr0=round(10 ** rng.uniform(-4, -1), 6), seed=rng.randrange(5), epochs=rng.choice((10, 50)))
        content["status"] = rng.choice(("complete",) * 8 + ("failed", "interrupted"))
        content["evaluation"] |= {"mAP50-95": rng.random(), "mAP50": rng.random()}
        content["timestamp"] = f"2026-0{1 + number % 9}-{1 + number % 28:02d}T22:14:22+00:00"
        (folder / RECORD.name).write_text(json.dumps(content, indent=2), encoding="utf-8")


def as_installed(bytecode: Path) -> dict[str, str]:
    """Return the environment of an installed program: it need not be compiled, and its output is buffered.

    Args:
        bytecode: Where the compiled modules lie once a command has run.
    """
    switches = ("PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED", "PYTHONPROFILEIMPORTTIME", "PYTHONDEVMODE")
    kept = {name: value for name, value in os.environ.items() if name not in switches}
    return kept | {"PYTHONPYCACHEPREFIX": str(bytecode)}


def cost(command: list[str], cwd: Path) -> tuple[float, float, int]:
    """Run a command; return its CPU seconds, its wall seconds and the lines that it printed."""
    environment = as_installed(cwd / "bytecode")
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, check=True)
    wall, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
    return used, wall, done.stdout.count(b"\n")


def measure(root: Path, tries: int) -> dict[str, dict[str, float]]:
    """Return what each command costs."""
    runs = [sys.executable, "-m", "yololab", "runs"]
    found: dict[str, list[tuple[float, float, int]]] = {"empty Python": [], "first": []}
    for tokens in COMMANDS.values():  # compiles what they import
        cost([*runs, *tokens], root)
    for _ in range(tries):
        found["empty Python"].append(cost([sys.executable, "-c", "pass"], root))
        shutil.rmtree(root / ".yololab", ignore_errors=True)
        found["first"].append(cost(runs, root))
        for name, tokens in COMMANDS.items():
            found.setdefault(name, []).append(cost([*runs, *tokens], root))
    return {
        name: {
            "cpu_seconds": round(statistics.median(item[0] for item in costs), 3),
            "cpu_seconds_least": round(min(item[0] for item in costs), 3),
            "wall_seconds": round(statistics.median(item[1] for item in costs), 3),
            "lines": costs[-1][2],
        }
        for name, costs in found.items()
    }


def processor() -> dict[str, object]:
    """Return the processor's name, its features, and how much else runs on it."""
    return {"name": processor_name(), "features": processor_features(), "load": round(os.getloadavg()[0], 1)}


def main() -> None:
    """Measure, and say what is above its limit."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, default=10_000)
    parser.add_argument("--tries", type=int, default=5)
    parser.add_argument("--no-write", action="store_true")
    asked, began = parser.parse_args(), time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        write_project(Path(folder), asked.records)
        time.sleep(2.1)  # what was written just now is not kept in the index
        found = measure(Path(folder), asked.tries)
    for name, row in found.items():
        limit = LIMITS.get(name)
        print(f"{name:18} {row['cpu_seconds']:.3f} CPU s, least {row['cpu_seconds_least']:.3f}", end="")
        print(f"  (limit {limit})" if limit else "")
    if not asked.no_write:
        content = {"records": asked.records, "tries": asked.tries, "costs": found, "limits": LIMITS}
        keep(Path(__file__), content | {"processor": processor()}, "", time.monotonic() - began)


if __name__ == "__main__":
    main()
