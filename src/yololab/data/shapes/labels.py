"""Labels of the built-in datasets: boxes, polygons, keypoints and rotated boxes as text, masks and depth as images.

Coordinates are written over the image's side. Only what lies in the image is labelled; what nearer shapes hide counts
as if it were seen. A pixel that an outline runs through belongs to neither side: masks ignore it, depth maps have no
depth there.
"""

from collections.abc import Callable, Iterable

import cv2
import numpy as np
from numpy.typing import NDArray

from yololab.data.shapes.scene import SEEN, Bytes, Floats, Kind, Scene, Shape

KEYPOINTS = ("centre", "left", "top", "right", "bottom")
# Which keypoint each one becomes when the image is mirrored: left and right change places.
FLIPPED_KEYPOINTS = (0, 3, 2, 1, 4)
OUT_OF_SIGHT, HIDDEN, VISIBLE = 0, 1, 2
# Value of the pixels of a mask that are not counted (Ultralytics' semantic datasets).
IGNORED = 255
# Values of a depth map for a metre.
MILLIMETRES = 1000
# Depth of the background at the upper and at the lower border, metres.
FARTHEST, NEAREST_GROUND = 8.0, 5.0
# Depth of a shape times its radius over the image's side, metres: all shapes are taken to be equally large.
SHAPE_METRES = 0.4
# How much nearer than what it covers a shape is at least, metres.
STEP = 0.1

# How far the outline is from the centre to both sides, upwards and downwards, in radii.
_REACH = {Kind.CIRCLE: (1.0, 1.0, 1.0), Kind.SQUARE: (0.5**0.5,) * 3, Kind.TRIANGLE: (3**-0.5, 0.5, 1.0)}


def box_text(scene: Scene) -> str:
    """Return the rows of a detection label file: class index, then centre, width and height.

    A box encloses the pixels of the whole shape that lie in the image, those behind nearer shapes included.
    """
    return _rows(scene, lambda number: _box(scene, number))


def polygon_text(scene: Scene) -> str:
    """Return the rows of a segmentation label file: class index, then the outline's points."""
    return _rows(scene, lambda number: visible_outline(scene.shapes[number], scene.size).ravel() / scene.size)


def rotated_text(scene: Scene) -> str:
    """Return the rows of a label file of rotated boxes: class index, then four corners.

    The box has the directions of the shape's own axes and encloses its outline in the image; at the image's border
    its corners may lie outside.
    """
    return _rows(scene, lambda number: rotated_corners(scene.shapes[number], scene.size).ravel() / scene.size)


def keypoint_text(scene: Scene) -> str:
    """Return the rows of a pose label file: class index, box, then x, y and visibility of each of `KEYPOINTS`."""
    return _rows(scene, lambda number: [*_box(scene, number), *_keypoint_values(scene, number)])


def visible_outline(shape: Shape, size: int) -> Floats:
    """Return the outline of the part of a shape that lies in the image, px, float64 (n, 2)."""
    image = np.array([(0, 0), (size, 0), (size, size), (0, size)], dtype=np.float32)
    _, points = cv2.intersectConvexConvex(shape.outline().astype(np.float32), image)
    return np.asarray(points, dtype=np.float64).reshape(-1, 2).clip(0, size)


def rotated_corners(shape: Shape, size: int) -> Floats:
    """Return the corners of the box along the shape's own axes around what is in the image of it, px, (4, 2)."""
    axes = _axes(shape)
    points = visible_outline(shape, size) @ axes.T
    (left, top), (right, bottom) = points.min(axis=0), points.max(axis=0)
    return np.array([(left, top), (right, top), (right, bottom), (left, bottom)]) @ axes


def keypoints(shape: Shape) -> Floats:
    """Return `KEYPOINTS`, px, float64 (5, 2): the centre, and where the outline cuts the shape's own axes."""
    aside, up, down = _REACH[shape.kind]
    offsets = np.array([(0.0, 0.0), (-aside, 0.0), (0.0, -up), (aside, 0.0), (0.0, down)])
    return np.array(shape.centre) + shape.radius * offsets @ _axes(shape)


def semantic_mask(scene: Scene) -> Bytes:
    """Return the class of each pixel, uint8 (size, size): 0 the background, class index + 1 a shape."""
    mask = np.zeros((scene.size, scene.size), dtype=np.uint8)
    for shape, cover in zip(scene.shapes, scene.coverage, strict=True):
        mask[cover > 0] = IGNORED
        mask[cover == 255] = shape.kind + 1
    return mask


def depth_map(scene: Scene) -> NDArray[np.uint16]:
    """Return the distance of each pixel, uint16 (size, size), millimetres, 0 where there is none.

    A shape is as near as it looks large, and nearer than whatever it covers.
    """
    height = (np.arange(scene.size) + 0.5) / scene.size
    depth = np.repeat(FARTHEST + height[:, None] * (NEAREST_GROUND - FARTHEST), scene.size, axis=1)
    known = np.ones_like(depth, dtype=bool)
    for shape, cover in zip(scene.shapes, scene.coverage, strict=True):
        depth[cover > 0] = min(SHAPE_METRES * scene.size / shape.radius, depth[cover > 0].min() - STEP)
        known[cover > 0] = cover[cover > 0] == 255
    return np.where(known, np.rint(depth * MILLIMETRES), 0).astype(np.uint16)


def _axes(shape: Shape) -> Floats:
    """Return the shape's own two axes, float64 (2, 2), one a row."""
    cosine, sine = np.cos(np.deg2rad(shape.upright)), np.sin(np.deg2rad(shape.upright))
    return np.array([(cosine, sine), (-sine, cosine)])


def _box(scene: Scene, number: int) -> list[float]:
    left, top, width, height = cv2.boundingRect((scene.coverage[number] >= SEEN).astype(np.uint8))
    return [value / scene.size for value in (left + width / 2, top + height / 2, width, height)]


def _keypoint_values(scene: Scene, number: int) -> Iterable[float]:
    nearer = np.any([cover >= SEEN for cover in scene.coverage[number + 1 :]], axis=0)
    for x, y in keypoints(scene.shapes[number]):
        if not (0 <= x < scene.size and 0 <= y < scene.size):
            yield from (0.0, 0.0, OUT_OF_SIGHT)
        else:
            is_hidden = np.ndim(nearer) and nearer[int(y), int(x)]
            yield from (x / scene.size, y / scene.size, HIDDEN if is_hidden else VISIBLE)


def _rows(scene: Scene, values: Callable[[int], Iterable[float]]) -> str:
    """Return one row a shape: its class index, and the values that belong to its number."""
    return "".join(
        " ".join([str(int(shape.kind)), *(_written(value) for value in values(number))]) + "\n"
        for number, shape in enumerate(scene.shapes)
    )


def _written(value: float) -> str:
    return str(value) if isinstance(value, int) else f"{value:.6f}"
