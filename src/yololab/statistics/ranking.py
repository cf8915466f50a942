"""Detections of each class in the order of their confidence: what every average precision starts from.

Ultralytics sorts all detections with `np.argsort(-conf)` and then picks a class's own
(`ultralytics/utils/metrics.py`, `ap_per_class`). Its sort is unstable; ours is stable, so that equal confidences keep
the order of the images, and equal records give equal numbers on every machine.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from yololab.statistics.records import DetectionRecords


@dataclass(frozen=True, eq=False)
class RankedClass:
    """One class that has labels.

    Attributes:
        index: Index of the class.
        image: Image of each detection of the class, by descending confidence, i32, shape (D,).
        confidence: Confidence of each, f32, shape (D,), descending.
        flags: True-positive bits of each, one an IoU threshold, u16, shape (D,).
        truth_image: Images with labels of the class, i32, shape (G,).
        truth_count: Number of its labels in each, i64, shape (G,), all > 0.
    """

    index: int
    image: NDArray[np.int32] = field(repr=False)
    confidence: NDArray[np.float32] = field(repr=False)
    flags: NDArray[np.uint16] = field(repr=False)
    truth_image: NDArray[np.int32] = field(repr=False)
    truth_count: NDArray[np.int64] = field(repr=False)


@dataclass(frozen=True, eq=False)
class Ranking:
    """All classes that have labels, in ascending order of their index; other classes enter no metric.

    Attributes:
        images: Number of images I, also those without detection or label.
        thresholds: Number of IoU thresholds T.
        classes: The classes.
    """

    images: int
    thresholds: int
    classes: tuple[RankedClass, ...] = field(repr=False)

    @property
    def indices(self) -> NDArray[np.int64]:
        """Index of each class, shape (C,)."""
        return np.array([ranked.index for ranked in self.classes], dtype=np.int64)


def rank(records: DetectionRecords) -> Ranking:
    """Rank the detections of one evaluation."""
    return _ranked(
        len(records.keys),
        len(records.iou_thresholds),
        _images_of(records),
        records.classes,
        records.confidence,
        records.tp,
        (records.truth_image, records.truth_class, records.truth_count),
    )


def rank_pooled(current: DetectionRecords, baseline: DetectionRecords) -> Ranking:
    """Rank the detections of two models over the same images, each image standing in it twice.

    Image i of `current` is pseudo-image 2i and that of `baseline` is 2i + 1. Under weights w for the even and 1 − w for
    the odd ones, with w of zeros and ones, this is the mixed model that takes image i from `current` where w is 1 and
    from `baseline` elsewhere. Labels stand in both halves, so that each image's labels count once; equal confidences
    keep the order of the images, so that the mixed model is ranked as if it had been recorded.

    Raises:
        ValueError: The two do not have the same images.
    """
    if current.keys != baseline.keys:
        raise ValueError("the two records have different images")
    both = (current, baseline)
    images = [2 * _images_of(records) + side for side, records in enumerate(both)]
    order = np.argsort(np.concatenate(images), kind="stable")
    truth_images = [2 * records.truth_image.astype(np.int32) + side for side, records in enumerate(both)]
    return _ranked(
        2 * len(current.keys),
        len(current.iou_thresholds),
        np.concatenate(images)[order],
        np.concatenate([records.classes for records in both])[order],
        np.concatenate([records.confidence for records in both])[order],
        np.concatenate([records.tp for records in both])[order],
        (
            np.concatenate(truth_images),
            np.concatenate([records.truth_class for records in both]),
            np.concatenate([records.truth_count for records in both]),
        ),
    )


def _images_of(records: DetectionRecords) -> NDArray[np.int32]:
    """Return the image of each detection, shape (D,)."""
    return np.repeat(np.arange(len(records.keys), dtype=np.int32), records.detections)


def _ranked(
    images: int,
    thresholds: int,
    image: NDArray[np.int32],
    classes: NDArray[Any],
    confidence: NDArray[np.float32],
    flags: NDArray[np.uint16],
    truth: tuple[NDArray[Any], NDArray[Any], NDArray[Any]],
) -> Ranking:
    """Sort the detections by class, then by descending confidence, then as they stand."""
    order = np.argsort(-confidence, kind="stable")
    order = order[np.argsort(classes[order], kind="stable")]
    sorted_classes = classes[order]
    truth_image, truth_class, truth_count = truth
    ranked = []
    for index in np.unique(truth_class):
        own = order[np.searchsorted(sorted_classes, index) : np.searchsorted(sorted_classes, index, side="right")]
        labels = truth_class == index
        ranked.append(
            RankedClass(
                int(index),
                image[own],
                confidence[own],
                flags[own],
                truth_image[labels].astype(np.int32),
                truth_count[labels].astype(np.int64),
            )
        )
    return Ranking(images, thresholds, tuple(ranked))
