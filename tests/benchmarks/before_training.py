"""What check and estimate cost, and how true the estimate is: python tests/benchmarks/before_training.py DATA.YAML

Writes before_training.json beside itself. Meant for an idle machine; takes about five minutes on two cores.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).parent
COPIES = 8
JOB = ("model=yolo26n.yaml", "epochs=3", "imgsz=320", "batch=16", "device=cpu", "approval=auto", "plots=false")

SCAN = """
import json, os, sys, time
from pathlib import Path
os.environ["YOLO_CONFIG_DIR"] = sys.argv[3]
from yololab.data.checks.check_report import CheckSettings
from yololab.data.checks.dataset_check import check_dataset
from yololab.data.dataset.layout import load_dataset
from ultralytics.data.dataset import YOLODataset

def timed(call):
    begin = time.perf_counter()
    result = call()
    return time.perf_counter() - begin, result

dataset, cache = load_dataset(Path(sys.argv[1])), Path(sys.argv[2])
plain = CheckSettings(near_duplicates=False, cache=cache)
warm = check_dataset(dataset, "detect", settings=CheckSettings(near_duplicates=False))
images = sum(map(len, warm.files.values()))
ours, _ = timed(lambda: check_dataset(dataset, "detect", settings=plain))
again, second = timed(lambda: check_dataset(dataset, "detect", settings=plain))
near, _ = timed(lambda: check_dataset(dataset, "detect", settings=CheckSettings(workers=1)))
without, _ = timed(lambda: check_dataset(dataset, "detect", settings=CheckSettings(workers=1, near_duplicates=False)))
names = {"names": dataset.names, "channels": 3}
theirs, _ = timed(lambda: [
    YOLODataset(img_path=[str(s) for s in sources], data=names, task="detect", augment=False)
    for sources in dataset.splits.values()
])
print(json.dumps({
    "images": images, "our_check_seconds": ours, "our_second_check_seconds": again, "from_cache": second.cached,
    "ultralytics_scan_seconds": theirs, "ratio": ours / theirs,
    "near_duplicates_ms_an_image_and_core": (near - without) / images * 1e3,
}))
"""

ESTIMATE = """
import json, sys
from pathlib import Path
from yololab.config.arguments.commands import Syntax
from yololab.config.arguments.translate import translate
from yololab.config.hydra.compose import compose_experiment
from yololab.config.folders import group_options
from yololab.job.stages.estimate import estimate_from, probe_experiment
from yololab.job.prepare import prepare_job
from yololab.terminal.screen import Screen
words = translate(sys.argv[1:], {"train": Syntax()}, group_options(Path.cwd()), Path.cwd()).overrides
experiment = compose_experiment(words).experiment
prepared = prepare_job(experiment, Path.cwd(), None)
probe = probe_experiment(experiment, prepared, Screen(quiet=True))
print(json.dumps(estimate_from(probe, experiment, prepared, export=True).to_json()))
"""


def python(code: str, *arguments: str, cwd: Path) -> dict:
    """Run code in a process of its own and return the JSON of its last line."""
    done = subprocess.run([sys.executable, "-c", code, *arguments], cwd=cwd, capture_output=True, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def multiplied(data: Path, target: Path) -> Path:
    """Copy a dataset several times over, each image under a name of its own, and return its data.yaml."""
    for split in ("train", "val", "test"):
        for kind in ("images", "labels"):
            (target / split / kind).mkdir(parents=True)
            for file in (data.parent / split / kind).iterdir():
                for copy in range(COPIES):
                    shutil.copyfile(file, target / split / kind / f"{copy}_{file.name}")
    return Path(shutil.copyfile(data, target / "data.yaml"))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("data", type=Path)
    data = parser.parse_args().data.resolve()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        many = multiplied(data, folder / "many")
        scan = python(SCAN, str(many), str(folder / "cache"), str(folder / "settings"), cwd=folder)
        job = (f"data={data}", *JOB)
        estimates = [python(ESTIMATE, *job, cwd=folder) for _ in range(5)]
        subprocess.run([sys.executable, "-m", "yololab", *job], cwd=folder, check=True, stdin=subprocess.DEVNULL)
        (record,) = (folder / "outputs/training").glob("*_*/experiment_log.json")
        content = json.loads(record.read_text())
    timings, actual = content["timings"], content["estimate"]["actual_seconds"]
    median = statistics.median(item["seconds"] for item in estimates)
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], cwd=HERE, capture_output=True, text=True, check=True
    )
    result = {
        "command": "python tests/benchmarks/before_training.py DATA.YAML",
        "commit": commit.stdout.strip(),
        "date": time.strftime("%Y-%m-%d"),
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, no GPU",
        "dataset": f"{data.parent.name}, {COPIES} copies for the scan",
        "scan": scan,
        "estimate": {
            "seconds": [round(item["seconds"], 1) for item in estimates],
            "probe_seconds": [round(item["probe_seconds"], 1) for item in estimates],
            "median_seconds": round(median, 1),
            "actual_seconds": actual,
            "ratio": round(median / actual, 3),
        },
        "added_to_a_run": {name: round(timings[name], 2) for name in ("check", "estimate")}
        | {"share": round((timings["check"] + timings["estimate"]) / sum(timings.values()), 3)},
    }
    (HERE / "before_training.json").write_text(json.dumps(result, indent=2) + "\n")
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
