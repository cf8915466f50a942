"""What the tests of the built-in datasets draw with, and how they hold two folders against each other."""

from __future__ import annotations

import hashlib
import math
from pathlib import Path

import numpy as np

from yololab.data.shapes.scene import Kind, Scene, Shape, draw_scene


def tree_hash(folder: Path) -> str:
    """Return one hash of all files below a folder, their names included."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            digest.update(path.relative_to(folder).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def plain(
    kind: Kind, centre: tuple[float, float], radius: float, angle: int = 0, colour: tuple[int, ...] = (255, 255, 255)
) -> Shape:
    """Return a shape of one colour, white by default; centre and radius in px, angle in degrees."""
    return Shape(kind, centre, radius, angle, np.array([colour, colour], dtype=np.float64))


def on_black(size: int, *shapes: Shape) -> Scene:
    """Return a scene of shapes, far to near, on a black background."""
    return draw_scene(np.zeros((size, size, 3), dtype=np.uint8), shapes)


def exact_outline(shape: Shape) -> list[tuple[float, float]]:
    """Return the shape's corners (many of them for a circle) from its definition alone, px."""
    degrees = {Kind.CIRCLE: range(360), Kind.SQUARE: (45, 135, 225, 315), Kind.TRIANGLE: (90, 210, 330)}[shape.kind]
    turned = [math.radians(shape.angle + degree) for degree in degrees]
    x, y = shape.centre
    return [(x + shape.radius * math.cos(angle), y + shape.radius * math.sin(angle)) for angle in turned]
