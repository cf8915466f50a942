"""What the exact AP under weights costs, beside resampling with Ultralytics' `ap_per_class`.

    python tests/benchmarks/exact_ap.py              # about two minutes, writes exact_ap.json beside it
    python tests/benchmarks/exact_ap.py --hotcoco    # hotcoco's bootstrap beside ours (`pip install hotcoco==1.3.0`)

The size of COCO's validation set: 5,000 images, 80 classes of very different frequency, about 34,000 labels and 1.2
million detections a model, two models, 1,000 paired replicates of mAP50-95. The plain way (copy the detections of every
replicate and call `ap_per_class`) is timed on a few replicates in the same process and extrapolated. Memory is the peak
of a fresh process beyond its peak when the data is loaded, measured for two numbers of replicates. What a replicate of
hotcoco's `compare` costs is the difference between two numbers of them; its AP is of the best 100 detections of an
image and class. Both in CPU seconds of one process.
"""

import argparse
import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

os.environ.setdefault("YOLO_CONFIG_DIR", tempfile.mkdtemp())
sys.path.insert(0, str(Path(__file__).parent))
import beside_hotcoco
from calibration import keep
from simulation import Setting, simulate

from yololab.files.predictions import read_arrays, write_arrays
from yololab.statistics.inference.paired_models import Pair, pair_of
from yololab.statistics.inference.resampling import bootstrap_weights
from yololab.statistics.records.arrays import from_arrays, to_arrays

COCO = Setting("the size of COCO", 5000, 80, 6.8, 236, 1.0)
SMALL = Setting("200 images, 5 classes", 200, 5, 5, 8, 0.0)
PLAIN_REPLICATES = 3
HOTCOCO_REPLICATES = {COCO: (2, 12), SMALL: (100, 1100)}


def peak_mb() -> float:
    """Return the process's peak memory in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def measure(setting: Setting, replicates: int, *, plain: bool) -> dict[str, float]:
    """Time the paired replicates of one setting, the best of three, and what they take beyond the data."""
    with tempfile.TemporaryDirectory() as scratch:
        # Simulated elsewhere and read from files: making the records takes more memory than having them.
        files = [Path(scratch) / f"{side}.npz" for side in ("current", "baseline")]
        words = [
            sys.executable,
            __file__,
            "--make",
            *map(str, files),
            "--setting",
            "coco" if setting is COCO else "small",
        ]
        subprocess.run(words, check=True)
        records = [from_arrays(read_arrays(file)) for file in files]
    pair = pair_of(*records, "mAP50-95")
    warm = np.ones((setting.images, 2), np.float32)
    pair.sampled(warm, everything=False)
    before = peak_mb()
    seconds = []
    for _ in range(3):
        started = time.perf_counter()
        for weights in bootstrap_weights(pair.keys, 0, replicates):
            pair.sampled(weights, everything=False)
        seconds.append(time.perf_counter() - started)
    content = {
        "images": setting.images,
        "labels": len(records[0].truth_image),
        "detections_a_model": len(records[0].confidence),
        "replicates": replicates,
        "seconds": round(min(seconds), 2),
        "seconds_of_all_tries": [round(value, 2) for value in seconds],
        "mb_beyond_the_data": round(peak_mb() - before, 1),
    }
    if plain:
        content |= compare_with_plain(records, pair, replicates, min(seconds))
    return content


def compare_with_plain(records, pair: Pair, replicates: int, ours: float) -> dict[str, float]:
    """Time the plain way on a few replicates, and check that it gives the same."""
    from ultralytics.utils.metrics import ap_per_class

    weights = next(iter(bootstrap_weights(pair.keys, 0, replicates)))[:, :PLAIN_REPLICATES]
    worst, started = 0.0, time.perf_counter()
    plain = []
    for column in range(PLAIN_REPLICATES):
        for side in records:
            copies = weights[:, column].astype(int)
            rows = np.repeat(np.arange(len(side.confidence)), copies[side.image])
            labels = np.repeat(np.arange(len(side.truth_image)), copies[side.truth_image])
            plain.append(
                ap_per_class(
                    side.tp_matrix()[rows], side.confidence[rows], side.classes[rows], side.truth_class[labels]
                )
            )
    seconds = (time.perf_counter() - started) / PLAIN_REPLICATES * replicates
    found = pair.sampled(np.ascontiguousarray(weights), everything=False)
    for column in range(PLAIN_REPLICATES):
        for place, side in enumerate(found):
            expected = plain[2 * column + place][5].mean()
            worst = max(worst, abs(float(side.metrics["mAP50-95"][column]) - float(expected)))
    return {
        "plain_seconds_extrapolated": round(seconds),
        "times_faster": round(seconds / ours),
        "largest_difference_from_plain": worst,  # the plain sort is not stable, and confidences are half precision
    }


def compare_with_hotcoco(setting: Setting) -> dict[str, float | str]:
    """Measure what a paired replicate costs, ours and hotcoco's, on the same records."""
    from hotcoco import compare

    records = simulate(setting, np.random.default_rng(0))
    pair, ours, replicates = pair_of(*records, "mAP50-95"), 0.0, 250
    pair.sampled(np.ones((setting.images, 2), np.float32), everything=False)
    for weights in bootstrap_weights(pair.keys, 0, replicates):
        started = time.process_time()
        pair.sampled(weights, everything=False)
        ours += time.process_time() - started
    evaluations, spent = beside_hotcoco.evaluations(*records), []
    compare(*evaluations, n_bootstrap=1)
    counts = HOTCOCO_REPLICATES[setting]
    for count in counts:
        started = time.process_time()
        compare(*evaluations, n_bootstrap=count)
        spent.append(time.process_time() - started)
    theirs = (spent[1] - spent[0]) / (counts[1] - counts[0])
    return {
        "version": beside_hotcoco.version(),
        "cpu_seconds_a_thousand": round(1000 * ours / replicates, 2),
        "cpu_seconds_a_thousand_of_hotcoco": round(1000 * theirs, 2),
        "times_less": round(theirs / (ours / replicates)),
    }


