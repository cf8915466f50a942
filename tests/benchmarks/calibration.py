"""How often the comparison is wrong: false alarms without a true difference, and power with one.

    python tests/benchmarks/calibration.py                 # 1,000 simulations a setting, writes calibration.json
    python tests/benchmarks/calibration.py --simulations 50 --no-write
    python tests/benchmarks/calibration.py --renew --cases hotcoco    # these alone, beside what is known of the others

The generator is described in `simulation.py`. Each simulation is a paired comparison with 300 replicates at τ = 0.01
and α = 0.05; a p-value of as few is as valid as one of many, and its power hardly less. Data that users have (films,
few images, rare catastrophes, rare classes) are the cases of `simulation_hard.py`, choices among checkpoints and trials
those of `simulation_choice.py`; series of candidates are in `referee.py`. In the same simulations: the bare rule, BCa
intervals, resamples in which a repeated image counts once, sign-flips over seeds, and hotcoco, where it is installed.
"""

import argparse
import itertools
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
import beside_hotcoco
from simulation import SETTINGS, SKILL, Setting, simulate
from simulation_choice import CHOICES, TRIALS, best_of, chosen
from simulation_hard import CASES, REPLICATES, TOLERANCE, UNEVEN, PrimaryOnly, bca_interval, of_seeds, paired

from yololab.statistics.inference import paired_comparison, resampling
from yololab.statistics.inference.hypothesis_tests import percentile_interval
from yololab.statistics.metrics.point_metrics import point_metrics
from yololab.statistics.metrics.ranked_detections import rank_classes

POWER_SKILLS = (0.7, 0.6, 0.4, 0.0)
SEEDS = {"equal recipes": (SKILL, SKILL), "one recipe truly worse": (0.6, SKILL)}
LIMITS = {"interval": 0.08, "permutation": 0.07, "verdict": 0.05, "standard_error": 0.15, "told": 0.95, "power": 0.88}
LIMITS |= {"chosen": 0.03, "optimism": 0.1}
# The same data for every version of this file.
_SETTINGS, _CASES, _UNEVEN, _SEEDS, _CHOICES, _TRIALS = 7, 11, 13, 17, 31, 37
_REMEMBERED = 4
_BESIDE = 300  # simulations in which other methods are tried too
_HOTCOCO = {5: 200, 20: 60, 80: 24}  # of so many classes: it takes seconds of many


def row_of(result) -> dict[str, float | str | bool]:
    """Return what is kept of a comparison."""
    row = result.metrics[[row.metric for row in result.metrics].index("mAP50-95")]
    return {
        "delta": row.delta,
        "low": row.ci95[0],
        "high": row.ci95[1],
        "error": row.standard_error,
        "p": row.p,
        "verdict": str(result.verdict),
        "confirmed": result.confirmed,
        "told": result.carriers.warning is not None,
    }


def one(task: tuple[Setting, int, tuple[float, float]]) -> dict[str, float | str | bool]:
    """Compare two simulated models, by our method and by others."""
    setting, seed, skills = task
    rng = np.random.default_rng([_SETTINGS, seed, len(setting.name)])
    pair = PrimaryOnly(*simulate(setting, rng, skills), beside=skills[0] == skills[1] and seed < _BESIDE)
    found = row_of(paired_comparison.compare_pair(pair, TOLERANCE))
    if pair.beside:
        seen, once = np.concatenate(pair.seen), np.concatenate(pair.unrepeated)
        for name, (low, high) in {
            "bca": bca_interval(seen, found["delta"], pair.influence()),
            "unrepeated": percentile_interval(once, 0.95),
        }.items():
            found[name] = not low <= 0 <= high
    return found


def one_of_hotcoco(task: tuple[Setting, int]) -> dict[str, float | bool]:
    """Compare the two models of `one` by hotcoco."""
    setting, seed = task
    sides = simulate(setting, np.random.default_rng([_SETTINGS, seed, len(setting.name)]))
    return beside_hotcoco.difference(*sides, REPLICATES)


def begin() -> None:
    """Prepare a worker process: the verdict of a simulation rests on a fixed number of replicates."""
    for name in ("FIRST_REPLICATES", "FEW_REPLICATES", "MANY_REPLICATES"):
        setattr(paired_comparison, name, REPLICATES)
    resampling.bootstrap_weights = remembered(resampling.bootstrap_weights)


