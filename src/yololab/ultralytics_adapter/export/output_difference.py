"""How far two models' raw outputs are apart; numbers only, no models."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class OutputDifference:
    """The largest difference of two outputs, as they are and with boxes in units of `box_unit`."""

    absolute: float
    relative: float


def detections_difference(first: NDArray[Any], second: NDArray[Any], box_unit: float) -> OutputDifference:
    """Return the largest difference of two outputs of the same order.

    Scores lie in 0…1 and count as they are; what stands behind them (coefficients of masks, keypoints, angles) counts
    relative to the largest value of its column, where that is above 1.

    Args:
        first: Rows of four box coordinates, scores and more, shape (N, 4 + C).
        second: The other, of the same shape.
        box_unit: What a box coordinate is divided by.
    """
    return _difference(first, second, _units(first, box_unit))


def map_difference(first: NDArray[Any], second: NDArray[Any]) -> OutputDifference:
    """Return the largest difference of two maps or vectors, and the same relative to the largest value of the first."""
    largest = float(np.abs(first).max(initial=0.0))
    return _difference(first, second, largest if math.isfinite(largest) and largest > 0 else 1.0)


def class_difference(first: NDArray[Any], second: NDArray[Any]) -> OutputDifference:
    """Return the share of pixels whose classes differ; a class has no magnitude, so both numbers are the share."""
    share = float(np.mean(first != second)) if first.size else 0.0
    return OutputDifference(share, share)


def largest_of(differences: Sequence[OutputDifference]) -> OutputDifference:
    """Return the largest of several differences."""
    return OutputDifference(
        max(difference.absolute for difference in differences), max(difference.relative for difference in differences)
    )


def _units(rows: NDArray[Any], box_unit: float) -> NDArray[np.float64]:
    """Return what each column is divided by."""
    largest = np.abs(rows.astype(np.float64)).max(axis=0, initial=1.0)
    largest[:4] = box_unit
    return np.where(np.isfinite(largest), largest, 1.0)


def _difference(first: NDArray[Any], second: NDArray[Any], unit: NDArray[Any] | float) -> OutputDifference:
    """Return the largest difference, as it is and in units."""
    difference = np.abs(first.astype(np.float64) - second.astype(np.float64))
    if not np.isfinite(difference).all():
        return OutputDifference(math.inf, math.inf)
    return OutputDifference(float(difference.max(initial=0.0)), float((difference / unit).max(initial=0.0)))


def selected_difference(first: NDArray[Any], second: NDArray[Any], box_unit: float) -> OutputDifference | None:
    """Return the largest difference of two selections of detections, each compared with the nearest of the other.

    Which of the weakest detections are among the selected ones may differ; those within 0.01 of the lowest score are
    left out. None when nothing remains.

    Args:
        first: Rows of four box coordinates, score, class and more, shape (N, 6 + E).
        second: The other, of the same shape.
        box_unit: What a box coordinate is divided by.
    """
    floor = max(first[:, 4].min(initial=1.0), second[:, 4].min(initial=1.0)) + 0.01
    strong = first[first[:, 4] > floor]
    if not len(strong):
        return None
    unit = _units(first, box_unit)
    unit[5] = 1.0  # another class is another detection, however many there are
    free = np.ones(len(second), dtype=bool)
    partners = []
    for row in strong[np.argsort(-strong[:, 4], kind="stable")]:
        distance = np.where(free, (np.abs(second - row) / unit).max(axis=1), np.inf)
        partners.append((row, second[distance.argmin()]))
        free[distance.argmin()] = False
    return _difference(np.array([a for a, _ in partners]), np.array([b for _, b in partners]), unit)
