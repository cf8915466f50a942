"""Metrics of classified pixels: the pixels of all images together make one confusion matrix, whatever their weights."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from yololab.statistics.metrics.base import Replicates, Values
from yololab.statistics.metrics.linear_metrics import LinearMetrics, Sums, quotient
from yololab.statistics.metrics.weighted_ap import segment_sums
from yololab.statistics.records.confusion import ConfusionRecords

_IMAGES_AT_ONCE = 1000


class ConfusionMetrics(LinearMetrics):
    """IoU of each class, their mean over the classes that have labels, and pixel accuracy.

    With a single class it is the IoU of that class against the background (`SemanticMetrics.process` of
    `ultralytics/utils/metrics.py`).

    Args:
        records: The evaluation.
        primary: `mIoU` or `pixel_acc`.
    """

    def __init__(self, records: ConfusionRecords, primary: str = "mIoU") -> None:
        self.keys: Sequence[str] = records.keys
        self.primary = primary
        self._side = records.side
        self._first = 1 if len(records.names) == 1 else 0  # the row of class 0
        right = records.truth == records.predicted
        image, pixels = records.image.astype(np.int64), records.pixels.astype(np.float64)
        self._parts = {
            "right": self._grouped(image[right], records.truth[right], pixels[right]),
            "true": self._grouped(image, records.truth, pixels),
            "predicted": self._grouped(image, records.predicted, pixels),
        }
        held, starts, _ = self._parts["true"]
        self.class_images = {
            index - self._first: rows
            for index, rows in enumerate(np.split(held, starts[1:]))
            if len(rows) and index >= self._first
        }

    def _grouped(
        self, image: NDArray[np.int64], index: NDArray[np.uint16], pixels: NDArray[np.float64]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
        """Return images and pixels of each class, class after class, and where each class begins."""
        images = max(len(self.keys), 1)
        place, which = np.unique(index.astype(np.int64) * images + image, return_inverse=True)
        starts = np.searchsorted(place // images, np.arange(self._side)).astype(np.int64)
        summed: NDArray[np.float64] = np.bincount(which.ravel(), pixels, minlength=len(place)).astype(np.float64)
        return place % images, starts, summed

    def influence_in(self, chosen: NDArray[np.bool_]) -> Values:
        """Return the derivative of the primary metric of some of the images: of a mean of quotients."""
        total = {name: values[:, 0] for name, values in self.sums(chosen[:, None].astype(np.float64)).items()}
        union = total["true"] + total["predicted"] - total["right"]
        counted = [index + self._first for index in self.class_images if total["true"][index + self._first] > 0]
        if self.primary == "mIoU":
            rate, whole = quotient(total["right"], union), np.where(union > 0, union, 1) * max(len(counted), 1)
            scale = {"right": 1 + rate, "true": -rate, "predicted": -rate}
        else:
            counted, whole = [*range(self._side)], np.full(self._side, max(float(total["true"].sum()), 1))
            scale = {"right": np.ones(self._side), "true": -np.full(self._side, total["right"].sum() / whole[0])}
        found = np.zeros(len(self.keys))
        for name, factor in scale.items():
            rows, starts, pixels = self._parts[name]
            each = np.zeros(self._side)
            each[counted] = np.nan_to_num(factor[counted]) / whole[counted]
            found += np.bincount(rows, np.repeat(each, np.diff(starts, append=len(rows))) * pixels, len(self.keys))
        return np.where(chosen, found, 0)

    def image_values(self) -> Values:
        """Return the primary metric of the pixels of each image alone."""
        values = np.full(len(self.keys), np.nan)
        for first in range(0, len(self.keys), _IMAGES_AT_ONCE):
            part = np.arange(first, min(first + _IMAGES_AT_ONCE, len(self.keys)))
            sums = {name: np.zeros((self._side, len(part))) for name in self._parts}
            for name, (rows, starts, pixels) in self._parts.items():
                index = np.repeat(np.arange(self._side), np.diff(starts, append=len(rows)))
                inside = (rows >= part[0]) & (rows <= part[-1])
                sums[name][index[inside], rows[inside] - first] = pixels[inside]
            values[part] = self.measured(sums).metrics[self.primary]
        return values

    def sums(self, weights: NDArray[np.float64]) -> Sums:
        """Return the weighted pixels of each class: true, predicted, and both."""
        return {
            name: segment_sums(rows, starts, weights, pixels) for name, (rows, starts, pixels) in self._parts.items()
        }

    def measured(self, sums: Sums) -> Replicates:
        """Return IoU and pixel accuracy."""
        right, true = sums["right"], sums["true"]
        iou = quotient(right, true + sums["predicted"] - right)
        present = iou[self._first :] if self._first else np.where(true > 0, iou, np.nan)
        known = np.isfinite(present)
        mean = quotient(np.where(known, present, 0).sum(axis=0), known.sum(axis=0))
        listed = np.array([*self.class_images], np.int64)
        return Replicates(
            {"mIoU": mean, "pixel_acc": quotient(right.sum(axis=0), true.sum(axis=0))}, {"IoU": present[listed]}
        )
