"""Labels as rows of a label file: class, then what the task takes, in parts of the image; and what is left out."""

import re
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from yololab.data.conversion.labelled import Label, LabelledImage, Points, Tally
from yololab.data.conversion.yolo.frame import Frame
from yololab.data.conversion.yolo.outlines import area, corners_of, joined, rotated_corners

_DIGITS = 6
_LEAST = 0.5 * 10**-_DIGITS  # a side that is nothing when it is written
_OUTSIDE = 1e-3  # part of the image's side: less is rounding
# Why a label is left out, besides what its format says.
NO_AREA, OUTSIDE, REPEATED, NO_KEYPOINTS = "no area", "outside the image", "the same as another", "no keypoints"
# What is changed in one.
CUT, BOXED, AROUND = "cut at the image's border", "without an outline: its box is taken", "the box around its outline"


def rows_of(
    image: LabelledImage, frame: Frame, task: str, index: Mapping[str, int], left_out: Tally, changed: Tally
) -> list[str]:
    """Return the rows of an image.

    Args:
        image: The image with its labels.
        frame: How they lie on it.
        task: `detect`, `segment`, `pose` or `obb`.
        index: Class name → index.
        left_out: Takes the labels that make no row, by reason.
        changed: Takes those that are written otherwise than they were drawn.
    """
    rows: dict[str, None] = {}
    for label in image.labels:
        where = f"{image.name}: {label.name} ({label.where})"
        values = _values(label, frame, task, where, changed)
        if isinstance(values, str):
            left_out.add(values, where)
            continue
        row = " ".join([str(index[label.name]), *(f"{value:.{_DIGITS}f}" for value in values)])
        if row in rows:
            left_out.add(REPEATED, where)
        rows[row] = None
    return list(rows)


def _values(label: Label, frame: Frame, task: str, where: str, changed: Tally) -> Sequence[float] | str:
    """Return the numbers of a row after its class, or why there is none."""
    if label.left_out:
        return label.left_out
    points = frame.relative(_points(label))
    if task == "obb":
        return _rotated(label, frame)
    cut = points.clip(0, 1)
    low, high = cut.min(axis=0), cut.max(axis=0)
    if (points.max(axis=0) - points.min(axis=0)).min() < _LEAST:
        return NO_AREA
    if (high - low).min() < _LEAST:
        return OUTSIDE
    if np.abs(cut - points).max() > _OUTSIDE:
        changed.add(CUT, where)
    if task == "segment":
        return _outline(label, frame, where, changed)
    box = [*((low + high) / 2), *(high - low)]
    if task == "pose":
        return NO_KEYPOINTS if label.keypoints is None else [*box, *_keypoints(label.keypoints, frame)]
    if label.box is None:
        changed.add(AROUND, where)
    return box


def _points(label: Label) -> Points:
    """Return the points that a label's box is around."""
    if label.box is not None:
        return corners_of(label.box)
    return label.corners if label.corners is not None else np.concatenate(label.polygons)


def _outline(label: Label, frame: Frame, where: str, changed: Tally) -> Sequence[float] | str:
    """Return the outline as one polygon; a box without one as its four corners."""
    parts = [frame.relative(part).clip(0, 1) for part in label.polygons]
    parts = [part for part in parts if area(part) > _LEAST**2]
    if not parts:
        corners = label.corners if label.corners is not None else corners_of(label.box) if label.box else None
        if corners is None:
            return NO_AREA
        if label.corners is None:
            changed.add(BOXED, where)
        parts = [frame.relative(corners).clip(0, 1)]
    return [float(value) for value in joined(parts).ravel()]


def _rotated(label: Label, frame: Frame) -> Sequence[float] | str:
    """Return the four corners of a rotated box; they may lie outside where the border cuts it."""
    if label.corners is not None:
        drawn = label.corners
    elif label.polygons:
        drawn = rotated_corners(np.concatenate(label.polygons))
    else:
        drawn = corners_of(label.box) if label.box else np.zeros((4, 2))
    corners = frame.relative(drawn)
    if area(corners) < _LEAST**2:
        return NO_AREA
    centre = corners.mean(axis=0)
    return OUTSIDE if (centre < 0).any() or (centre > 1).any() else [float(value) for value in corners.ravel()]


def _keypoints(points: Points, frame: Frame) -> Iterable[float]:
    """Return x, y and visibility of each keypoint; one that is not labelled, or outside, is 0, 0, 0."""
    places = frame.relative(points[:, :2])
    inside = ((places >= -_OUTSIDE) & (places <= 1 + _OUTSIDE)).all(axis=1) & (points[:, 2] > 0)
    rows = np.column_stack([places.clip(0, 1), points[:, 2].clip(0, 2)]) * inside[:, None]
    return (float(value) for value in rows.ravel())


def flipped_order(names: Sequence[str]) -> list[int]:
    """Return which keypoint each one becomes in a mirrored image, by `left` and `right` in their names.

    >>> flipped_order(["nose", "left_eye", "right_eye"])
    [0, 2, 1]
    """
    swap = {"left": "right", "right": "left", "l": "r", "r": "l"}

    def plain(name: str) -> list[str]:
        return re.split(r"[\W_]+", name.lower())

    places = {tuple(plain(name)): place for place, name in enumerate(names)}
    return [places.get(tuple(swap.get(part, part) for part in plain(name)), place) for place, name in enumerate(names)]
