"""How often the comparison is wrong for classification, pixels and depth: `calibration.py` for the other tasks.

    python tests/benchmarks/calibration_tasks.py           # 1,000 simulations a setting, writes calibration_tasks.json
    python tests/benchmarks/calibration_tasks.py --simulations 50 --no-write --jobs 1
    python tests/benchmarks/calibration_tasks.py --cases depth     # these alone, beside what is known of the others

The generators are described in `simulation_tasks.py`. For each setting two equal models, and one that is truly worse by
more than the tolerance: how often that is called equivalent or not worse is the error that a gate would make.
"""

import argparse
import json
import math
import multiprocessing
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))
from calibration import LIMITS, REPLICATES, TOLERANCE, begin, keep, rate, summary
from simulation_tasks import TASK_SETTINGS, TaskSetting

from yololab.statistics.inference import paired_comparison as paired
from yololab.statistics.inference.paired_models import metrics_of, pair_of

CLAIMS = ("EQUIVALENT", "NOT_WORSE", "IMPROVED")


def one(task: tuple[TaskSetting, int, tuple[float, float]]) -> dict[str, float | str | bool]:
    """Compare two simulated models."""
    setting, seed, skills = task
    current, baseline = setting.make(setting, np.random.default_rng([7, seed, len(setting.name)]), skills)
    result = paired.compare_pair(pair_of(current, baseline, setting.primary), TOLERANCE)
    row = result.metric(setting.primary)
    return {
        "delta": row.delta,
        "low": row.ci95[0],
        "high": row.ci95[1],
        "error": row.standard_error,
        "p": row.p,
        "verdict": str(result.verdict),
        "confirmed": result.confirmed,
        "exact_p": result.exact_tests[0].p if result.exact_tests else float("nan"),
    }


def true_difference(setting: TaskSetting) -> float:
    """Return the difference between the worse skill and the usual one, on very large sets."""
    large = replace(setting, images=20_000)
    sides = setting.make(large, np.random.default_rng(3), (setting.worse, setting.skill))
    values = [metrics_of(records, setting.primary).points()[setting.primary] for records in sides]
    return values[0] - values[1]


def of_setting(setting: TaskSetting, count: int, run=map) -> dict:
    """Return the rates of one setting."""
    equal = list(run(one, [(setting, seed, (setting.skill, setting.skill)) for seed in range(count)]))
    worse = list(run(one, [(setting, 10**6 + seed, (setting.worse, setting.skill)) for seed in range(count)]))
    truth = true_difference(setting)
    content = {"equal": summary(equal), "worse": {"true difference": round(truth, 4)} | summary(worse, truth)}
    content["worse"]["wrongly_called_not_worse"] = rate([row["verdict"] in CLAIMS for row in worse])
    if not math.isnan(equal[0]["exact_p"]):
        content["equal"]["mcnemar_below_0.05"] = rate([row["exact_p"] < 0.05 for row in equal])
    return content


def main() -> None:
    """Run the simulations."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--simulations", type=int, default=1000)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--no-write", action="store_true")
    parser.add_argument("--cases", nargs="+", metavar="WORD", help="measure anew what has a name with such a word")
    options = parser.parse_args()
    started, results = time.monotonic(), Path(__file__).with_suffix(".json")
    known = json.loads(results.read_text()) if options.cases else {"settings": {}}
    content: dict = known | {"limits": LIMITS, "tolerance": TOLERANCE, "replicates": REPLICATES}
    words = f"--simulations {options.simulations}" + (f" --cases {' '.join(options.cases)}" if options.cases else "")
    with multiprocessing.get_context("spawn").Pool(options.jobs, begin) as pool:
        for setting in TASK_SETTINGS:
            if options.cases and not any(word in setting.name for word in options.cases):
                continue
            found = of_setting(setting, options.simulations, lambda work, tasks: pool.map(work, tasks, chunksize=8))
            content["settings"][setting.name] = found
            print(setting.name, json.dumps(found), flush=True)
            if not options.no_write:
                keep(Path(__file__), content, words, time.monotonic() - started, setting.name)


if __name__ == "__main__":
    main()
