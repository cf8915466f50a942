"""Drawing a scene of the built-in dataset, and writing it as a PNG whose bytes are the same on every machine.

Only additions, multiplications, divisions and square roots work on the pixels: their results are exact by IEEE 754,
whatever processor and build of numpy computes them.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from yololab.data.shapes.scene import (
    Background,
    Colour,
    Scene,
    Shape,
    Texture,
    direction,
    distance_to_polygon,
    distance_to_shape,
    pixel_centres,
)

CLOUDS = 6
"""Cells of the slow variation of brightness, along each side."""

_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_GREY, _RGB = 0, 2
_LARGEST_BLOCK = 65_535
_DOT_RADIUS_SQUARED = 0.08

Pixels = NDArray[np.float64]
Surface = Callable[[Pixels, Pixels], Pixels]
"""The colours, float64 (n, 3), at the points with coordinates x and y, px, float64 (n,)."""


def draw_scene(scene: Scene) -> NDArray[np.uint8]:
    """Return the image of a scene, uint8 (size, size, 3), red first."""
    rng = np.random.default_rng(scene.noise_seed)
    canvas = _draw_background(scene.background, scene.size, rng)
    for shape in scene.shapes:
        _paint(canvas, distance_to_shape(shape, scene.size), partial(_surface, shape))
    grain = scene.background.grain
    canvas += rng.integers(-grain, grain, size=canvas.shape, endpoint=True)
    return np.clip(np.rint(canvas), 0, 255).astype(np.uint8)


def _draw_background(background: Background, size: int, rng: np.random.Generator) -> Pixels:
    first, last = (np.array(colour, dtype=np.float64) for colour in background.colours)
    x, y = pixel_centres(size)
    along, _ = _turned(background.angle, x, y)
    position = (along - along.min()) / (along.max() - along.min())
    canvas: Pixels = first + position[:, :, None] * (last - first)
    canvas += background.clouds * _clouds(size, rng)[:, :, None]
    for bar in background.bars:
        _paint(canvas, distance_to_polygon(bar.corners(), size), partial(_plain, bar.colour))
    return canvas


def _clouds(size: int, rng: np.random.Generator) -> Pixels:
    """Return a random grid of values from -1 to 1, interpolated bilinearly; float64 (size, size)."""
    grid = rng.integers(-100, 100, size=(CLOUDS + 1, CLOUDS + 1), endpoint=True) / 100
    position = (np.arange(size, dtype=np.float64) + 0.5) * CLOUDS / size
    cell = position.astype(np.intp)
    weight = position - cell
    rows = grid[cell] + weight[:, None] * (grid[cell + 1] - grid[cell])
    interpolated: Pixels = rows[:, cell] + weight[None, :] * (rows[:, cell + 1] - rows[:, cell])
    return interpolated


def _paint(canvas: Pixels, distance: Pixels, surface: Surface) -> None:
    """Paint a surface where `distance` is negative; its outline is one pixel soft."""
    rows, columns = np.nonzero(distance < 0.5)
    opacity = np.minimum(0.5 - distance[rows, columns], 1)[:, None]
    below = canvas[rows, columns]
    canvas[rows, columns] = below + opacity * (
        surface(columns.astype(np.float64) + 0.5, rows.astype(np.float64) + 0.5) - below
    )


def _plain(colour: Colour, x: Pixels, y: Pixels) -> Pixels:
    return np.broadcast_to(np.array(colour, dtype=np.float64), (*np.broadcast_shapes(x.shape, y.shape), 3))


def _surface(shape: Shape, x: Pixels, y: Pixels) -> Pixels:
    """Return the colours of a shape's surface at some points.

    Args:
        shape: The shape.
        x: Coordinates of the points, px, float64 (n,).
        y: The same.

    Returns:
        Red, green and blue, float64 (n, 3).
    """
    colour, other = (_plain(value, x, y) for value in shape.colours)
    along, across = _turned(shape.angle, x, y)
    pattern = _PATTERNS[shape.texture](along / shape.period, across / shape.period)
    return colour + pattern[:, None] * (other - colour)


def _dots(u: Pixels, v: Pixels) -> Pixels:
    du, dv = u - np.floor(u) - 0.5, v - np.floor(v) - 0.5
    return np.where(du * du + dv * dv < _DOT_RADIUS_SQUARED, 1.0, 0.0)


_PATTERNS: dict[Texture, Callable[[Pixels, Pixels], Pixels]] = {
    Texture.PLAIN: lambda u, v: np.zeros_like(u),
    Texture.STRIPES: lambda u, v: np.floor(2 * u) % 2,
    Texture.CHECKS: lambda u, v: (np.floor(u) + np.floor(v)) % 2,
    Texture.DOTS: _dots,
}
"""The share of a shape's second colour, 0 or 1, at coordinates counted in periods."""


def _turned(angle: int, x: Pixels, y: Pixels) -> tuple[Pixels, Pixels]:
    """Return the coordinates of points in axes turned by `angle` degrees, px."""
    cosine, sine = direction(angle)
    return cosine * x + sine * y, cosine * y - sine * x


def write_png(path: Path, image: NDArray[np.uint8] | NDArray[np.uint16]) -> None:
    """Write an image as PNG without compressing it: what zlib makes of the same pixels differs between its builds.

    Args:
        path: The file.
        image: uint8 (height, width, 3), red first; or uint8 or uint16 (height, width), grey.

    Source: PNG specification (ISO/IEC 15948), stored blocks of RFC 1951 in the envelope of RFC 1950.
    """
    height, width = image.shape[:2]
    rows = np.ascontiguousarray(image.astype(image.dtype.newbyteorder(">"))).view(np.uint8).reshape(height, -1)
    unfiltered = np.zeros((height, 1), dtype=np.uint8)
    content = np.hstack([unfiltered, rows]).tobytes()
    colour = _RGB if image.ndim == 3 else _GREY
    header = struct.pack(">II5B", width, height, 8 * image.dtype.itemsize, colour, 0, 0, 0)
    path.write_bytes(
        _PNG_SIGNATURE + _chunk(b"IHDR", header) + _chunk(b"IDAT", _stored(content)) + _chunk(b"IEND", b"")
    )


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def _stored(content: bytes) -> bytes:
    parts = [b"\x78\x01"]
    for start in range(0, len(content), _LARGEST_BLOCK):
        block = content[start : start + _LARGEST_BLOCK]
        is_last = start + _LARGEST_BLOCK >= len(content)
        parts.append(struct.pack("<BHH", is_last, len(block), len(block) ^ 0xFFFF) + block)
    return b"".join(parts) + struct.pack(">I", zlib.adler32(content))
