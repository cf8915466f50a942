"""Average precision under integer weights of the images: exact, and without copying a detection.

A bootstrap replicate, or a mixture of two models, is a vector of image weights: an image of weight 3 counts as if it
stood in the data three times, one of weight 0 as if it did not. Ultralytics' average precision
(`ultralytics/utils/metrics.py`, `compute_ap`: the trapezoid of the precision envelope at 101 recalls) is a step
function of the true positives alone. With t_k the weighted count of true positives up to the k-th, N_k that of all
detections, n that of the labels, and E_k = max over j ≥ k of t_j / N_j,

    AP = 0.01 · Σ_k E_k · (⌈100 · t_k / n⌉ − ⌈100 · t_{k−1} / n⌉) − 0.005 · E_1

because the interpolated precision at a recall x in [t_{k−1}/n, t_k/n) is E_k, and 0 from the last true positive on.
Summed from the last true positive to the first it needs neither N nor E of more than one row at a time:

    AP = 0.01 · Σ_k ⌈100 · t_k / n⌉ · (E_k − E_{k+1}) − 0.005 · E_1

A true positive that another follows at once cannot end a step of the envelope, and is counted without a look at it.
Detections behind a class's last true positive do not matter.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn.functional import embedding_bag

from yololab.statistics.ranking import RankedClass, Ranking

# Replicates run as columns of a block: wide enough to hide Python's own cost, narrow enough for the processor's cache.
_COLUMNS = 1024
_WEIGHT_BYTES = 64 << 20
_ROW_BYTES = 8 << 20
# float32 counts exactly up to here.
_EXACT = 1 << 24

_Runs = tuple[slice, ...]


@dataclass(frozen=True, eq=False)
class _Rows:
    """The true positives of one class.

    Attributes:
        image: Image of each detection up to the last true positive, shape (D,).
        start: Where the detections begin that follow the row before, shape (K,).
        row_image: Image of each row, shape (K,).
        counted: IoU thresholds at which the row is a true positive, as runs.
        steps: Those among them at which the envelope can have a step.
    """

    image: torch.Tensor
    start: NDArray[np.int32]
    row_image: NDArray[np.int32]
    counted: tuple[_Runs, ...] = field(repr=False)
    steps: tuple[_Runs, ...] = field(repr=False)


class WeightedAP:
    """The average precision of one ranking under any integer weights of its images.

    Prepared once; memory for a call is bounded, whatever the number of replicates, but for the result itself. Torch's
    setting of threads is the caller's.

    Args:
        ranking: The ranked detections.

    Attributes:
        classes: Index of each class with labels, shape (C,): the second axis of what `ap` returns.
    """

    def __init__(self, ranking: Ranking) -> None:
        self.classes = ranking.indices
        self._images = ranking.images
        self._thresholds = ranking.thresholds
        self._rows = [_rows_of(ranked, ranking.thresholds) for ranked in ranking.classes]
        self._truth = _bags([ranked.truth_image for ranked in ranking.classes])
        counts = [ranked.truth_count for ranked in ranking.classes]
        self._truth_count = torch.from_numpy(np.concatenate([np.zeros(0, np.int64), *counts]))
        self._positives = _bags(
            [
                ranked.image[(ranked.flags >> threshold & 1).astype(bool)]
                for ranked in ranking.classes
                for threshold in range(ranking.thresholds)
            ]
        )

    def ap(self, weights: NDArray[np.integer[Any]]) -> NDArray[np.float32]:
        """Return the average precision of each replicate, class and IoU threshold.

        Args:
            weights: Weight of each image in each replicate, integers ≥ 0, shape (R, I).

        Returns:
            Average precision, f32, shape (R, C, T); NaN for a class without labels in the replicate. A class with
            labels and without a true positive has 0. The error against float64 is below 1e-6.

        Raises:
            TypeError: The weights are not integers.
            ValueError: The weights have another number of images, or one is negative.
        """
        check_weights(weights, self._images)
        result = np.empty((len(weights), len(self.classes), self._thresholds), dtype=np.float32)
        columns = block_columns(self._images)
        for start in range(0, len(weights), columns):
            block = np.ascontiguousarray(weights[start : start + columns].T, dtype=np.float32)
            result[start : start + columns] = self._block(torch.from_numpy(block)).transpose(2, 0, 1)
        return result

    def _block(self, weights: torch.Tensor) -> NDArray[np.float32]:
        """Return the average precision under weights of shape (I, R) as (C, T, R)."""
        shape = (len(self.classes), self._thresholds, weights.shape[1])
        result = np.empty(shape, dtype=np.float32)
        if not len(self.classes):
            return result
        truth = _sum(self._truth, weights, self._truth_count.to(weights.dtype))
        positives = _sum(self._positives, weights).reshape(shape)
        for place, rows in enumerate(self._rows):
            total = _sum((rows.image, torch.zeros(1, dtype=torch.int32)), weights)[0]
            if max(100 * truth[place].max(), 2 * total.max()) < _EXACT:
                result[place] = _class_ap(rows, weights, truth[place], positives[place], total)
            else:
                result[place] = self._class_ap_wide(place, weights.double())
        return result

    def _class_ap_wide(self, place: int, weights: torch.Tensor) -> NDArray[np.float64]:
        """Return the average precision of a class whose counts are too large for float32, shape (T, R)."""
        truth = _sum(self._truth, weights, self._truth_count.to(weights.dtype))[place]
        shape = (len(self.classes), self._thresholds, weights.shape[1])
        positives = _sum(self._positives, weights).reshape(shape)[place]
        rows = self._rows[place]
        total = _sum((rows.image, torch.zeros(1, dtype=torch.int32)), weights)[0]
        return _class_ap(rows, weights, truth, positives, total)


def block_columns(images: int) -> int:
    """Return how many replicates to compute at once, so that their weights stay within 64 MB of float32."""
    return max(1, min(_COLUMNS, _WEIGHT_BYTES // (4 * max(images, 1))))


def check_weights(weights: NDArray[Any], images: int) -> None:
    """Refuse what cannot be image weights.

    Raises:
        TypeError: They are not integers.
        ValueError: They have another shape than (R, images), or one is negative.
    """
    if not np.issubdtype(weights.dtype, np.integer):
        raise TypeError(f"image weights are integers, not {weights.dtype}")
    if weights.ndim != 2 or weights.shape[1] != images:
        raise ValueError(f"image weights of shape {weights.shape} for {images} images")
    if weights.size and weights.min() < 0:
        raise ValueError("an image weight is negative")


def _rows_of(ranked: RankedClass, thresholds: int) -> _Rows:
    """Find a class's true positives, and what stands between them."""
    place = np.flatnonzero(ranked.flags)
    start = np.concatenate(([0], place[:-1] + 1)).astype(np.int32) if len(place) else np.zeros(0, np.int32)
    flags = ranked.flags[place]
    following = np.append(flags[1:], np.uint16(0)) * np.append(np.diff(place) == 1, False)
    runs: dict[int, _Runs] = {}
    for bits in np.unique(np.concatenate([flags, flags & ~following])).tolist():
        runs[bits] = _runs_of(bits, thresholds)
    end = int(place[-1]) + 1 if len(place) else 0
    return _Rows(
        torch.from_numpy(ranked.image[:end]),
        start,
        ranked.image[place],
        tuple(runs[bits] for bits in flags.tolist()),
        tuple(runs[bits] for bits in (flags & ~following).tolist()),
    )


