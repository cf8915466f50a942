"""Labels of the built-in datasets as text: boxes, polygons, keypoints and rotated boxes of a scene's shapes.

Coordinates are written over the image's side. Only what lies in the image is labelled; what nearer shapes hide counts
as if it were seen, as the boxes always did.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np

from yololab.data.shapes.scene import Kind, Point, Scene, Shape, direction, shape_mask

CIRCLE_STEP = 15
"""Degrees between two points of a circle's polygon."""
KEYPOINTS = ("centre", "left", "top", "right", "bottom")
FLIPPED_KEYPOINTS = (0, 3, 2, 1, 4)
"""Which keypoint each one becomes when the image is mirrored: left and right change places."""
OUT_OF_SIGHT, HIDDEN, VISIBLE = 0, 1, 2

_HALF, _ROOT_HALF, _ROOT_THIRD = 0.5, direction(45)[0], 0.577350269
_REACH = {Kind.CIRCLE: (1.0, 1.0, 1.0), Kind.SQUARE: (_ROOT_HALF,) * 3, Kind.TRIANGLE: (_ROOT_THIRD, _HALF, 1.0)}
"""How far the outline is from the centre to both sides, upwards and downwards, in radii."""


def box_text(scene: Scene) -> str:
    """Return the rows of a detection label file: class index, then centre, width and height.

    A box encloses the pixels of the whole shape that lie in the image, those behind nearer shapes included.
    """
    return "".join(_row(shape, _box(shape, scene.size)) for shape in scene.shapes)


def polygon_text(scene: Scene) -> str:
    """Return the rows of a segmentation label file: class index, then the outline's points."""
    return "".join(_row(shape, _over_side(visible_outline(shape, scene.size), scene.size)) for shape in scene.shapes)


def rotated_text(scene: Scene) -> str:
    """Return the rows of a label file of rotated boxes: class index, then four corners.

    The box has the directions of the shape's own axes and encloses its outline in the image; at the image's border
    its corners may lie outside.
    """
    return "".join(_row(shape, _over_side(rotated_corners(shape, scene.size), scene.size)) for shape in scene.shapes)


def keypoint_text(scene: Scene) -> str:
    """Return the rows of a pose label file: class index, box, then x, y and visibility of each of `KEYPOINTS`."""
    rows = []
    for number, shape in enumerate(scene.shapes):
        nearer = scene.shapes[number + 1 :]
        row = _row(shape, _box(shape, scene.size)).removesuffix("\n")
        for point in keypoints(shape):
            state = _visibility(point, nearer, scene.size)
            x, y = (value / scene.size if state else 0.0 for value in point)
            row += f" {x:.6f} {y:.6f} {state}"
        rows.append(row + "\n")
    return "".join(rows)


def outline(shape: Shape) -> tuple[Point, ...]:
    """Return the corners of a shape in order, px; points on the circle for a circle."""
    if shape.kind is not Kind.CIRCLE:
        return shape.corners()
    directions = (direction(degrees) for degrees in range(0, 360, CIRCLE_STEP))
    x, y = shape.centre
    return tuple((x + shape.radius * cosine, y + shape.radius * sine) for cosine, sine in directions)


def visible_outline(shape: Shape, size: int) -> tuple[Point, ...]:
    """Return the outline of the part of a shape that lies in the image, px."""
    points = outline(shape)
    for axis in (0, 1):
        for sign, limit in ((-1, 0.0), (1, float(size))):
            points = _cut(points, axis, sign, limit)
    return points


def _cut(points: tuple[Point, ...], axis: int, sign: int, limit: float) -> tuple[Point, ...]:
    """Return what one side of a line leaves of a convex polygon (Sutherland and Hodgman, 1974)."""
    kept: list[Point] = []
    for first, second in zip(points, points[1:] + points[:1], strict=True):
        is_in, next_in = (sign * (point[axis] - limit) <= 0 for point in (first, second))
        if is_in:
            kept.append(first)
        if is_in != next_in:
            share = (limit - first[axis]) / (second[axis] - first[axis])
            other = first[1 - axis] + share * (second[1 - axis] - first[1 - axis])
            kept.append((limit, other) if axis == 0 else (other, limit))
    return tuple(kept)


def rotated_corners(shape: Shape, size: int) -> tuple[Point, ...]:
    """Return the corners of the box along the shape's own axes around what is in the image of it, px.

    A circle has no axes: its box is upright.
    """
    cosine, sine = direction(0 if shape.kind is Kind.CIRCLE else shape.angle)
    turned = [(cosine * x + sine * y, cosine * y - sine * x) for x, y in visible_outline(shape, size)]
    (left, right), (top, bottom) = ((min(values), max(values)) for values in zip(*turned, strict=True))
    corners = ((left, top), (right, top), (right, bottom), (left, bottom))
    return tuple((cosine * u - sine * v, sine * u + cosine * v) for u, v in corners)


def keypoints(shape: Shape) -> tuple[Point, ...]:
    """Return the points `KEYPOINTS`, px: where the outline cuts the shape's own axes, and the centre."""
    aside, up, down = _REACH[shape.kind]
    cosine, sine = direction(0 if shape.kind is Kind.CIRCLE else shape.angle)
    x, y = shape.centre
    places = ((0.0, 0.0), (-aside, 0.0), (0.0, -up), (aside, 0.0), (0.0, down))
    return tuple(
        (x + shape.radius * (u * cosine - v * sine), y + shape.radius * (u * sine + v * cosine)) for u, v in places
    )


def _visibility(point: Point, nearer: Iterable[Shape], size: int) -> int:
    """Return whether a point is seen, behind a nearer shape, or not in the image."""
    if not all(0 <= value < size for value in point):
        return OUT_OF_SIGHT
    column, row = (math.floor(value) for value in point)
    return HIDDEN if any(shape_mask(shape, size)[row, column] for shape in nearer) else VISIBLE


def _box(shape: Shape, size: int) -> Iterable[float]:
    mask = shape_mask(shape, size)
    columns, lines = np.flatnonzero(mask.any(axis=0)), np.flatnonzero(mask.any(axis=1))
    left, right, top, bottom = columns[0], columns[-1] + 1, lines[0], lines[-1] + 1
    return (value / size for value in ((left + right) / 2, (top + bottom) / 2, right - left, bottom - top))


def _over_side(points: Iterable[Point], size: int) -> Iterable[float]:
    return (value / size for point in points for value in point)


def _row(shape: Shape, values: Iterable[float]) -> str:
    return " ".join([str(shape.kind.value), *(f"{value:.6f}" for value in values)]) + "\n"
