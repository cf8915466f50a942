"""Random evaluations of each task: what Ultralytics' metrics get to see of each image, and our records of the same."""

from __future__ import annotations

import numpy as np

from yololab.statistics.inference.paired_models import metrics_of
from yololab.statistics.records.base import RecordsHeader
from yololab.statistics.records.classification import ClassifiedImage, pack_classified
from yololab.statistics.records.confusion import ConfusionImage, pack_confusion
from yololab.statistics.records.depth import DEPTH_METRICS, DepthImage, pack_depth


def header(task: str, names: int) -> RecordsHeader:
    """Return what all records have."""
    return RecordsHeader(
        names={index: f"class {index}" for index in range(names)},
        task=task,
        split="val",
        label_fingerprint="",
        protocol={},
        ultralytics="",
    )


def key(number: int) -> str:
    """Return the key of an image: sorted as they are numbered."""
    return f"{number:05}.jpg"


def classified(targets, predicted, names, confidence=None):
    """Return records of a classification from classes (I,) and predictions (I, K)."""
    sure = np.full(len(targets), 0.5) if confidence is None else confidence
    rows = [
        ClassifiedImage(key(number), int(target), row[:5], float(sure[number]))
        for number, (target, row) in enumerate(zip(targets, predicted, strict=True))
    ]
    return pack_classified(rows, header("classify", names))


def confusion(matrices, names):
    """Return records of a segmentation from matrices (I, S, S)."""
    rows = [ConfusionImage(key(number), matrix) for number, matrix in enumerate(matrices)]
    return pack_confusion(rows, header("semantic", names))


def confusion_of(predicted, truth, side):
    """Count an image's pixels, as the validator's metrics do."""
    valid = (truth != 255) & (predicted >= 0) & (predicted < side) & (truth >= 0) & (truth < side)
    return np.bincount(truth[valid] * side + predicted[valid], minlength=side**2).reshape(side, side)


def depth(values, pixels=None):
    """Return records of a depth estimate from values (I, 6), NaN rows for images that were left out."""
    rows = [
        DepthImage(
            key(number),
            None if np.isnan(row).any() else dict(zip(DEPTH_METRICS, map(float, row), strict=True)),
            100 if pixels is None else int(pixels[number]),
        )
        for number, row in enumerate(values)
    ]
    return pack_depth(rows, header("depth", 0))


def resamples(rng, images):
    """Return unit weights and three resamples, whole numbers, shape (I, 4)."""
    drawn = rng.multinomial(images, np.full(images, 1 / images), 3)
    return np.stack([np.ones(images, int), *drawn], axis=1)


def ours_under(records, primary, weights):
    """Return the replicates and the classes in their order."""
    measure = metrics_of(records, primary)
    found = measure.replicates(np.ascontiguousarray(weights, np.float32), everything=True)
    return measure, found, [point.index for points in measure.class_points().values() for point in points]
