"""Outlines as a row of a label file takes them: one polygon, and of a rotated box four corners."""

from collections.abc import Sequence

import cv2
import numpy as np

from yololab.data.conversion.labelled import Box, Points


def joined(parts: Sequence[Points]) -> Points:
    """Return several polygons as one: each is reached from the nearest point before it, and left the same way.

    The bridges have no width, so that the area stays what it is.

    Args:
        parts: Polygons, each of shape (n, 2), at least one.

    >>> square = np.array([(0, 0), (1, 0), (1, 1), (0, 1)], float)
    >>> joined([square, square + (3, 0)]).tolist()[1:6]
    [[1.0, 0.0], [3.0, 0.0], [4.0, 0.0], [4.0, 1.0], [3.0, 1.0]]
    """
    whole = parts[0]
    for part in parts[1:]:
        here, there = _nearest(whole, part)
        turned = np.roll(part, -there, axis=0)
        whole = np.concatenate([whole[: here + 1], turned, turned[:1], whole[here:]])
    return whole


def _nearest(one: Points, other: Points) -> tuple[int, int]:
    """Return which points of two polygons are nearest to each other."""
    distances = ((one[:, None] - other[None]) ** 2).sum(axis=2)
    here, there = divmod(int(distances.argmin()), len(other))
    return here, there


def rotated_corners(points: Points) -> Points:
    """Return the corners of the smallest rotated box around points, shape (4, 2); four points as they are."""
    if len(points) == 4:
        return points
    return np.asarray(cv2.boxPoints(cv2.minAreaRect(points.astype(np.float32))), np.float64)


def corners_of(box: Box) -> Points:
    """Return the corners of a box, shape (4, 2)."""
    x1, y1, x2, y2 = box
    return np.array([(x1, y1), (x2, y1), (x2, y2), (x1, y2)], np.float64)


def area(points: Points) -> float:
    """Return the area of a polygon, by Gauss' formula.

    >>> area(np.array([(0, 0), (2, 0), (2, 1), (0, 1)], float))
    2.0
    """
    x, y = points.T
    return float(abs(x @ np.roll(y, -1) - y @ np.roll(x, -1))) / 2
