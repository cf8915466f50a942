"""How many trainings `search=seeds` saves, and how often it is wrong; run on demand, under a minute.

    nice -n 19 python tests/benchmarks/sequential_seeds.py

Two recipes of up to five seeds each, simulated as images × runs: an effect of each recipe on each image, of each seed,
and of each run on each image. From the third seed on they are looked at as a sweep looks at them, by the code that it
runs: one recipe is called the best, or that all seeds would tell has become unlikely (`search.futility`), or neither.
Differences are in standard errors of five seeds a side. Writes sequential_seeds.json beside itself.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))
from calibration import keep

from yololab.config.search import SearchConfig
from yololab.statistics.inference.best import rank_recipes
from yololab.statistics.inference.seeds import chance_of_answer, level_of_looks
from yololab.sweep.results.sequential import _SPENT

SEEDS, FIRST, IMAGES, RESAMPLES = 5, 3, 150, 150
FUTILITY = SearchConfig().futility
LEVEL = level_of_looks(range(FIRST, SEEDS + 1), _SPENT) / 2
# Name → standard deviations: of a recipe on an image, between seeds (√images times), of a run on an image.
KINDS = {
    "images, seeds and runs": (0.5, 0.8, 0.8),
    "mostly seeds": (0.1, 1.0, 0.3),
    "mostly runs on images": (0.3, 0.3, 1.0),
    "nothing but seeds": (0.0, 1.0, 0.1),
}
DIFFERENCES = (0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0)


def simulated(
    rng: np.random.Generator, kind: tuple[float, float, float], difference: float
) -> tuple[tuple[int, bool], tuple[int, bool]]:
    """Return after how many seeds a pair of recipes ends, and whether one of them is called the best.

    As it is, and where it does not end for want of hope.
    """
    of_image, of_seed, of_run = kind
    error = np.sqrt((2 * of_image**2 + 2 * (of_seed**2 + of_run**2) / SEEDS) / IMAGES)
    shared = rng.normal(0, 1, IMAGES)
    arms = [
        shared
        + rng.normal(0, of_image, IMAGES)
        + rng.normal(0, of_seed / np.sqrt(IMAGES), (SEEDS, 1))
        + rng.normal(0, of_run, (SEEDS, IMAGES))
        + (difference * error if place == 0 else 0.0)
        for place in range(2)
    ]
    weights = rng.multinomial(IMAGES, [1 / IMAGES] * IMAGES, RESAMPLES).T / IMAGES
    hopeless = None
    for seeds in range(FIRST, SEEDS + 1):
        sides = [arm[:seeds] for arm in arms]
        values, sampled = [arm.mean(axis=1).tolist() for arm in sides], [arm @ weights for arm in sides]
        _, standings = rank_recipes(values, sampled, IMAGES, alpha=LEVEL)
        if sum(standing.could_be_best for standing in standings) == 1:
            return hopeless or (seeds, True), (seeds, True)
        (rival,) = (standing.behind for standing in standings if standing.behind)
        known = seeds / SEEDS
        chance = chance_of_answer(rival.difference.gain, rival.standard_error, rival.degrees, known, LEVEL)
        if seeds < SEEDS and chance < FUTILITY:
            hopeless = hopeless or (seeds, False)
    return hopeless or (SEEDS, False), (SEEDS, False)


def measured(kind: str, difference: float, times: int) -> dict[str, Any]:
    """Return how a kind of data fares."""
    rng = np.random.default_rng([list(KINDS).index(kind), round(10 * difference)])
    found = [simulated(rng, KINDS[kind], difference) for _ in range(times)]
    seeds, seeds_without = (float(np.mean([pair[way][0] for pair in found])) for way in (0, 1))
    claimed, claimed_without = (float(np.mean([pair[way][1] for pair in found])) for way in (0, 1))
    return {
        "difference_in_errors": difference,
        "called_best": round(claimed, 4),
        "error": round(float(np.sqrt(claimed * (1 - claimed) / times)), 4),
        "mean_seeds": round(seeds, 3),
        "trainings_saved": round(1 - seeds / SEEDS, 3),
        "without_futility": {
            "called_best": round(claimed_without, 4),
            "trainings_saved": round(1 - seeds_without / SEEDS, 3),
        },
    }


def main() -> None:
    """Simulate every kind, and write the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--times", type=int, default=1500, help="simulations of each case")
    times, started = parser.parse_args().times, time.process_time()
    cases: dict[str, Any] = {"simulations_a_case": times, "futility": FUTILITY}
    for kind in KINDS:
        cases[kind] = [measured(kind, difference, times) for difference in DIFFERENCES]
        print(kind, *cases[kind], sep="\n  ", flush=True)
    keep(Path(__file__), cases, "", time.process_time() - started)


if __name__ == "__main__":
    main()
