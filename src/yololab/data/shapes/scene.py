"""Scenes of the built-in datasets: what stands where, and what it looks like.

Coordinates are pixels, x to the right and y down, with the origin at the image's top left corner: the centre of the
first pixel is (0.5, 0.5). Colours are blue, green, red, as OpenCV has them.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Bytes = NDArray[np.uint8]

FEWEST_SHAPES, MOST_SHAPES = 2, 6
LEAST_VISIBLE = 0.5  # a shape of which the nearer ones leave a smaller fraction in sight is taken out of the scene
SMALLEST, LARGEST = 0.09, 0.22  # radius of a shape's circumscribed circle, as a fraction of the image's side
CONTRAST = 90  # what a shape's first colour and both of the background's differ by at least, in one of the channels
MOST_BARS = 4  # long, thin rectangles in the background that belong to no class
MOST_TILT = 20  # +/- degrees, squares and triangles: a few epochs must do, so all stand nearly upright
PLAIN_SHARE = 0.4  # probability of a shape without a pattern, beside the chance that its texture is plain anyway
# Channels of a background and a shape. Where a shape is alone a few images are enough to learn the classes.
ANY, DARK, LIGHT = (0, 255), (0, 90), (150, 255)
SEEN = 128  # a pixel belongs to a shape that covers half of it: this value of `Scene.coverage`, or more

_FINE = 8  # each pixel is looked at in 8 x 8 places; OpenCV's own soft outlines make a shape half a pixel larger
_CLOUDS = 7  # nodes of the slow variation of brightness along each side


class Kind(IntEnum):
    """What a shape is; the value is the class index."""

    CIRCLE = 0
    SQUARE = 1
    TRIANGLE = 2


# Directions of the outline's points, degrees; between those of a circle it is at most 0.14 px off, at 160 px.
_CORNERS = {Kind.CIRCLE: range(0, 360, 10), Kind.SQUARE: (45, 135, 225, 315), Kind.TRIANGLE: (90, 210, 330)}
# The share of a shape's second colour, 0 or 1, at coordinates counted in periods.
_TEXTURES: tuple[Callable[[Floats, Floats], NDArray[Any]], ...] = (
    lambda u, v: 0 * u,  # plain
    lambda u, v: np.floor(2 * u) % 2,  # stripes
    lambda u, v: (np.floor(u) + np.floor(v)) % 2,  # checks
    lambda u, v: (u % 1 - 0.5) ** 2 + (v % 1 - 0.5) ** 2 < 0.08,  # dots, a quarter of the surface
)


@dataclass(frozen=True)
class Shape:
    """One object.

    Attributes:
        kind: Circle, square or triangle.
        centre: Centre of the circumscribed circle, px.
        radius: Radius of the circumscribed circle, px.
        angle: Rotation, degrees.
        colours: Of the surface and of the pattern on it, float64 (2, 3).
        texture: Which of the patterns; 0 is none.
        period: After how many px the pattern repeats.
    """

    kind: Kind
    centre: tuple[float, float]
    radius: float
    angle: int
    colours: Floats
    texture: int = 0
    period: float = 1.0

    @property
    def upright(self) -> int:
        """The rotation of the shape's own axes, degrees: a circle has none, its axes are those of the image."""
        return 0 if self.kind is Kind.CIRCLE else self.angle

    def outline(self) -> Floats:
        """Return the corners in order, px, float64 (n, 2); many of them for a circle."""
        radians = np.deg2rad([self.upright + degrees for degrees in _CORNERS[self.kind]])
        return np.array(self.centre) + self.radius * np.column_stack([np.cos(radians), np.sin(radians)])


@dataclass(frozen=True)
class Scene:
    """What an image shows.

    Attributes:
        image: Its pixels, uint8 (size, size, 3).
        shapes: The objects, far to near.
        coverage: How much of each pixel each shape covers, hidden or not, 0 to 255; a uint8 (size, size) a shape.
    """

    image: Bytes
    shapes: tuple[Shape, ...]
    coverage: tuple[Bytes, ...]

    @property
    def size(self) -> int:
        """Side of the square image, px."""
        return len(self.image)


def compose_scene(rng: np.random.Generator, size: int, *, alone: bool = False) -> Scene:
    """Make up a scene and draw it.

    Args:
        rng: Source of all choices.
        size: Side of the image, px.
        alone: One shape, light on dark.
    """
    dark, light = (DARK, LIGHT) if alone else (ANY, ANY)
    ends = _colours(rng, 2, dark)
    canvas = _background(rng, size, ends, dark)
    count = 1 if alone else rng.integers(FEWEST_SHAPES, MOST_SHAPES + 1)
    shapes = [_shape(rng, size, ends, light) for _ in range(count)]
    grain = rng.integers(2, 16)
    return draw_scene(canvas, shapes, rng.integers(-grain, grain, size=canvas.shape, endpoint=True))