def remembered(draw):
    """Return resamples that are drawn once for all simulations of as many images: they depend on the keys alone."""
    kept: dict = {}

    def drawn(keys, seed, count, rows=None):
        wanted, done = (tuple(keys), seed, rows), 0
        if wanted not in kept:
            while len(kept) > _REMEMBERED:
                kept.pop(next(iter(kept)))
            kept[wanted] = [], draw(keys, seed, 10**9, rows)
        blocks, source = kept[wanted]
        for place in itertools.count():
            if place == len(blocks):
                blocks.append(next(source))
            yield np.ascontiguousarray(blocks[place][:, : count - done])
            done += blocks[place].shape[1]
            if done >= count:
                return

    return drawn


def one_case(task: tuple[str, int]) -> float:
    """Return the share of what a case counts in one simulation."""
    name, seed = task
    return CASES[name].share(np.random.default_rng([_CASES, seed, len(name)]))


def one_uneven(task: tuple[str, int]) -> dict[str, float | str | bool]:
    """Compare two models where a few labels weigh much."""
    name, seed = task
    current, baseline, units = UNEVEN[name](np.random.default_rng([_UNEVEN, seed, len(name)]))
    return row_of(paired_comparison.compare_pair(paired(current, baseline), TOLERANCE, units=units))


def one_of_seeds(task: tuple[str, int]) -> dict[str, bool]:
    """Compare two recipes, by our method and by others."""
    name, seed = task
    return of_seeds(np.random.default_rng([_SEEDS, seed, len(name)]), SEEDS[name])


def one_choice(task: tuple[str, int]) -> dict[str, float | bool]:
    """Compare the best checkpoints of two equal trainings."""
    name, seed = task
    return chosen(np.random.default_rng([_CHOICES, seed, len(name)]), CHOICES[name])


def one_sweep(task: tuple[str, int]) -> dict[str, float]:
    """Choose the best one of equal trials."""
    name, seed = task
    return best_of(np.random.default_rng([_TRIALS, seed, len(name)]), *TRIALS[name])


def rate(values) -> dict[str, float]:
    """Return a rate with its standard error."""
    share = np.asarray(values, float)
    return {"rate": round(share.mean(), 4), "standard_error": round(share.std() / math.sqrt(len(share)), 4)}


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
        **{
            f"{name}_excludes_truth": rate([row[name] for row in found if name in row])
            for name in ("bca", "unrepeated")
            if name in found[0]
        },
        "standard_deviation_of_delta": round(float(np.std([row["delta"] for row in found], ddof=1)), 5),
        "mean_standard_error": round(float(np.mean([row["error"] for row in found])), 5),
    }


def of_uneven(found: list[dict]) -> dict:
    """Return how the standard error compares with the spread of the difference, and how often a warning is given."""
    spread, error = np.std([row["delta"] for row in found], ddof=1), np.mean([row["error"] for row in found])
    return {
        "simulations": len(found),
        "standard_error_of_truth": round(float(error / spread), 3),
        "told": rate([row["told"] for row in found]),
        "verdict_degraded_or_improved": rate([row["verdict"] in ("DEGRADED", "IMPROVED") for row in found]),
    }


def of_hotcoco(found: list[dict]) -> dict:
    """Return how often hotcoco claims a difference of equal models, and its error beside the true one."""
    spread, error = np.std([row["delta"] for row in found], ddof=1), np.mean([row["error"] for row in found])
    return {
        "simulations": len(found),
        "version": beside_hotcoco.version(),
        "interval_excludes_truth": rate([row["excludes"] for row in found]),
        "standard_error_of_truth": round(float(error / spread), 3),
    }


def of_choices(found: list[dict]) -> dict:
    """Return how often the better choice is called a better model, and how much it gives beside what is said of it."""
    return {
        "simulations": len(found),
        "improved_by_the_test_alone": rate([row["improved_by_the_test"] for row in found]),
        "improved": rate([row["improved"] for row in found]),
        "mean_difference": round(float(np.mean([row["difference"] for row in found])), 5),
        "mean_estimate": round(float(np.mean([row["estimated"] for row in found])), 5),
    }


def of_sweeps(found: list[dict]) -> dict:
    """Return the luck of the best of equal trials beside what is said of it."""
    true, estimated = (np.array([row[key] for row in found]) for key in ("true", "estimated"))
    ratio = estimated.mean() / true.mean()
    error = np.std(estimated - ratio * true) / true.mean() / math.sqrt(len(found))
    return {
        "simulations": len(found),
        "mean_optimism": round(float(true.mean()), 5),
        "estimated_of_true": round(float(ratio), 3),
        "standard_error": round(float(error), 4),
    }


