"""How fast the check reads a dataset, beside Ultralytics' first scan of the same files, in the same run.

    python tests/benchmarks/check_speed.py                     # five minutes, writes check_speed.json beside it
    python tests/benchmarks/check_speed.py path/to/data.yaml   # a copy of this dataset as well
    python tests/benchmarks/check_speed.py --only command      # only the command, the rest of the file stays

Makes 3,000 images of two sizes on disk, and reads each set in fresh processes: Ultralytics' first scan (no cache), the
check's structure, labels and content hash (first and second time), and the near-duplicates, apart. The files are in the
system's page cache for all of them. Each figure is the median of five, the two tools in turn. Seconds are those of the
clock; for the near-duplicates they are the processor's, in hashing and in seeking the nearest hash, in one process of
one thread (the idle threads of a matrix library wait by counting, which is no work of ours).

The command: `yololab check` of 20,000 tiny images, with all that it does by default (near-duplicates, a report, a page)
and its start, for the first and the second time, beside a process that imports Ultralytics and lets it scan them. Of
both the clock's seconds and the processor's, those of their children included; the median of three, in turn.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import cv2
import numpy as np

sys.path.insert(0, str(Path(__file__).parent))
from runs_speed import processor

IMAGES, TRIES = 3000, 5
TINY, TINY_SIDE, TINY_TRIES = 20_000, 64, 3
BOXES = ([0.2, 0.2, 0.05, 0.05], [0.8, 0.8, 0.2, 0.2])  # the least and most of centre and size
LIMITS = {"first": 0.5, "second": 0.1}
SETS = {"small files": (448, 60), "large files": (640, 78)}

OURS = """
import json, sys, time
from pathlib import Path
from yololab.data.checks.check_report import CheckSettings
from yololab.data.checks.dataset_check import check_dataset
from yololab.data.dataset.layout import load_dataset
import cv2  # not the check's: what an import takes does not grow with the images
if sys.argv[3] == "near":
    cv2.setNumThreads(1)
from yololab.data.checks import leakage
from yololab.data.checks import scan
spent = 0.0
def timed(module, name):
    function = getattr(module, name)
    def measured(*arguments):
        global spent
        begin = time.process_time()
        result = function(*arguments)
        spent += time.process_time() - begin
        return result
    setattr(module, name, measured)
if sys.argv[3] == "near":
    timed(scan, "perceptual_hash")
    timed(leakage, "nearest")
dataset = load_dataset(Path(sys.argv[1]))
settings = CheckSettings(near_duplicates=sys.argv[3] == "near", workers=None if sys.argv[3] == "plain" else 1,
                         cache=Path(sys.argv[2]) if sys.argv[2] else None)
begin = time.perf_counter()
report = check_dataset(dataset, "detect", settings=settings)
print(json.dumps({"seconds": time.perf_counter() - begin, "spent": spent, "cached": report.cached}))
"""

ULTRALYTICS = """
import json, sys, time
from pathlib import Path
from ultralytics.data.dataset import YOLODataset
from yololab.data.dataset.layout import load_dataset
dataset = load_dataset(Path(sys.argv[1]))
for cache in Path(sys.argv[1]).parent.rglob("*.cache"):
    cache.unlink()
names = {"names": dataset.names, "channels": 3}
begin = time.perf_counter()
for sources in dataset.splits.values():
    YOLODataset(img_path=[str(source) for source in sources], data=names, task="detect", augment=False)
