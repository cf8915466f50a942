"""What the tests of the built-in datasets draw with, and how they hold two folders against each other."""

from __future__ import annotations

import hashlib
from pathlib import Path

from yololab.data.shapes.scene import Background, Kind, Shape, Texture

BLACK = Background(colours=((0, 0, 0), (0, 0, 0)), angle=0, clouds=0, grain=0, bars=())


def tree_hash(folder: Path) -> str:
    """Return one hash of all files below a folder, their names included."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            digest.update(path.relative_to(folder).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def white(kind: Kind, centre: tuple[float, float], radius: float, angle: int = 0) -> Shape:
    """Return a plain white shape; centre and radius in px, angle in degrees."""
    both = ((255, 255, 255), (255, 255, 255))
    return Shape(kind, centre, radius, angle, both, Texture.PLAIN, period=8.0)
