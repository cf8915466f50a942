"""Labels of the built-in datasets as images: semantic masks, depth maps, and the crops of the classification dataset.

A pixel that an outline runs through belongs to neither side: masks ignore it, depth maps have no depth there.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from yololab.data.shapes.scene import Kind, Scene, distance_to_shape

IGNORED = 255
"""Value of the pixels of a mask that are not counted (Ultralytics' semantic datasets)."""
MILLIMETRES = 1000
"""Values of a depth map for a metre."""
FARTHEST, NEAREST_GROUND = 8.0, 5.0
"""Depth of the background at the upper and at the lower border, metres."""
SHAPE_METRES = 0.4
"""Depth of a shape times its radius over the image's side, metres: all shapes are taken to be equally large."""
STEP = 0.1
"""How much nearer than what it covers a shape is at least, metres."""

_OUTLINE = 0.5


def semantic_mask(scene: Scene) -> NDArray[np.uint8]:
    """Return the class of each pixel, uint8 (size, size): 0 the background, class index + 1 a shape."""
    mask = np.zeros((scene.size, scene.size), dtype=np.uint8)
    for shape in scene.shapes:
        distance = distance_to_shape(shape, scene.size)
        mask[distance < _OUTLINE] = IGNORED
        mask[distance <= -_OUTLINE] = shape.kind.value + 1
    return mask


def depth_map(scene: Scene) -> NDArray[np.uint16]:
    """Return the distance of each pixel, uint16 (size, size), millimetres, 0 where there is none.

    A shape is as near as it looks large, and nearer than whatever it covers.
    """
    height = (np.arange(scene.size, dtype=np.float64) + 0.5) / scene.size
    ground = FARTHEST + height * (NEAREST_GROUND - FARTHEST)
    depth = np.repeat(ground[:, None], scene.size, axis=1)
    known = np.ones_like(depth, dtype=bool)
    for shape in scene.shapes:
        distance = distance_to_shape(shape, scene.size)
        covered = distance < _OUTLINE
        depth[covered] = min(SHAPE_METRES * scene.size / shape.radius, float(depth[covered].min()) - STEP)
        known[covered] = distance[covered] <= -_OUTLINE
    return np.where(known, np.rint(depth * MILLIMETRES), 0).astype(np.uint16)


def main_shape(scene: Scene, image: NDArray[np.uint8]) -> tuple[Kind, NDArray[np.uint8]]:
    """Return the kind of the nearest shape, and the part of the image around it.

    Args:
        scene: The scene.
        image: What it looks like, uint8 (size, size, 3).

    Returns:
        The kind, and uint8 (side, side, 3); the side is half the image's, which is wider than any shape.
    """
    shape, side = scene.shapes[-1], scene.size // 2
    left, top = (min(max(round(value - side / 2), 0), scene.size - side) for value in shape.centre)
    return shape.kind, image[top : top + side, left : left + side]