def true_difference(setting: Setting, skills: tuple[float, float]) -> float:
    """Return the difference of two skills on a very large set."""
    from dataclasses import replace

    large = replace(setting, images=200_000)
    values = [
        point_metrics(rank_classes(records)).means["mAP50-95"]
        for records in simulate(large, np.random.default_rng(3), skills)
    ]
    return values[0] - values[1]


def keep(script: Path, content: dict, words: str, seconds: float, part: str | None = None) -> None:
    """Write what a calibration found beside its script, with the command, the commit and the machine.

    A part that is measured again, when the rest need not be, has a command of its own.
    """
    commit = subprocess.run(["git", "rev-parse", "HEAD"], capture_output=True, text=True, check=False).stdout.strip()
    run = {
        "command": f"python tests/benchmarks/{script.name} {words}",
        "commit": commit,
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}",
        "seconds": round(seconds),
    }
    content |= {"run": run} if part is None else {"runs": content.get("runs", {}) | {part: run}}
    script.with_suffix(".json").write_text(json.dumps(content, indent=2) + "\n")


def main() -> None:
    """Run the simulations."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--simulations", type=int, default=1000)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--no-write", action="store_true")
    parser.add_argument("--cases", nargs="+", metavar="WORD", help="only what has a name with such a word")
    parser.add_argument("--renew", action="store_true", help="write these cases beside the others that are known")
    options = parser.parse_args()
    started = time.monotonic()
    count, words = options.simulations, options.cases

    def wanted(name: str) -> bool:
        return not words or any(word in name for word in words)

    known = json.loads(Path(__file__).with_suffix(".json").read_text()) if options.renew else {}
    content: dict = known | {"limits": LIMITS, "tolerance": TOLERANCE, "replicates": REPLICATES}
    with multiprocessing.get_context("spawn").Pool(options.jobs, begin) as pool:

        def run(section: str, name: str, work, tasks, summarise) -> None:
            content.setdefault(section, {})[name] = summarise(pool.map(work, tasks, chunksize=8))
            print(section, name, json.dumps(content[section][name]), flush=True)
            if not options.no_write and not words:  # an interrupted run leaves what it has measured
                keep(Path(__file__), content, f"--simulations {count}", time.monotonic() - started)
            if options.renew:
                typed = f"--simulations {count} --renew --cases {' '.join(words or ())}"
                keep(Path(__file__), content, typed, time.monotonic() - started, f"{section}, {name}")

        for setting in filter(lambda item: wanted(item.name), SETTINGS):
            # The rates lie near to the limits: where a simulation is cheap, they are looked at more closely.
            many = count * (2 if setting.images == 50 else 1)
            tasks = [(setting, seed, (SKILL, SKILL)) for seed in range(many)]
            run("settings", setting.name, one, tasks, summary)
        for setting in filter(lambda item: wanted(f"hotcoco, {item.name}"), SETTINGS):
            if not beside_hotcoco.INSTALLED:
                print("hotcoco is not installed: its rows are left out")
                break
            tasks = [(setting, seed) for seed in range(min(count, _HOTCOCO[setting.classes]))]
            run("hotcoco", setting.name, one_of_hotcoco, tasks, of_hotcoco)
        for name in filter(wanted, CHOICES):
            run("choices", name, one_choice, [(name, seed) for seed in range(count * 2 // 5)], of_choices)
        for name in filter(lambda item: wanted(f"optimism, {item}"), TRIALS):
            run("optimism", name, one_sweep, [(name, seed) for seed in range(count // 5)], of_sweeps)
        for name, case in CASES.items():
            if wanted(name):
                limits = {"most": case.most, "least": case.least}
                tasks = [(name, seed) for seed in range(round(count * case.part))]
                run(
                    "cases",
                    name,
                    one_case,
                    tasks,
                    lambda found, x=limits: {"simulations": len(found), **rate(found)} | x,
                )
        for name in filter(wanted, UNEVEN):
            run("uneven", name, one_uneven, [(name, seed) for seed in range(count * 3 // 10)], of_uneven)
        for name in filter(wanted, SEEDS):
            tasks = [(name, seed) for seed in range(count // 8)]
            run(
                "seeds",
                name,
                one_of_seeds,
                tasks,
                lambda found: {key: rate([row[key] for row in found]) for key in found[0]},
            )
        setting = SETTINGS[1]
        for skill in POWER_SKILLS if wanted("power") else ():
            truth = true_difference(setting, (skill, SKILL))
            tasks = [(setting, 10**6 + seed, (skill, SKILL)) for seed in range(count // 5)]
            name = f"true difference {truth:+.4f}"
            run("power", name, one, tasks, lambda found, x=truth: {"setting": setting.name} | summary(found, x))


if __name__ == "__main__":
    main()
