"""What `yololab compare` of two saved evaluations costs: the CPU seconds of the command that a user types.

    python tests/benchmarks/compare_speed.py               # 500, 5,000, 50,000 images; writes compare_speed.json
    python tests/benchmarks/compare_speed.py --images 500 --no-write

20 classes and 60 detections an image, in boxes of real places; user and system time of a process of its own, the
records written before. Two evaluations a size: of equal models, and of one that is truly worse.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parents[1] / "samples"))
from calibration import keep
from record_samples import write_task_evaluation

from yololab.statistics.records.base import RecordsHeader
from yololab.statistics.records.detections import DetectionRecords

CLASSES, DETECTIONS, OBJECTS = 20, 60, 6
SIZES = (500, 5_000, 50_000)
LIMITS = {500: 2, 5_000: 6, 50_000: 60}
SKILLS = {"equal": 0.8, "worse": 0.6}


def records_of(images: int, skill: float, seed: int) -> DetectionRecords:
    """Return the records of one model; images and labels are the same for all."""
    truth, rng = np.random.default_rng(images), np.random.default_rng([images, seed])
    labels = truth.integers(1, 2 * OBJECTS, images)
    image = np.repeat(np.arange(images), labels)
    truth_class = truth.integers(0, CLASSES, len(image))
    corners = truth.uniform(0, 500, (len(image), 2))
    boxes = np.hstack([corners, corners + truth.uniform(20, 140, (len(image), 2))])
    hard = (truth.normal(0, 0.6, images)[image] + truth.normal(0, 0.6, len(image))) - skill
    found = np.flatnonzero(rng.random(len(image)) < 1 / (1 + np.exp(hard)))
    quality = np.clip(rng.beta(5, 2, len(found)) - 0.1 * hard[found], 0, 1)
    extra = np.maximum(DETECTIONS - np.bincount(image[found], minlength=images), 0)
    owner = np.concatenate([image[found], np.repeat(np.arange(images), extra)])
    false = int(extra.sum())
    reached = np.concatenate([0.5 + 0.5 * quality, np.zeros(false)])
    classes = np.concatenate([truth_class[found], rng.integers(0, CLASSES, false)])
    places = rng.uniform(0, 500, (false, 2))
    detected = np.concatenate([boxes[found] + rng.normal(0, 2, (len(found), 4)), np.hstack([places, places + 60])])
    confidence = np.concatenate([rng.beta(4, 2, len(found)), rng.beta(1.2, 6, false)]).astype(np.float16)
    order = np.lexsort((-confidence, owner))
    flags = (reached[order, None] >= 0.5 + 0.05 * np.arange(10)) @ (1 << np.arange(10))
    header = RecordsHeader(
        names={index: f"class {index}" for index in range(CLASSES)},
        task="detect",
        split="val",
        label_fingerprint="",
        protocol={},
        ultralytics="",
    )
    return DetectionRecords(
        keys=tuple(f"images/{number:06}.jpg" for number in range(images)),
        sizes=np.full((images, 2), 640, np.uint32),
        detections=np.bincount(owner, minlength=images).astype(np.uint32),
        classes=classes[order].astype(np.uint8),
        confidence=confidence[order].astype(np.float32),
        boxes=detected[order].astype(np.float32),
        flags={"box": flags.astype(np.uint16)},
        truth_image=image.astype(np.uint32),
        truth_class=truth_class.astype(np.uint8),
        truth_boxes=boxes.astype(np.float32),
        **header.common,
    )


def measure(images: int, skill: float) -> dict[str, object]:
    """Compare two evaluations of so many images with the command, and return what it cost and said."""
    with tempfile.TemporaryDirectory() as project:
        sides = [Path(project) / name for name in ("current", "baseline")]
        for seed, (side, value) in enumerate(zip(sides, (skill, SKILLS["equal"]), strict=True)):
            write_task_evaluation(side, records_of(images, value, seed))
        before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
        words = [sys.executable, "-m", "yololab", "compare", "current/evaluation/metrics.json"]
        words += ["baseline/evaluation/metrics.json", "baseline.gate=none", "--json"]
        done = subprocess.run(words, cwd=project, capture_output=True, text=True, check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
    content = json.loads(done.stdout)
    return {
        "cpu_seconds": round(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, 2),
        "seconds": round(time.monotonic() - started, 2),
        "peak_mb": round(after.ru_maxrss / 1024),
        "verdict": content["verdict"],
        "replicates": content["statistics"]["replicates"],
        "ci": [content["metrics"][place][end] for place in range(4) for end in ("ci_low", "ci_high")][2:4],
    }


def main() -> None:
    """Measure every size."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", nargs="+", type=int, default=list(SIZES))
    parser.add_argument("--no-write", action="store_true")
    options = parser.parse_args()
    started, content = time.monotonic(), {}
    for images in options.images:
        content[str(images)] = {name: measure(images, skill) for name, skill in SKILLS.items()}
        print(images, json.dumps(content[str(images)]), flush=True)
    if not options.no_write:
        threads = os.environ.get("OMP_NUM_THREADS", "not set")
        kept = {"limits_cpu_seconds": LIMITS, "images": content, "OMP_NUM_THREADS": threads}
        keep(Path(__file__), kept, " ".join(["--images", *map(str, options.images)]), time.monotonic() - started)


if __name__ == "__main__":
    main()
