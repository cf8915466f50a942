"""How often two equal models look different in speed: alone on the machine, and beside busy processes.

    python tests/benchmarks/latency.py [--times 10] [--no-write]

One untrained model is evaluated again and again on the built-in shapes: alone, and while processes on every core
compute in stretches of a second or two. Each two evaluations are held against each other by
`baseline.guards.latency_rise=0`, and by a rule on bare means, that one is more than a tenth slower. Takes two minutes;
for a machine on which nothing else runs.
"""

from __future__ import annotations

import argparse
import itertools
import math
import random
import sys
import tempfile
import time
from dataclasses import asdict
from multiprocessing import get_context
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))
from calibration import keep

from yololab.comparison.guarding.guard import GuardRule
from yololab.comparison.guarding.latency import latency_guards, timing_in
from yololab.config.schema import GuardsConfig, Unsettled
from yololab.data.shapes.builtin import ShapesSpec, ensure_shapes
from yololab.files.metrics import MetricsFile
from yololab.host.cores import usable_cores
from yololab.statistics.timing.latency import BETWEEN_EVALUATIONS, time_of
from yololab.ultralytics_adapter.isolation.runtime import Isolation, prepare

RISE, BARE = 0.0, 0.1
IMAGE_SIZE, BATCH = 160, 4


def burn(seed: int) -> None:
    """Compute in stretches, and rest between them."""
    rng = random.Random(seed)
    while True:
        end = time.perf_counter() + rng.uniform(0.5, 2)
        while time.perf_counter() < end:
            math.sqrt(2)
        time.sleep(rng.uniform(0.2, 1))


def measured(base: Path, times: int) -> list[MetricsFile]:
    """Evaluate one model so many times."""
    from yololab.ultralytics_adapter.isolation.logs import ultralytics_log
    from yololab.ultralytics_adapter.validation.evaluation import Protocol, evaluate

    data, found = ensure_shapes(ShapesSpec(), base / "datasets"), []
    protocol = Protocol(imgsz=IMAGE_SIZE, batch=BATCH, rect=False)
    for _ in range(times):
        with ultralytics_log(lambda level, line: None):
            one = evaluate(base / "model.pt", data, data.parent, protocol, "cpu")
        content = {"task": "detect", "speed_ms": dict(one.speed_ms), "timing": asdict(one.timing)}
        found.append(MetricsFile(Path("metrics.json"), content))
    return found


def compared(files: list[MetricsFile]) -> dict[str, float]:
    """Return how often one of two equal models is called slower, and how far their times lie apart."""
    rule, config = GuardRule(1.0, Unsettled.PASS), GuardsConfig(latency_rise=RISE)
    pairs = list(itertools.permutations(files, 2))
    guards = [next(latency_guards(config, *pair, rule)) for pair in pairs]
    means = [[file.value("speed_ms.inference") for file in pair] for pair in pairs]
    own = [time_of(timing) for file in files if (timing := timing_in(file))]
    quiet = [math.log(one.value) for one in own if one is not None and not one.disturbed]
    return {
        "pairs": len(pairs),
        "broken": round(float(np.mean([guard.broken for guard in guards])), 4),
        "bare_means_a_tenth_slower": round(float(np.mean([now > (1 + BARE) * before for now, before in means])), 4),
        "undisturbed_evaluations": len(quiet),
        "spread_of_undisturbed": round(float(np.std(quiet, ddof=1)), 4) if len(quiet) > 1 else None,
    }


def main() -> None:
    """Measure, and write the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--times", type=int, default=10)
    parser.add_argument("--no-write", action="store_true")
    options, started = parser.parse_args(), time.monotonic()
    content: dict = {"rise": RISE, "between_evaluations": BETWEEN_EVALUATIONS}
    with tempfile.TemporaryDirectory() as folder:
        base = Path(folder)
        prepare(Isolation(base / "cache", base / "weights", base / "datasets", offline=True))
        from ultralytics import YOLO

        YOLO("yolo26n.yaml").save(base / "model.pt")
        content["alone"] = compared(measured(base, options.times))
        print("alone", content["alone"], flush=True)
        burning = [
            get_context("spawn").Process(target=burn, args=(seed,), daemon=True) for seed in range(usable_cores())
        ]
        for process in burning:
            process.start()
        content["beside busy processes"] = compared(measured(base, options.times))
        for process in burning:
            process.terminate()
            process.join()
        print("beside busy processes", content["beside busy processes"], flush=True)
    if not options.no_write:
        keep(Path(__file__), content, f"--times {options.times}", time.monotonic() - started)


if __name__ == "__main__":
    main()
