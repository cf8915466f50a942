"""How often slices claim something of two equal models, how well their intervals hold, and what they find.

    python tests/benchmarks/slice_calibration.py     # 1,000 simulations a setting, writes slice_calibration.json
    python tests/benchmarks/slice_calibration.py --simulations 50 --no-write --jobs 1
    python tests/benchmarks/slice_calibration.py --cases boxes dark    # these alone, beside what is known of the others

Two equal models on the sets of `simulation.py`, cut by objects an image, by two properties that have nothing to do with
the models, and by five folders: up to fourteen slices; on sets with boxes of real places, by size and crowding. Counted
is a claim in any slice, and how often the interval of a difference misses 0. Then a model that is truly worse in dark
images alone: how often these are named, and how often another third of the brightness is.
"""

import argparse
import json
import multiprocessing
import sys
import time
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parents[1] / "samples"))
from calibration import keep, rate, remembered
from compare_speed import records_of
from simulation import SETTINGS, SKILL, detected, simulate

from yololab.comparison.slices.slices import Asked, slices_of_two
from yololab.statistics.inference import resampling
from yololab.statistics.inference.resampling import Units
from yololab.statistics.records.detections import DetectionRecords

LIMITS = {"any_claim": 0.05, "interval_misses": 0.07}
BOXED, DARK = "300 images with boxes, 20 classes", "200 images, 5 classes, worse in the dark third"
_DATA, _FOLDERS, _SKILL_IN_THE_DARK = 23, 5, -0.4
Sides = tuple[DetectionRecords, DetectionRecords]


def begin() -> None:
    """Prepare a worker process: resamples depend on the keys alone."""
    resampling.bootstrap_weights = remembered(resampling.bootstrap_weights)


def with_properties(sides: Sides, rng: np.random.Generator, brightness: np.ndarray | None = None) -> Sides:
    """Return records with folders, and with properties that have nothing to do with the models, unless one is given."""
    images = len(sides[0].keys)
    values = {name: rng.uniform(0, 255, images).astype(np.float32) for name in ("brightness", "blur")}
    values |= {} if brightness is None else {"brightness": brightness.astype(np.float32)}
    keys = tuple(f"{place * _FOLDERS // images}/{place:06}.jpg" for place in range(images))
    return replace(sides[0], keys=keys, properties=values), replace(sides[1], keys=keys, properties=values)


def equal_models(name: str, seed: int) -> tuple[Sides, tuple[str, ...]]:
    """Draw two equal models, and what their images are told apart by."""
    if name == BOXED:
        return (records_of(300, SKILL, 2 * seed), records_of(300, SKILL, 2 * seed + 1)), ("size", "crowding")
    place = [setting.name for setting in SETTINGS].index(name)
    rng = np.random.default_rng([_DATA, seed, place])
    return with_properties(simulate(SETTINGS[place], rng), rng), ("crowding", "brightness", "blur", "folder")


def one(name: str, seed: int) -> dict[str, float | None]:
    """Cut one set with two equal models into slices."""
    (current, baseline), names = equal_models(name, seed)
    found = slices_of_two(current, baseline, Units(current.keys), Asked(names))
    rows = [row for row in found["rows"] if row["p"] is not None]
    misses = [not row["ci_low"] <= 0 <= row["ci_high"] for row in rows]
    return {
        "any_claim": bool(found["worse"] or found["better"]),
        "any_worse": bool(found["worse"]),
        "interval_misses": float(np.mean(misses)) if misses else None,
        "tests": found["tests"],
    }


def in_the_dark(seed: int) -> dict[str, bool]:
    """Cut one set with a model that is worse in dark images into slices."""
    setting, rng = SETTINGS[1], np.random.default_rng([_DATA, seed])
    image = np.repeat(np.arange(setting.images), rng.poisson(setting.objects, setting.images))
    labels = rng.integers(0, setting.classes, len(image))
    brightness = rng.uniform(0, 255, setting.images)
    dark = brightness <= np.quantile(brightness, 1 / 3)
    hard = rng.normal(0, 0.6, setting.images)[image] + rng.normal(0, 0.6, len(image))
    harder = hard + (SKILL - _SKILL_IN_THE_DARK) * dark[image]
    sides = detected(setting, image, labels, harder, SKILL, rng), detected(setting, image, labels, hard, SKILL, rng)
    current, baseline = with_properties(sides, rng, brightness)
    found = slices_of_two(current, baseline, Units(current.keys), Asked(("brightness", "blur", "crowding")))
    worse = {row["slice"] for row in found["rows"] if row["finding"] == "worse" and row["property"] == "brightness"}
    return {"dark named": "dark" in worse, "another third named": bool(worse - {"dark"})}


def summary(found: list[dict[str, float | None]]) -> dict[str, object]:
    """Return the rates of one setting."""
    content: dict[str, object] = {"simulations": len(found)}
    content |= {name: rate([row[name] for row in found]) for name in ("any_claim", "any_worse")}
    known = [row["interval_misses"] for row in found if row["interval_misses"] is not None]
    return content | {
        "interval_misses": rate(known),
        "slices": round(float(np.mean([row["tests"] for row in found])), 1),
    }


def main() -> None:
    """Run the simulations."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--simulations", type=int, default=1000)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--no-write", action="store_true")
    parser.add_argument("--cases", nargs="+", metavar="WORD", help="measure anew what has a name with such a word")
    options = parser.parse_args()
    started, count, results = time.monotonic(), options.simulations, Path(__file__).with_suffix(".json")
    known = json.loads(results.read_text()) if options.cases and results.is_file() else {"equal": {}}
    content: dict = known | {"limits": LIMITS}
    with multiprocessing.get_context("spawn").Pool(options.jobs, begin) as pool:

        def run(section: str, name: str, work, simulations: int, summarise) -> None:
            if options.cases and not any(word in name for word in options.cases):
                return
            content.setdefault(section, {})[name] = summarise(pool.map(work, range(simulations), chunksize=4))
            print(name, json.dumps(content[section][name]), flush=True)
            if not options.no_write:
                words = f"--simulations {count}" + (f" --cases {' '.join(options.cases)}" if options.cases else "")
                keep(Path(__file__), content, words, time.monotonic() - started, name)

        for name in (*(setting.name for setting in SETTINGS), BOXED):
            # A set with boxes costs as much as five others.
            run("equal", name, partial(one, name), count if name != BOXED else max(count // 4, 1), summary)
        run(
            "worse",
            DARK,
            in_the_dark,
            max(count // 4, 1),
            lambda found: {key: rate([row[key] for row in found]) for key in found[0]},
        )


if __name__ == "__main__":
    main()