def draw_scene(background: Bytes, shapes: Sequence[Shape], grain: NDArray[np.int64] | int = 0) -> Scene:
    """Paint shapes over a background, without those of which nearer ones hide too much.

    Args:
        background: What is behind them, uint8 (size, size, 3).
        shapes: Far to near.
        grain: Noise of single pixels, added in the end.
    """
    size = len(background)
    visible = _visible([(shape, coverage(shape.outline(), size)) for shape in shapes], size)
    canvas = background.astype(np.float64)
    for shape, cover in visible:
        along, across = _turned_pixels(shape.angle, size)
        pattern = _TEXTURES[shape.texture](along / shape.period, across / shape.period)
        first, second = shape.colours
        surface = first + pattern[:, :, None] * (second - first)
        canvas += (cover / 255)[:, :, None] * (surface - canvas)
    image = np.clip(np.rint(canvas + grain), 0, 255).astype(np.uint8)
    return Scene(image, tuple(shape for shape, _ in visible), tuple(cover for _, cover in visible))


def coverage(corners: Floats, size: int) -> Bytes:
    """Return how much of each pixel a convex polygon covers, uint8 (size, size), 0 to 255; corners in px."""
    fine = np.zeros((size * _FINE, size * _FINE), dtype=np.uint8)
    cv2.fillConvexPoly(fine, np.rint(corners * _FINE - 0.5).astype(np.int32), 255)
    return np.asarray(cv2.resize(fine, (size, size), interpolation=cv2.INTER_AREA), dtype=np.uint8)


def _visible(shapes: Sequence[tuple[Shape, Bytes]], size: int) -> list[tuple[Shape, Bytes]]:
    """Return the shapes and their coverage, far to near, of which the nearer ones leave enough in sight."""
    hidden = np.zeros((size, size), dtype=bool)
    visible: list[tuple[Shape, Bytes]] = []
    for shape, cover in reversed(shapes):
        mask = cover >= SEEN
        if np.count_nonzero(mask & ~hidden) >= LEAST_VISIBLE * np.count_nonzero(mask):
            hidden |= mask
            visible.insert(0, (shape, cover))
    return visible


def _background(rng: np.random.Generator, size: int, ends: Floats, shades: tuple[int, int]) -> Bytes:
    along, _ = _turned_pixels(int(rng.integers(360)), size)
    position = (along - along.min()) / np.ptp(along)
    clouds = cv2.resize(rng.uniform(-1, 1, size=(_CLOUDS, _CLOUDS)), (size, size), interpolation=cv2.INTER_LINEAR)
    canvas: Floats = ends[0] + position[:, :, None] * (ends[1] - ends[0]) + rng.integers(10, 40) * clouds[:, :, None]
    image = np.clip(np.rint(canvas), 0, 255).astype(np.uint8)
    for _ in range(rng.integers(MOST_BARS + 1)):
        sides = rng.uniform([0.2, 0.006], [0.8, 0.03]) * size
        corners = cv2.boxPoints((rng.uniform(0, size, size=2), sides, rng.uniform(0, 360)))
        cv2.fillConvexPoly(image, np.rint(corners).astype(np.int32), _colours(rng, 1, shades)[0], cv2.LINE_AA)
    return image


def _shape(rng: np.random.Generator, size: int, ends: Floats, shades: tuple[int, int]) -> Shape:
    radius = rng.uniform(SMALLEST, LARGEST) * size
    x, y = rng.uniform(radius / 2, size - radius / 2, size=2)  # at most a small part lies outside the image
    colours = _colours(rng, 2, shades)
    while np.abs(colours[0] - ends).max(axis=1).min() < CONTRAST:
        colours = _colours(rng, 2, shades)
    return Shape(
        kind=Kind(int(rng.integers(len(Kind)))),
        centre=(float(x), float(y)),
        radius=radius,
        angle=int(rng.integers(-MOST_TILT, MOST_TILT + 1)),
        colours=colours,
        texture=0 if rng.random() < PLAIN_SHARE else int(rng.integers(len(_TEXTURES))),
        period=rng.uniform(0.03, 0.08) * size,
    )


def _colours(rng: np.random.Generator, count: int, shades: tuple[int, int]) -> Floats:
    return rng.integers(*shades, size=(count, 3), endpoint=True).astype(np.float64)


def _turned_pixels(angle: int, size: int) -> tuple[Floats, Floats]:
    """Return the coordinates of all pixels' centres in axes turned by `angle` degrees, px, (size, size) each."""
    centres = np.arange(size) + 0.5
    cosine, sine = np.cos(np.deg2rad(angle)), np.sin(np.deg2rad(angle))
    return cosine * centres + sine * centres[:, None], cosine * centres[:, None] - sine * centres
