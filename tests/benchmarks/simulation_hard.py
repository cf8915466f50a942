"""Simulated evaluations of two models on data as users have them: few images, films, rare catastrophes.

Each case names what is simulated, what is counted, and how often that may happen at most; `calibration.py` runs them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from simulation import SETTINGS, Setting, simulate
from simulation_tasks import _header

from yololab.comparison.guards import check_guards
from yololab.config.schema import GuardsConfig
from yololab.files.metrics import MetricsFile
from yololab.statistics.inference.paired_comparison import PairedResult
from yololab.statistics.inference.resampling import Units, group_units
from yololab.statistics.records.base import Records
from yololab.statistics.records.depth import DEPTH_METRICS, DepthImage, pack_depth

Simulated = tuple[Records, Records, Units | None]
PRIMARY = {"detect": "mAP50-95", "depth": "delta1"}
TOLERANCE = 0.01


@dataclass(frozen=True)
class Case:
    """One kind of data.

    Attributes:
        make: Draws the two models, and what is independent of each other (None: the images).
        truth: The true difference.
        counts: What is an error, of a result.
        limit: The share of simulations in which it may be made.
    """

    make: Callable[[np.random.Generator], Simulated]
    truth: float
    counts: Callable[[PairedResult, float], bool]
    limit: float


def alike(rng: np.random.Generator, setting: Setting) -> Simulated:
    """Two equal models."""
    return *simulate(setting, rng), None


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
        sides.append(pack_depth(rows, _header("depth", 0)))
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


CASES = {
    "20 scenes × 5 frames, grouped: false verdicts": Case(lambda rng: film(rng, 20, 5, grouped=True), 0, wrong, 0.06),
    "10 images: interval misses": Case(lambda rng: alike(rng, _few(10)), 0, missed, 0.07),
    "20 images: interval misses": Case(lambda rng: alike(rng, _few(20)), 0, missed, 0.06),
    "50 images: interval misses": Case(lambda rng: alike(rng, _few(50)), 0, missed, 0.06),
    **{
        f"100 images, {classes} equal classes, class_drop=0.05: broken": Case(
            lambda rng, classes=classes: alike(rng, replace(SETTINGS[0], images=100, classes=classes)),
            0,
            guard_breaks,
            0.05,
        )
        for classes in (3, 5, 10)
    },
    **{
        f"{images} images, catastrophes in {rate:.0%}: false IMPROVED": Case(
            lambda rng, images=images, rate=rate: lopsided(rng, images, rate), 0, better, 0.05
        )
        for images in (10, 30, 100)
        for rate in (0.05, 0.1)
    },
    **{
        f"{images} images, worse by τ in {share:.0%}: let pass": Case(
            lambda rng, images=images, share=share: at_the_margin(rng, images, share), -TOLERANCE, let_pass, 0.06
        )
        for images, share in ((100, 0.05), (100, 0.2), (400, 0.05))
    },
}
