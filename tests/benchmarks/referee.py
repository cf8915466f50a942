"""How a night of proposals ends: by the referee, and by the rule "better than the best so far".

    python tests/benchmarks/referee.py                 # 40 to 100 nights a case, writes referee.json
    python tests/benchmarks/referee.py --nights 4 --no-write

A night: 100 proposals, each a simulated model (`simulation.py`, 320 images of 5 classes) held against the reference as
`yololab referee judge` does it. Null nights: all models are equal. Nights with gains: five of the 100, at random
places, raise the skill so that the mAP is about 0.03 better; what is built on a kept one has its skill. Seeds: each
model's skill has a random part of its own, as seeds give it, and the reference has eight seeds, or sixteen. Further
seeds: of each proposal that is kept, so many more seeds are trained and judged, and stand for the reference as well.
A series: 20 equal models in a row against a baseline that `if_improved` moves, with and without `baseline.looks=20`.

A proposal whose gain lies below 2.5 of its linear standard errors is discarded without a resample: the test asks for
3.3 (a model of the series at 0.05: below 1.7, where 1.96 is asked for). Cases that are not run keep what they had.
"""

import argparse
import json
import multiprocessing
import sys
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))
from calibration import keep, rate
from simulation import SKILL, Setting, detected
from simulation_hard import PrimaryOnly

from yololab.files.looks import look_of
from yololab.statistics.inference.noise_floor import (
    NoiseFloor,
    noise_floor,
    noise_test,
    value_and_influence,
    with_scale_of,
)
from yololab.statistics.inference.paired_comparison import compare_pair
from yololab.statistics.inference.resampling import Units
from yololab.statistics.records.detections import DetectionRecords
from yololab.sweep.referee.night import NIGHT_ALPHA

PROPOSALS, GAINS, LOOKS, TOLERANCE = 100, 5, 20, 0.01
PRIMARY = "mAP50-95"
# The mean difference of 0.03 that a night's gains have: skill 0.8 + 0.27 on a large set.
STEP = 0.27
SEED_SKILL, SEEDS, FURTHER = 0.02, 8, 3
_FAR_BEHIND, _CHANCE = 2.5, 1.7
SETTING = Setting("320 images, 5 classes", 320, 5, 16, 8, 0.0)


def better(current, reference, alpha: float) -> str:
    """Return the verdict on a model at a level."""
    error = float(np.sqrt(np.square(current[2] - reference[2]).sum()))
    if abs(current[1] - reference[1]) < (_FAR_BEHIND if alpha < NIGHT_ALPHA else _CHANCE) * error:
        return "INCONCLUSIVE"
    return str(compare_pair(PrimaryOnly(current[0], reference[0]), TOLERANCE, alpha=alpha).verdict)