def fresh(setting: str, replicates: int, *, plain: bool) -> dict[str, float]:
    """Measure in a fresh process."""
    words = [sys.executable, __file__, "--setting", setting, "--replicates", str(replicates)]
    done = subprocess.run([*words, *(["--plain"] if plain else [])], capture_output=True, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def main() -> None:
    """Measure and write the result."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--setting", choices=("coco", "small"))
    parser.add_argument("--replicates", type=int, default=1000)
    parser.add_argument("--plain", action="store_true")
    parser.add_argument("--make", nargs=2)
    parser.add_argument("--hotcoco", action="store_true")
    options = parser.parse_args()
    if options.make:
        for records, file in zip(
            simulate(COCO if options.setting == "coco" else SMALL, np.random.default_rng(0)), options.make, strict=True
        ):
            write_arrays(Path(file), to_arrays(records))
        return
    if options.setting:
        setting = COCO if options.setting == "coco" else SMALL
        print(json.dumps(measure(setting, options.replicates, plain=options.plain)))
        return
    if options.hotcoco:
        started, content = time.monotonic(), json.loads(Path(__file__).with_suffix(".json").read_text())
        content["hotcoco"] = {item.name: compare_with_hotcoco(item) for item in (SMALL, COCO)}
        print(json.dumps(content["hotcoco"], indent=2))
        keep(Path(__file__), content, "--hotcoco", time.monotonic() - started, "hotcoco")
        return
    commit = subprocess.run(["git", "rev-parse", "HEAD"], capture_output=True, text=True, check=False).stdout.strip()
    content = {
        "coco": fresh("coco", 1000, plain=True),
        "coco, four times the replicates": fresh("coco", 4000, plain=False),
        "200 images, 5 classes": fresh("small", 1000, plain=True),
        "run": {
            "command": "python tests/benchmarks/exact_ap.py",
            "commit": commit,
            "machine": f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}",
        },
    }
    print(json.dumps(content, indent=2))
    Path(__file__).with_suffix(".json").write_text(json.dumps(content, indent=2) + "\n")


if __name__ == "__main__":
    main()
