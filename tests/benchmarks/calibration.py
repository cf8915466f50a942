"""How often the comparison is wrong: false alarms without a true difference, and power with one.

    python tests/benchmarks/calibration.py                 # 1,000 simulations a setting, writes calibration.json
    python tests/benchmarks/calibration.py --simulations 50 --no-write

The generator is described in `simulation.py`. Each simulation is a paired comparison with 1,000 replicates at τ = 0.01
and α = 0.05. Data that users have (films, few images,
rare catastrophes) are the cases of `simulation_hard.py`.
"""

from __future__ import annotations

import argparse
import json
import math
import multiprocessing
import os
import platform
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))
from simulation import SETTINGS, SKILL, Setting, simulate
from simulation_hard import CASES, PRIMARY

from yololab.statistics.inference import paired_comparison as paired
from yololab.statistics.inference.paired_models import DetectionPair, pair_of
from yololab.statistics.metrics.detection_metrics import DetectionMetrics
from yololab.statistics.metrics.point_metrics import point_metrics
from yololab.statistics.metrics.ranked_detections import rank_classes

TOLERANCE = 0.01
REPLICATES = 1_000
POWER_SKILLS = (0.7, 0.6, 0.4, 0.0)
LIMITS = {"interval": 0.08, "permutation": 0.07, "verdict": 0.05}


class PrimaryOnly(DetectionPair):
    """A pair whose costly secondary metrics are never wanted."""

    def sampled(self, weights, *, everything):
        return super().sampled(weights, everything=False)

    def swapped(self, swap, *, everything):
        return super().swapped(swap, everything=False)


def one(task: tuple[Setting, int, tuple[float, float]]) -> dict[str, float | str | bool]:
    """Compare two simulated models."""
    setting, seed, skills = task
    current, baseline = simulate(setting, np.random.default_rng([7, seed, len(setting.name)]), skills)
    result = paired.compare_pair(PrimaryOnly(DetectionMetrics(current), DetectionMetrics(baseline)), TOLERANCE)
    row = result.metric("mAP50-95")
    return {
        "delta": row.delta,
        "low": row.ci95[0],
        "high": row.ci95[1],
        "error": row.standard_error,
        "p": row.p,
        "verdict": str(result.verdict),
        "confirmed": result.confirmed,
    }


def begin() -> None:
    """Prepare a worker process."""
    paired.FEW_REPLICATES = paired.MANY_REPLICATES = REPLICATES


def one_case(task: tuple[str, int]) -> bool:
    """Return whether the error that a case counts is made."""
    name, seed = task
    case = CASES[name]
    current, baseline, units = case.make(np.random.default_rng([11, seed, len(name)]))
    pair = pair_of(current, baseline, PRIMARY[current.task])
    result = paired.compare_pair(pair, TOLERANCE, units=units)
    return case.counts(result, case.truth)


def rate(values) -> dict[str, float]:
    """Return a rate with its binomial standard error."""
    share = float(np.mean(values))
    return {"rate": round(share, 4), "standard_error": round(math.sqrt(share * (1 - share) / len(values)), 4)}


def summary(found: list[dict], truth: float = 0.0) -> dict:
    """Return the rates of one setting."""
    verdicts = [row["verdict"] for row in found]
    return {
        "simulations": len(found),
        "interval_excludes_truth": rate([not row["low"] <= truth <= row["high"] for row in found]),
        "permutation_below_0.05": rate([row["p"] < 0.05 for row in found]),
        "verdict_degraded": rate([verdict == "DEGRADED" for verdict in verdicts]),
        "verdict_degraded_confirmed": rate([row["confirmed"] for row in found]),
        "verdict_improved": rate([verdict == "IMPROVED" for verdict in verdicts]),
        "verdict_degraded_or_improved": rate([verdict in ("DEGRADED", "IMPROVED") for verdict in verdicts]),
        "verdicts": {name: verdicts.count(name) for name in sorted(set(verdicts))},
        "bare_rule_degraded": rate([row["delta"] < -TOLERANCE for row in found]),
        "standard_deviation_of_delta": round(float(np.std([row["delta"] for row in found], ddof=1)), 5),
        "mean_standard_error": round(float(np.mean([row["error"] for row in found])), 5),
    }


def true_difference(setting: Setting, skills: tuple[float, float]) -> float:
    """Return the difference of two skills on a very large set."""
    from dataclasses import replace

    large = replace(setting, images=20_000)
    values = [
        point_metrics(rank_classes(records)).means["mAP50-95"]
        for records in simulate(large, np.random.default_rng(3), skills)
    ]
    return values[0] - values[1]


def keep(script: Path, content: dict, words: str, seconds: float) -> None:
    """Write what a calibration found beside its script, with the command, the commit and the machine."""
    commit = subprocess.run(["git", "rev-parse", "HEAD"], capture_output=True, text=True, check=False).stdout.strip()
    run = {
        "command": f"python tests/benchmarks/{script.name} {words}",
        "commit": commit,
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}",
        "seconds": round(seconds),
    }
    script.with_suffix(".json").write_text(json.dumps(content | {"run": run}, indent=2) + "\n")


def main() -> None:
    """Run the simulations."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--simulations", type=int, default=1000)
    parser.add_argument("--power-simulations", type=int, default=200)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--no-write", action="store_true")
    parser.add_argument("--cases", nargs="+", metavar="WORD", help="only the cases whose names hold one; not written")
    options = parser.parse_args()
    started = time.monotonic()
    content: dict = {
        "limits": LIMITS,
        "tolerance": TOLERANCE,
        "replicates": REPLICATES,
        "settings": {},
        "cases": {},
        "power": {},
    }
    with multiprocessing.get_context("spawn").Pool(options.jobs, begin) as pool:
        for setting in () if options.cases else SETTINGS:
            # The smallest set is the cheapest, and its rates lie nearest to the limits: look there more closely.
            count = options.simulations * (5 if setting.images == 50 else 1)
            tasks = [(setting, seed, (SKILL, SKILL)) for seed in range(count)]
            found = pool.map(one, tasks, chunksize=8)
            content["settings"][setting.name] = summary(found)
            print(setting.name, json.dumps(content["settings"][setting.name]), flush=True)
        for name, case in CASES.items():
            if options.cases and not any(word in name for word in options.cases):
                continue
            found = pool.map(one_case, [(name, seed) for seed in range(options.simulations)], chunksize=8)
            content["cases"][name] = {"simulations": len(found), **rate(found), "limit": case.limit}
            print(name, json.dumps(content["cases"][name]), flush=True)
        setting = SETTINGS[1]
        for skill in () if options.cases else POWER_SKILLS:
            truth = true_difference(setting, (skill, SKILL))
            tasks = [(setting, 10**6 + seed, (skill, SKILL)) for seed in range(options.power_simulations)]
            found = pool.map(one, tasks, chunksize=8)
            content["power"][f"true difference {truth:+.4f}"] = {"setting": setting.name} | summary(found, truth)
            print(truth, json.dumps(content["power"][f"true difference {truth:+.4f}"]), flush=True)
    if not options.no_write and not options.cases:
        keep(Path(__file__), content, f"--simulations {options.simulations}", time.monotonic() - started)


if __name__ == "__main__":
    main()