def _runs_of(bits: int, thresholds: int) -> _Runs:
    """Return the set bits as slices.

    >>> _runs_of(0b11011, 10)
    (slice(0, 2, None), slice(3, 5, None))
    """
    edges = np.flatnonzero(np.diff([0, *(bits >> place & 1 for place in range(thresholds)), 0]))
    return tuple(slice(int(first), int(last)) for first, last in zip(edges[::2], edges[1::2], strict=True))


def _bags(parts: list[NDArray[np.int32]]) -> tuple[torch.Tensor, torch.Tensor]:
    """Return indices and offsets for `embedding_bag`, one bag a part."""
    offsets = np.concatenate(([0], np.cumsum([len(part) for part in parts])))[: len(parts)].astype(np.int32)
    return torch.from_numpy(np.concatenate([np.zeros(0, np.int32), *parts])), torch.from_numpy(offsets)


def _sum(
    bags: tuple[torch.Tensor, torch.Tensor], weights: torch.Tensor, factors: torch.Tensor | None = None
) -> NDArray[Any]:
    """Return the sum of the weights' rows of each bag, shape (bags, R)."""
    indices, offsets = bags
    summed: NDArray[Any] = embedding_bag(indices, weights, offsets, mode="sum", per_sample_weights=factors).numpy()
    return summed


def _class_ap(
    rows: _Rows,
    weights: torch.Tensor,
    truth: NDArray[Any],
    positives: NDArray[Any],
    total: NDArray[Any],
) -> NDArray[Any]:
    """Return the average precision of one class, shape (T, R), in the weights' precision.

    Args:
        rows: The class.
        weights: Image weights, shape (I, R).
        truth: Weighted labels, shape (R,).
        positives: Weighted true positives, shape (T, R).
        total: Weighted detections up to the last true positive, shape (R,).
    """
    hundredfold = 100 * positives
    seen = total.copy()
    envelope, area = np.zeros_like(hundredfold), np.zeros_like(hundredfold)
    rise, steps = np.empty_like(hundredfold), np.empty_like(hundredfold)
    values = weights.numpy()
    chunk = max(1, _ROW_BYTES // (weights.element_size() * max(weights.shape[1], 1)))
    with np.errstate(invalid="ignore", divide="ignore"):
        for first in reversed(range(0, len(rows.start), chunk)):
            last = min(first + chunk, len(rows.start))
            begin = int(rows.start[first])
            end = int(rows.start[last]) if last < len(rows.start) else len(rows.image)
            offsets = torch.from_numpy(rows.start[first:last] - rows.start[first])
            between = _sum((rows.image[begin:end], offsets), weights)
            own = values[rows.row_image[first:last]]
            own *= 100
            for row in range(last - first - 1, -1, -1):
                for run in rows.steps[first + row]:
                    counted, height, higher, step = hundredfold[run], envelope[run], rise[run], steps[run]
                    np.divide(counted, seen, out=higher)
                    np.subtract(higher, height, out=higher)
                    # 0/0 stands before the first detection of positive weight, and is no precision; fmax drops it.
                    np.fmax(higher, 0, out=higher)
                    np.divide(counted, truth, out=step)
                    np.ceil(step, out=step)
                    np.multiply(step, higher, out=step)
                    np.add(area[run], step, out=area[run])
                    np.add(height, higher, out=height)
                for run in rows.counted[first + row]:
                    np.subtract(hundredfold[run], own[row], out=hundredfold[run])
                np.subtract(seen, between[row], out=seen)
    # Precision was counted in percent.
    result: NDArray[Any] = area * 1e-4 - envelope * 5e-5
    result[:, truth == 0] = np.nan
    return result
