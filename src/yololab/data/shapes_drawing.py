"""Drawing a scene of the built-in dataset, and writing it as a PNG whose bytes are the same on every machine.

Only additions, multiplications, divisions and square roots work on the pixels: their results are exact by IEEE 754,
whatever processor and build of numpy computes them.
"""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from yololab.data.shapes_scene import (
    Background,
    Colour,
    Scene,
    Shape,
    Texture,
    direction,
    distance_to_polygon,
    distance_to_shape,
)

CLOUDS = 6
"""Cells of the slow variation of brightness, along each side."""

_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_EIGHT_BIT_RGB = (8, 2, 0, 0, 0)
_LARGEST_BLOCK = 65_535

Pixels = NDArray[np.float64]


def draw_scene(scene: Scene) -> NDArray[np.uint8]:
    """Return the image of a scene, uint8 (size, size, 3), red first."""
    rng = np.random.default_rng(scene.noise_seed)
    canvas = _draw_background(scene.background, scene.size, rng)
    for shape in scene.shapes:
        _blend(canvas, distance_to_shape(shape, scene.size), _surface(shape, scene.size))
    grain = scene.background.grain
    canvas += rng.integers(-grain, grain, size=canvas.shape, endpoint=True)
    return np.clip(np.rint(canvas), 0, 255).astype(np.uint8)


def _draw_background(background: Background, size: int, rng: np.random.Generator) -> Pixels:
    first, last = (np.array(colour, dtype=np.float64) for colour in background.colours)
    along, _ = _turned(background.angle, size)
    position = (along - along.min()) / (along.max() - along.min())
    canvas = first + position[:, :, None] * (last - first)
    canvas += background.clouds * _clouds(size, rng)[:, :, None]
    for bar in background.bars:
        _blend(canvas, distance_to_polygon(bar.corners(), size), np.array(bar.colour, dtype=np.float64))
    return canvas


def _clouds(size: int, rng: np.random.Generator) -> Pixels:
    """Return a random grid of values from -1 to 1, interpolated bilinearly; float64 (size, size)."""
    grid = rng.integers(-100, 100, size=(CLOUDS + 1, CLOUDS + 1), endpoint=True) / 100
    position = (np.arange(size) + 0.5) * CLOUDS / size
    cell = position.astype(np.intp)
    weight = position - cell
    rows = grid[cell] + weight[:, None] * (grid[cell + 1] - grid[cell])
    return rows[:, cell] + weight[None, :] * (rows[:, cell + 1] - rows[:, cell])


def _surface(shape: Shape, size: int) -> Pixels:
    """Return the colours of a shape's surface as if it filled the image; float64 (size, size, 3) or (3,)."""
    colour, other = (np.array(value, dtype=np.float64) for value in shape.colours)
    if shape.texture is Texture.PLAIN:
        return colour
    along, across = _turned(shape.angle, size)
    u, v = along / shape.period, across / shape.period
    if shape.texture is Texture.STRIPES:
        pattern = np.floor(2 * u) % 2
    elif shape.texture is Texture.CHECKS:
        pattern = (np.floor(u) + np.floor(v)) % 2
    else:
        du, dv = u - np.floor(u) - 0.5, v - np.floor(v) - 0.5
        pattern = (du * du + dv * dv < 0.08).astype(np.float64)
    return colour + pattern[:, :, None] * (other - colour)


def _turned(angle: int, size: int) -> tuple[Pixels, Pixels]:
    """Return each pixel's coordinates in axes turned by `angle`, px."""
    cosine, sine = direction(angle)
    x, y = (np.arange(size) + 0.5)[None, :], (np.arange(size) + 0.5)[:, None]
    return cosine * x + sine * y, cosine * y - sine * x


def _blend(canvas: Pixels, distance: Pixels, colours: Pixels) -> None:
    """Paint `colours` where `distance` is negative; the outline is one pixel soft."""
    opacity = np.clip(0.5 - distance, 0, 1)[:, :, None]
    canvas += opacity * (colours - canvas)


def write_png(path: Path, image: NDArray[np.uint8]) -> None:
    """Write an image as PNG without compressing it: what zlib makes of the same pixels differs between its builds.

    Args:
        path: The file.
        image: uint8 (height, width, 3), red first.

    Source: PNG specification (ISO/IEC 15948), stored blocks of RFC 1951 in the envelope of RFC 1950.
    """
    height, width, _ = image.shape
    unfiltered = np.zeros((height, 1), dtype=np.uint8)
    content = np.hstack([unfiltered, image.reshape(height, width * 3)]).tobytes()
    header = struct.pack(">II5B", width, height, *_EIGHT_BIT_RGB)
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
