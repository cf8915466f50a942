"""Simulated choices among equal models on the images that judge them: checkpoints of a training, trials of a sweep.

All checkpoints are equally good, and differ by chance alone: the worst that a choice can do to a comparison. (Those of
a real training resemble their neighbours, and the first ones are no candidates.)
"""

from dataclasses import replace
from pathlib import Path

import numpy as np
from simulation import SETTINGS, SKILL, detected, simulate
from simulation_hard import PRIMARY, REPLICATES, TOLERANCE, paired

from yololab.comparison.selection.optimism import excess_of, explains
from yololab.files.metrics import MetricsFile
from yololab.statistics.inference.best import select_best
from yololab.statistics.inference.paired_comparison import compare_pair
from yololab.statistics.inference.resampling import Units
from yololab.statistics.metrics.detection_metrics import DetectionMetrics
from yololab.statistics.metrics.point_metrics import point_metrics
from yololab.statistics.metrics.ranked_detections import rank_classes
from yololab.statistics.records.detections import DetectionRecords

# How many epochs the current model and the baseline were chosen from.
CHOICES = {"best of 100 epochs against best of 10": (100, 10), "best of 200 epochs against best of 5": (200, 5)}
TRIALS = {"20 equal trials, 30 images": (30, 20), "20 equal trials, 200 images": (200, 20)}


def chosen(rng: np.random.Generator, epochs: tuple[int, int]) -> dict[str, float | bool]:
    """Compare the best checkpoint of one training with the best one of another, which is as good."""
    setting = SETTINGS[1]
    image = np.repeat(np.arange(setting.images), rng.poisson(setting.objects, setting.images))
    labels = rng.integers(0, setting.classes, len(image))
    hard = rng.normal(0, 0.6, setting.images)[image] + rng.normal(0, 0.6, len(image))
    sides = [_best(lambda: detected(setting, image, labels, hard, SKILL, rng), count) for count in epochs]
    result = compare_pair(paired(sides[0][0], sides[1][0]), TOLERANCE)
    excess = excess_of(*(_evaluation(curve) for _, curve in sides))
    row = result.metric(PRIMARY["detect"])
    improved = result.verdict == "IMPROVED"
    return {
        "improved_by_the_test": improved,
        "improved": improved and not explains(excess, result.verdict, row.ci95, lower_is_better=False),
        "difference": row.delta,
        "estimated": excess.bias,
    }


def _best(draw, epochs: int) -> tuple[DetectionRecords, list[float]]:
    """Return the best of so many checkpoints, and the curve that it was chosen by."""
    best, curve = None, []
    for _ in range(epochs):
        records = draw()
        curve.append(point_metrics(rank_classes(records)).means[PRIMARY["detect"]])
        best = records if curve[-1] == max(curve) else best
    return best, curve


def _evaluation(curve: list[float]) -> MetricsFile:
    """Return what metrics.json says of a choice."""
    selection = {"epochs": len(curve), "metric": "fitness", "select": "best", "curve": curve}
    return MetricsFile(Path("metrics.json"), {"task": "detect", "split": "val", "selection": selection})


def best_of(rng: np.random.Generator, images: int, trials: int) -> dict[str, float]:
    """Choose the best of several equal trials: by how much it looks better than it is, and what is said of that."""
    setting = replace(SETTINGS[0], images=images)
    arms = [DetectionMetrics(records) for records in simulate(setting, rng, (SKILL,) * trials)]
    weights = next(Units(arms[0].keys).resamples(REPLICATES))
    values = np.stack([arm.replicates(weights, everything=False).metrics[arm.primary] for arm in arms])
    points = [arm.points()[arm.primary] for arm in arms]
    found = select_best(points, values, images=images)
    # All are as good as their mean says.
    return {"true": max(points) - float(np.mean(points)), "estimated": found.optimism}