print(json.dumps({"seconds": time.perf_counter() - begin}))
"""


def make(folder: Path, side: int, quality: int, images: int = IMAGES) -> Path:
    """Write the images and labels of a dataset and return its data.yaml."""
    rng = np.random.default_rng(0)
    for split, count in (("train", images * 8 // 10), ("val", images * 2 // 10)):
        for kind in ("images", "labels"):
            (folder / split / kind).mkdir(parents=True)
        for number in range(count):
            noise = rng.integers(0, 255, (side // 6, side // 6, 3), dtype=np.uint8)
            image = cv2.resize(noise, (side, side), interpolation=cv2.INTER_CUBIC)
            name = str(folder / split / "images" / f"{number:05}.jpg")
            cv2.imwrite(name, image, [cv2.IMWRITE_JPEG_QUALITY, quality])
            rows = [
                f"{rng.integers(0, 3)} " + " ".join(f"{value:.6f}" for value in rng.uniform(*BOXES))
                for _ in range(int(rng.integers(1, 12)))
            ]
            (folder / split / "labels" / f"{number:05}.txt").write_text("\n".join(rows) + "\n")
    data = folder / "data.yaml"
    data.write_text("train: train/images\nval: val/images\nnames: [a, b, c]\n")
    return data


def copy(data: Path, folder: Path) -> Path:
    """Copy a dataset, as Ultralytics' scan writes into it, and return the copy's data.yaml."""
    shutil.copytree(data.resolve().parent, folder)
    return folder / data.name


def run(code: str, *words: str, folder: Path, one_thread: bool = False) -> dict:
    """Run code in a fresh process and return the JSON of its last line."""
    environment = os.environ | {"YOLO_CONFIG_DIR": str(folder / "settings"), "YOLO_OFFLINE": "true"}
    environment |= (
        dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1") if one_thread else {}
    )
    command = [sys.executable, "-c", code, *words]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def measure(data: Path, folder: Path) -> dict[str, float]:
    """Time everything on one dataset."""
    times: dict[str, list[float]] = {name: [] for name in ("ultralytics", "first", "second", "near")}
    for number in range(TRIES):
        cache = str(folder / f"cache{number}")
        times["ultralytics"].append(run(ULTRALYTICS, str(data), folder=folder)["seconds"])
        times["first"].append(run(OURS, str(data), cache, "plain", folder=folder)["seconds"])
        second = run(OURS, str(data), cache, "plain", folder=folder)
        times["second"].append(second["seconds"])
        times["near"].append(run(OURS, str(data), "", "near", folder=folder, one_thread=True)["spent"])
    found = {name: statistics.median(values) for name, values in times.items()}
    sizes = [file.stat().st_size for file in data.parent.rglob("*.jp*g")]
    return {
        "images": len(sizes),
        "kilobytes_an_image": round(statistics.mean(sizes) / 1000),
        "ultralytics_first_scan_seconds": round(found["ultralytics"], 3),
        "our_first_check_seconds": round(found["first"], 3),
        "our_second_check_seconds": round(found["second"], 3),
        "second_from_cache": second["cached"],
        "ratio": round(found["first"] / found["ultralytics"], 3),
        "near_duplicates_ms_an_image_and_core": round(found["near"] / len(sizes) * 1000, 3),
    }


def measure_sets(given: Sequence[Path]) -> dict[str, dict[str, float]]:
    """Time both datasets, and copies of the given ones."""
    makers = {name: partial(make, side=side, quality=quality) for name, (side, quality) in SETS.items()}
    makers |= {data.resolve().parent.name: partial(copy, data) for data in given}
    found = {}
    for name, maker in makers.items():
        with tempfile.TemporaryDirectory() as scratch:
            folder = Path(scratch)
            found[name] = measure(maker(folder / "data"), folder)
        print(name, json.dumps(found[name]), flush=True)
    return found


def cost(action: Callable[[], object]) -> tuple[float, float]:
    """Return the clock's seconds and the processor's that what an action starts has taken."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    action()
    wall, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


def measure_command(folder: Path) -> dict[str, dict[str, float]]:
    """Return what the command costs, and its ratios to Ultralytics' scan in a process of its own."""
    data = make(folder / "data", TINY_SIDE, 80, TINY)
    time.sleep(2.1)  # what was written just now is not kept
    command = [sys.executable, "-m", "yololab", "check", f"data={data}"]
    check = partial(subprocess.run, command, cwd=folder, capture_output=True, check=True)
    plain = partial(run, ULTRALYTICS, str(data), folder=folder)
    check()  # compiles the modules
    costs: dict[str, list[tuple[float, float]]] = {"plain": [], "first": [], "second": []}
    for _ in range(TINY_TRIES):
        shutil.rmtree(folder / ".yololab")
        costs["plain"].append(cost(plain))
        costs["first"].append(cost(check))
        costs["second"].append(cost(check))
    medians = {
        name: [statistics.median(column) for column in zip(*found, strict=True)] for name, found in costs.items()
    }
    named = {
        name: {"wall_seconds": round(wall, 2), "cpu_seconds": round(cpu, 2)} for name, (wall, cpu) in medians.items()
    }
    for name in LIMITS:
        wall, cpu = (ours / theirs for ours, theirs in zip(medians[name], medians["plain"], strict=True))
        named[name] |= {"wall_ratio": round(wall, 3), "cpu_ratio": round(cpu, 3)}
    return named


def main() -> None:
    """Measure all and write the result."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, nargs="*", help="the data.yaml of a dataset of JPEGs in its folder")
    parser.add_argument("--only", choices=("command", "sets"), help="leave the other part of the file as it is")
    options, file = parser.parse_args(), Path(__file__).with_suffix(".json")
    content: dict = json.loads(file.read_text())
    if options.only != "sets":
        with tempfile.TemporaryDirectory() as scratch:
            content["command"] = {"images": TINY, "limits": LIMITS, **measure_command(Path(scratch))}
        content["command"]["processor"] = processor()
        print("command", json.dumps(content["command"]), flush=True)
    if options.only != "command":
        content |= {"tries": TRIES, "sets": measure_sets(options.data)}
    commit = subprocess.run(["git", "rev-parse", "HEAD"], capture_output=True, text=True, check=False).stdout.strip()
    content["run"] = {
        "command": " ".join(["python tests/benchmarks/check_speed.py", *sys.argv[1:]]),
        "commit": commit,
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}",
    }
    file.write_text(json.dumps(content, indent=2) + "\n")


if __name__ == "__main__":
    main()
