"""Simulated evaluations of models on data as users have them: few images, films, rare catastrophes, rare classes.

Each case names what is simulated, what is counted, and how often that may, or has to, happen; `calibration.py` runs
them. Beside ours stand the methods that others use, in the same simulations.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path

import numpy as np
from scipy.special import ndtr, ndtri
from simulation import SETTINGS, SKILL, Setting, detected, header_of, simulate

from yololab.comparison.groups import alike_warning
from yololab.comparison.guards import check_guards
from yololab.config.schema import GuardsConfig
from yololab.files.metrics import MetricsFile
from yololab.statistics.inference import recipe_difference
from yololab.statistics.inference.best import select_best
from yololab.statistics.inference.paired_comparison import PairedResult, compare_pair
from yololab.statistics.inference.paired_models import DetectionPair, Pair, metrics_of, pair_of
from yololab.statistics.inference.power import RULED_OUT, units_needed
from yololab.statistics.inference.resampling import Units, group_units
from yololab.statistics.metrics.detection_metrics import DetectionMetrics
from yololab.statistics.records.base import Records
from yololab.statistics.records.depth import DEPTH_METRICS, DepthImage, pack_depth

Simulated = tuple[Records, Records, Units | None]
PRIMARY = {"detect": "mAP50-95", "depth": "delta1"}
TOLERANCE = 0.01
REPLICATES = 300


class PrimaryOnly(DetectionPair):
    """A pair whose costly secondary metrics are never wanted, and which keeps what other methods look at.

    Attributes:
        seen: The difference of the primary metric in each resample.
        unrepeated: The same, where an image that a resample holds twice counts once.
    """

    def __init__(self, current: Records, baseline: Records, *, beside: bool = False) -> None:
        super().__init__(DetectionMetrics(current), DetectionMetrics(baseline))
        self.beside, self.seen, self.unrepeated = beside, [], []

    def sampled(self, weights, *, everything):
        found = super().sampled(weights, everything=False)
        if self.beside:
            once = super().sampled(np.minimum(weights, 1), everything=False)
            for target, sides in ((self.seen, found), (self.unrepeated, once)):
                ours, theirs = (side.metrics[self.primary] for side in sides)
                target.append((ours - theirs).astype(np.float64))
        return found

    def swapped(self, swap, *, everything):
        return super().swapped(swap, everything=False)


def paired(current: Records, baseline: Records) -> Pair:
    """Return two models as a pair, of which the primary metric alone is looked at."""
    if current.task == "detect":
        return PrimaryOnly(current, baseline)
    return pair_of(current, baseline, PRIMARY[current.task])


@dataclass(frozen=True)
class Case:
    """One kind of data.

    Attributes:
        share: Which share of what is counted happens in one simulation: 0 or 1, or between them for several models.
        most: How often it may happen at most.
        least: How often it has to happen at least.
        part: The share of the simulations that is enough, where one is costly.
    """

    share: Callable[[np.random.Generator], float]
    most: float = 1.0
    least: float = 0.0
    part: float = 1.0


def compared(
    make: Callable[[np.random.Generator], Simulated],
    counts: Callable[[PairedResult, float], bool],
    most: float,
    truth: float = 0.0,
    part: float = 1.0,
) -> Case:
    """Return the case of a paired comparison.

    Args:
        make: Draws the two models, and what is independent of each other (None: the images).
        counts: What is an error, of a result.
        most: How often it may be made.
        truth: The true difference.
        part: As in `Case`.
    """

    def share(rng: np.random.Generator) -> float:
        current, baseline, units = make(rng)
        return float(counts(compare_pair(paired(current, baseline), TOLERANCE, units=units), truth))

    return Case(share, most, part=part)


def alike(rng: np.random.Generator, setting: Setting) -> Simulated:
    """Two equal models."""
    return *simulate(setting, rng), None


def crowded(rng: np.random.Generator, images: int, objects: int) -> Simulated:
    """Two equal models; one of the images holds many objects, and the models find an image harder or easier each."""
    setting = _few(images)
    counts = rng.poisson(setting.objects, images)
    counts[0] = objects
    image = np.repeat(np.arange(images), counts)
    return *_both(rng, setting, image, rng.integers(0, setting.classes, len(image)), own=0.5), None


def rare_class(rng: np.random.Generator, images: int, labels: int) -> Simulated:
    """Two equal models; one of the classes has hardly a label."""
    setting = _few(images)
    image = np.repeat(np.arange(images), rng.poisson(setting.objects, images))
    classes = rng.integers(0, setting.classes - 1, len(image))
    classes[rng.choice(len(image), labels, replace=False)] = setting.classes - 1
    return *_both(rng, setting, image, classes), None


def _both(rng, setting, image, classes, own=0.0):
    hard = rng.normal(0, 0.6, setting.images)[image] + rng.normal(0, 0.6, len(image))
    each = [hard + rng.normal(0, own, setting.images)[image] for _ in range(2)]
    return [detected(setting, image, classes, difficulty, SKILL, rng) for difficulty in each]


def film(rng: np.random.Generator, scenes: int, frames: int, *, grouped: bool) -> Simulated:
    """Scenes of a film: each image several times, with a little of its own in every frame."""
    setting = replace(SETTINGS[1], images=scenes)
    sides = []
    for records in simulate(setting, rng):
        place = np.repeat(np.arange(scenes), frames)
        detections = np.concatenate([np.arange(*records.offsets[i : i + 2]) for i in place])
        labels = np.concatenate([np.arange(*records.truth_offsets[i : i + 2]) for i in place])
        # The frames' confidences differ by a hundredth: alike, not equal.
        confidence = np.clip(records.confidence[detections] + rng.normal(0, 0.01, len(detections)), 0.001, 1)
        sides.append(
            replace(
                records,
                keys=tuple(f"{scene:03}/{frame}" for scene in range(scenes) for frame in range(frames)),
                sizes=records.sizes[place],
                detections=records.detections[place],
                classes=records.classes[detections],
                confidence=confidence.astype(np.float32),
                boxes=records.boxes[detections],
                flags={"box": records.flags["box"][detections]},
                truth_image=np.repeat(np.arange(len(place)), np.diff(records.truth_offsets)[place]).astype(np.uint32),
                truth_class=records.truth_class[labels],
                truth_boxes=records.truth_boxes[labels],
            )
        )
    return *sides, group_units([key.split("/")[0] for key in sides[0].keys]) if grouped else None


def of_values(current: np.ndarray, baseline: np.ndarray) -> Simulated:
    """Two models of which each image has a value of its own."""
    sides = []
    for values in (current, baseline):
        rows = [
            DepthImage(f"{number:06}", dict.fromkeys(DEPTH_METRICS, float(value)), 1000)
            for number, value in enumerate(values)
        ]
        sides.append(pack_depth(rows, header_of("depth", 0)))
    return sides[0], sides[1], None


def lopsided(rng: np.random.Generator, images: int, rate: float) -> Simulated:
    """Small gains nearly everywhere, catastrophes in a few images, together nothing."""
    baseline, gain = rng.normal(0.8, 0.03, images), 0.02
    failed = rng.random(images) < rate
    change = np.where(failed, -gain * (1 - rate) / rate, gain) + rng.normal(0, gain, images)
    return of_values(baseline + change, baseline)


def at_the_margin(rng: np.random.Generator, images: int, share: float) -> Simulated:
    """The same in most images; worse in a few, by the tolerance on average."""
    baseline = rng.normal(0.8, 0.03, images)
    return of_values(baseline - np.where(rng.random(images) < share, TOLERANCE / share, 0), baseline)


def wrong(result: PairedResult, _: float) -> bool:
    """Whether a difference is claimed where there is none."""
    return result.verdict in ("IMPROVED", "DEGRADED")


def better(result: PairedResult, _: float) -> bool:
    """Whether a gain is claimed."""
    return result.verdict == "IMPROVED"


def missed(result: PairedResult, truth: float) -> bool:
    """Whether the 95 % interval of the primary metric misses the truth."""
    row = next(row for row in result.metrics if row.metric in PRIMARY.values())
    return not row.ci95[0] <= truth <= row.ci95[1]


def let_pass(result: PairedResult, _: float) -> bool:
    """Whether it is called as good as the baseline."""
    return result.verdict in ("IMPROVED", "EQUIVALENT", "NOT_WORSE")


def guard_breaks(result: PairedResult, _: float) -> bool:
    """Whether `baseline.guards.class_drop=0.05` is broken."""
    classes = {str(item.index): item for item in result.classes}
    metrics = MetricsFile(Path("metrics.json"), {"task": "detect", "per_class": {}})
    return any(guard.broken for guard in check_guards(GuardsConfig(class_drop=0.05), metrics, None, classes))


def _few(images: int) -> Setting:
    return replace(SETTINGS[0], images=images)


def left_out(rng: np.random.Generator, images: int, models: int) -> float:
    """Return how many of several equal models are called worse than the best one, as a share."""
    arms = [DetectionMetrics(records) for records in simulate(_few(images), rng, (SKILL,) * models)]
    weights = next(Units(arms[0].keys).resamples(REPLICATES))
    values = np.stack([arm.replicates(weights, everything=False).metrics[arm.primary] for arm in arms])
    found = select_best([arm.points()[arm.primary] for arm in arms], values, images=images)
    return float(np.mean([not standing.could_be_best for standing in found.standings]))


def ruled_out(rng: np.random.Generator, tolerance: float) -> float:
    """Whether as many images as two equal models were said to need rule out a drop of the tolerance."""
    needed = compare_pair(paired(*simulate(SETTINGS[1], rng)), tolerance).images_needed
    result = compare_pair(paired(*simulate(_few(needed), rng)), tolerance)
    return float(let_pass(result, 0))


def ruled_out_as_planned(rng: np.random.Generator, scenes: int, frames: int, drop: float) -> float:
    """Whether as many scenes of a film as `plan` says, from two seeds, rule out a drop between two equal models."""
    current, baseline, units = film(rng, scenes, frames, grouped=True)
    apart = np.subtract(*(metrics_of(side, PRIMARY["detect"]).influence() for side in (current, baseline)))
    error = float(np.square(units.gathered(apart)).sum()) ** 0.5
    current, baseline, units = film(rng, units_needed(scenes, error, drop, 0.8, RULED_OUT), frames, grouped=True)
    return float(let_pass(compare_pair(paired(current, baseline), drop, units=units), 0))


def warned(rng: np.random.Generator, scenes: int, frames: int) -> float:
    """Whether images that resemble each other are noticed where no groups are named."""
    current, baseline, _ = film(rng, scenes, frames, grouped=False)
    apart = np.subtract(*(metrics_of(side, PRIMARY["detect"]).influence() for side in (current, baseline)))
    return float(alike_warning(current.keys, apart) is not None)


def shown(rng: np.random.Generator, skill: float, drop: float) -> float:
    """Whether as many images as a worse model was said to need show that it is worse."""
    skills = (skill, SKILL)
    needed = compare_pair(paired(*simulate(SETTINGS[1], rng, skills)), drop / 2).images_to_show
    return float(compare_pair(paired(*simulate(_few(needed), rng, skills)), drop / 2).verdict == "DEGRADED")


def of_seeds(rng: np.random.Generator, skills: tuple[float, float], seeds: int = 6) -> dict[str, bool]:
    """Return what each method says of two recipes, each of which is trained with several seeds: a difference, or none.

    Seeds move the skill of a run by N(0, 0.08). The sign-flip test pairs the runs by their seed.
    """
    of_runs = [skill + rng.normal(0, 0.08) for skill in skills for _ in range(seeds)]
    arms = simulate(SETTINGS[1], rng, of_runs)
    ours, theirs = arms[:seeds], arms[seeds:]
    recipe_difference._REPLICATES = REPLICATES
    recipe = recipe_difference.compare_recipes(ours, theirs, PRIMARY["detect"])
    change = np.subtract(recipe.current, recipe.baseline)
    flips = np.abs(np.array(list(product((1, -1), repeat=seeds))) @ change)
    return {
        "bare rule, one run a side": abs(change[0]) > TOLERANCE,
        "verdict on one run a side": wrong(compare_pair(paired(ours[0], theirs[0]), TOLERANCE), 0),
        "paired sign-flip over the seeds": float(np.mean(flips >= abs(change.sum()) - 1e-12)) < 0.05,
        "recipes, images and seeds": recipe.difference.p < 0.05,
    }


def bca_interval(replicates: np.ndarray, value: float, influence: np.ndarray) -> tuple[float, float]:
    """Return the 95 % BCa interval (Efron 1987), the acceleration from the influences."""
    below = np.clip(np.mean(replicates < value), 1 / len(replicates), 1 - 1 / len(replicates))
    centre = ndtri(below)
    speed = np.sum(influence**3) / (6 * np.sum(influence**2) ** 1.5)
    ends = [centre + (centre + z) / (1 - speed * (centre + z)) for z in ndtri([0.025, 0.975])]
    low, high = np.quantile(replicates, ndtr(ends))
    return float(low), float(high)


CASES = {
    "20 scenes × 5 frames, grouped: false verdicts": compared(
        lambda rng: film(rng, 20, 5, grouped=True), wrong, 0.06, part=0.6
    ),
    "20 scenes × 5 frames, no groups: false verdicts": compared(
        lambda rng: film(rng, 20, 5, grouped=False), wrong, 1.0, part=0.3
    ),
    "20 scenes × 5 frames, no groups: warned": Case(lambda rng: warned(rng, 20, 5), least=0.95, part=0.3),
    "10 images: interval misses": compared(lambda rng: alike(rng, _few(10)), missed, 0.07),
    "20 images: interval misses": compared(lambda rng: alike(rng, _few(20)), missed, 0.06),
    "50 images: interval misses": compared(lambda rng: alike(rng, _few(50)), missed, 0.06),
    **{
        f"100 images, {classes} equal classes, class_drop=0.05: broken": compared(
            lambda rng, classes=classes: alike(rng, replace(SETTINGS[0], images=100, classes=classes)),
            guard_breaks,
            0.05,
            part=0.4,
        )
        for classes in (3, 5, 10)
    },
    **{
        f"{images} images, catastrophes in {rate:.0%}: false IMPROVED": compared(
            lambda rng, images=images, rate=rate: lopsided(rng, images, rate), better, 0.05, part=0.6
        )
        for images in (10, 30, 100)
        for rate in (0.05, 0.1)
    },
    **{
        f"{images} images, worse by τ in {share:.0%}: let pass": compared(
            lambda rng, images=images, share=share: at_the_margin(rng, images, share), let_pass, 0.06, -TOLERANCE
        )
        for images, share in ((100, 0.05), (100, 0.2), (400, 0.05))
    },
    "20 equal trials, 30 images: left out of those that could be best": Case(
        lambda rng: left_out(rng, 30, 20), most=0.05, part=0.3
    ),
    "20 equal trials, 200 images: left out of those that could be best": Case(
        lambda rng: left_out(rng, 200, 20), most=0.05, part=0.3
    ),
    "images needed, two equal models: a drop of 0.03 is ruled out": Case(
        lambda rng: ruled_out(rng, 0.03), most=0.85, least=0.75, part=0.3
    ),
    "groups needed, two equal models of a film: a drop of 0.03 is ruled out": Case(
        lambda rng: ruled_out_as_planned(rng, 60, 3, 0.03), most=0.85, least=0.75, part=0.3
    ),
    "images to show it, a drop of 0.0515: DEGRADED": Case(
        lambda rng: shown(rng, 0.4, 0.0515), most=0.85, least=0.75, part=0.3
    ),
}

# Where a few labels weigh much: the standard error is right, or the comparison says that a few images decide.
UNEVEN = {
    "50 images, one of them with 200 objects": lambda rng: crowded(rng, 50, 200),
    "200 images, a class with two labels": lambda rng: rare_class(rng, 200, 2),
}