class Images:
    """Validation images of a night; models are made over them one after the other."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.rng = rng
        self.image = np.repeat(np.arange(SETTING.images), rng.poisson(SETTING.objects, SETTING.images))
        self.labels = rng.choice(SETTING.classes, len(self.image))
        self.hard = rng.normal(0, 0.6, SETTING.images)[self.image] + rng.normal(0, 0.6, len(self.image))

    def model(self, skill: float) -> tuple[DetectionRecords, float, np.ndarray]:
        """Return a model of a skill as the referee sees it: records, value, influences."""
        records = detected(SETTING, self.image, self.labels, self.hard, skill, self.rng)
        return records, *value_and_influence(records, PRIMARY, Units(records.keys))


def middle(group: list) -> tuple:
    """Return the middle one of several models by its value, the lower one of two."""
    return sorted(group, key=lambda seed: seed[1])[(len(group) - 1) // 2]


def night(task: tuple[str, int]) -> dict:
    """Return what a night keeps."""
    case, number = task
    rng = np.random.default_rng([23, number, len(case)])
    spread = SEED_SKILL if "seeds" in case else 0.0
    true = set(rng.choice(PROPOSALS, GAINS, replace=False).tolist()) if "gains" in case else set()
    images, kept, errors, looks = Images(rng), [], [], []
    seeds, further = (SEEDS * (1 + ("sixteen" in case)) if spread else 1), FURTHER * ("further" in case)
    own = [images.model(SKILL + rng.normal(0, spread)) for _ in range(seeds)]
    floor: NoiseFloor | None = None
    if spread:
        floor = now = noise_floor([seed[0] for seed in own], PRIMARY, Units(own[0][0].keys))
    reference = middle(own)
    skill, best, greedy = SKILL, reference[1], 0  # a proposal is built on what was kept
    for place in range(PROPOSALS):
        proposed = skill + STEP * (place in true)
        candidate = images.model(proposed + rng.normal(0, spread))
        greedy, best = (greedy + 1, candidate[1]) if candidate[1] > best else (greedy, best)
        look = look_of(looks, str(place), PROPOSALS, 2 * NIGHT_ALPHA)
        looks.append({"candidate": str(place), "alpha": look.alpha})
        keeps = better(candidate, reference, look.alpha) == "IMPROVED"
        if floor is not None:
            alone = bool(kept) and not further
            before = reference[1:] if alone else (float(np.mean(now.values)), now.influence)
            variance = float(np.square(candidate[2] - before[1]).sum())
            stands = 1 if alone else len(now.values)
            test = noise_test(now, candidate[1] - before[0], variance, PROPOSALS, NIGHT_ALPHA, stands_for=stands)
            errors.append(test.error)
            keeps = keeps and test.exceeds
        else:
            errors.append(float(np.sqrt(np.square(candidate[2] - reference[2]).sum())))
        if keeps:
            kept.append(place)
            reference, skill = candidate, proposed
            if further:
                group = [candidate, *(images.model(skill + rng.normal(0, spread)) for _ in range(further))]
                found = noise_floor([seed[0] for seed in group], PRIMARY, Units(candidate[0].keys))
                reference, now = middle(group), with_scale_of(found, floor)
    return {
        "kept": len(kept),
        "false": sum(place not in true for place in kept),
        "true": sum(place in true for place in kept),
        "greedy": greedy,
        "error": float(np.median(errors)),
    }


def series(task: tuple[int, int]) -> dict:
    """Return whether 20 equal models in a row move the baseline, or are called worse."""
    declared, number = task
    rng = np.random.default_rng([29, number])
    images = Images(rng)
    reference, promoted, degraded = images.model(SKILL), False, False
    for _ in range(LOOKS):
        model = images.model(SKILL)
        verdict = better(model, reference, NIGHT_ALPHA / declared)
        degraded |= verdict == "DEGRADED"
        if verdict == "IMPROVED":
            promoted, reference = True, model
    return {"promoted": promoted, "degraded": degraded, "any": promoted or degraded}


def shares_of(rows: list[dict]) -> dict:
    """Return what the nights of a case came to."""
    return {
        "nights": len(rows),
        "keeps_anything_false": rate([row["false"] > 0 for row in rows]),
        "true_kept_mean": round(float(np.mean([row["true"] for row in rows])), 2),
        "at_least_three_true_kept": rate([row["true"] >= 3 for row in rows]),
        "greedy_kept_mean": round(float(np.mean([row["greedy"] for row in rows])), 2),
        "median_standard_error": round(float(np.median([row["error"] for row in rows])), 5),
    }


def shares_of_series(rows: list[dict]) -> dict:
    """Return what the series of a case came to."""
    return {"series": len(rows)} | {key: rate([row[key] for row in rows]) for key in ("promoted", "degraded", "any")}


# What is simulated, how, how often by default, and what is told of it.
CASES = {
    "null": (night, "null", 100, shares_of),
    "gains": (night, "gains", 40, shares_of),
    f"series of {LOOKS}, looks={LOOKS}": (series, LOOKS, 100, shares_of_series),
    "null, seeds": (night, "null, seeds", 40, shares_of),
    "gains, seeds": (night, "gains, seeds", 40, shares_of),
    "gains, seeds, three further": (night, "gains, seeds, three further", 40, shares_of),
    "gains, sixteen seeds, three further": (night, "gains, sixteen seeds, three further", 40, shares_of),
    f"series of {LOOKS}, looks=null": (series, 1, 30, shares_of_series),
}


def main() -> None:
    """Run the simulations; the results are written after each case."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--nights", type=int, help="of each case, instead of its own number")
    parser.add_argument("--cases", nargs="+", default=list(CASES), choices=list(CASES))
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--no-write", action="store_true")
    options = parser.parse_args()
    started, results = time.perf_counter(), Path(__file__).with_suffix(".json")
    known = json.loads(results.read_text()) if results.is_file() else {}
    with multiprocessing.Pool(options.jobs) as pool:
        for case in options.cases:
            simulated, kind, nights, shares = CASES[case]
            rows = pool.map(simulated, [(kind, number) for number in range(options.nights or nights)], chunksize=1)
            known[case] = shares(rows)
            print(case, known[case], flush=True)
            if not options.no_write:
                words = f"--nights {options.nights}" if options.nights else ""
                content = known | {"a night": {"proposals": PROPOSALS, "gains": GAINS, "gain": 0.03}}
                keep(Path(__file__), content, f"{words} --cases '{case}'".strip(), time.perf_counter() - started, case)


if __name__ == "__main__":
    main()
