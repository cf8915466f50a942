"""Scenes of the built-in dataset: what stands where, in which colour and in front of what; nothing is drawn here.

Coordinates are pixels, x to the right and y down, with the origin at the image's top left corner: the centre of the
first pixel is (0.5, 0.5). Two machines must come to the same bytes, so random numbers are made of integers and
`Generator.random` alone, and angles are whole degrees whose sines and cosines are rounded: the last digit of `math.sin`
and the contents of `Generator.normal` differ between libraries.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from enum import Enum, IntEnum

import numpy as np
from numpy.typing import NDArray

Point = tuple[float, float]
Colour = tuple[int, int, int]
"""Red, green, blue, 0 to 255."""

FEWEST_SHAPES, MOST_SHAPES = 2, 6
LEAST_VISIBLE = 0.5
"""A shape of which the nearer ones leave less than this fraction in sight is taken out of the scene."""
SMALLEST, LARGEST = 0.09, 0.22
"""Radius of a shape's circumscribed circle, as a fraction of the image's side."""
CONTRAST = 90
"""What a shape's first colour and both of the background's differ by at least, in one of the channels."""
MOST_BARS = 4
MOST_TILT = 20
"""Rotation of squares and triangles, +/- degrees: a few epochs must do, so most stand nearly upright."""
LIGHTEST_DARK, DARKEST_LIGHT = 90, 150
"""Channels of a background and of a shape that stands alone."""
PLAIN_SHARE = 0.4
"""Probability that a shape has no pattern, beside the chance that its texture is plain anyway."""

_CORNERS = {"square": (45, 135, 225, 315), "triangle": (90, 210, 330)}
_ROUNDED_DIGITS = 9


class Kind(IntEnum):
    """What a shape is; the value is the class index."""

    CIRCLE = 0
    SQUARE = 1
    TRIANGLE = 2


class Texture(Enum):
    """How a shape's two colours share its surface."""

    PLAIN = "plain"
    STRIPES = "stripes"
    CHECKS = "checks"
    DOTS = "dots"


@dataclass(frozen=True)
class Shape:
    """One object.

    Attributes:
        kind: Circle, square or triangle.
        centre: Centre of the circumscribed circle, px.
        radius: Radius of the circumscribed circle, px.
        angle: Rotation, whole degrees.
        colours: Of the surface and of the pattern on it.
        texture: The pattern.
        period: After how many px the pattern repeats.
    """

    kind: Kind
    centre: Point
    radius: float
    angle: int
    colours: tuple[Colour, Colour]
    texture: Texture
    period: float

    def corners(self) -> tuple[Point, ...]:
        """Return the corners in order, px; none for a circle."""
        x, y = self.centre
        directions = (direction(self.angle + degrees) for degrees in _CORNERS.get(self.kind.name.lower(), ()))
        return tuple((x + self.radius * cosine, y + self.radius * sine) for cosine, sine in directions)


@dataclass(frozen=True)
class Bar:
    """A long, thin rectangle in the background that belongs to no class.

    Attributes:
        centre: Its centre, px.
        length: Its longer side, px.
        width: Its shorter side, px.
        angle: Rotation, whole degrees.
        colour: Its colour.
    """

    centre: Point
    length: float
    width: float
    angle: int
    colour: Colour

    def corners(self) -> tuple[Point, ...]:
        """Return the four corners in order, px."""
        x, y = self.centre
        cosine, sine = direction(self.angle)
        half_length, half_width = self.length / 2, self.width / 2
        signs = ((1, 1), (-1, 1), (-1, -1), (1, -1))
        return tuple(
            (
                x + along * half_length * cosine - across * half_width * sine,
                y + along * half_length * sine + across * half_width * cosine,
            )
            for along, across in signs
        )


@dataclass(frozen=True)
class Background:
    """What is behind the shapes.

    Attributes:
        colours: The two ends of the gradient.
        angle: Its direction, whole degrees.
        clouds: Strength of the slow variation of brightness, grey levels.
        grain: Strength of the noise of single pixels, grey levels; it lies over the shapes, too.
        bars: Clutter, far to near.
    """

    colours: tuple[Colour, Colour]
    angle: int
    clouds: int
    grain: int
    bars: tuple[Bar, ...]


@dataclass(frozen=True)
class Scene:
    """Everything that an image shows.

    Attributes:
        size: Side of the square image, px.
        background: What is behind the shapes.
        shapes: The objects, far to near.
        noise_seed: Seed of clouds and grain.
    """

    size: int
    background: Background
    shapes: tuple[Shape, ...]
    noise_seed: int


def direction(degrees: int) -> Point:
    """Return the cosine and the sine of an angle, rounded to what all machines agree on."""
    angle = math.radians(degrees % 360)
    return round(math.cos(angle), _ROUNDED_DIGITS), round(math.sin(angle), _ROUNDED_DIGITS)


def distance_to_polygon(corners: tuple[Point, ...], size: int) -> NDArray[np.float64]:
    """Return how far each pixel's centre is from the lines of a convex polygon: negative inside.

    Args:
        corners: The corners, px, in the order of growing angles.
        size: Side of the image, px.

    Returns:
        float64 (size, size): the largest of the signed distances to the lines through the sides, px.
    """
    x, y = pixel_centres(size)
    distance = np.full((size, size), -np.inf)
    for (x1, y1), (x2, y2) in zip(corners, corners[1:] + corners[:1], strict=True):
        length = math.sqrt((x2 - x1) * (x2 - x1) + (y2 - y1) * (y2 - y1))
        normal_x, normal_y = (y2 - y1) / length, (x1 - x2) / length
        np.maximum(distance, normal_x * (x - x1) + normal_y * (y - y1), out=distance)
    return distance


def distance_to_shape(shape: Shape, size: int) -> NDArray[np.float64]:
    """Return the signed distance of each pixel's centre to the shape's outline, float64 (size, size), px."""
    if shape.kind is not Kind.CIRCLE:
        return distance_to_polygon(shape.corners(), size)
    x, y = pixel_centres(size)
    dx, dy = x - shape.centre[0], y - shape.centre[1]
    return np.sqrt(dx * dx + dy * dy) - shape.radius


def shape_mask(shape: Shape, size: int) -> NDArray[np.bool_]:
    """Return which pixels of the image have their centre in the shape, hidden ones included; bool (size, size)."""
    return distance_to_shape(shape, size) <= 0


def pixel_centres(size: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return x, float64 (1, size), and y, float64 (size, 1), of the centres of an image's pixels, px."""
    centres = np.arange(size, dtype=np.float64) + 0.5
    return centres[None, :], centres[:, None]


def compose_scene(rng: np.random.Generator, size: int) -> Scene:
    """Make up a scene.

    Args:
        rng: Source of all choices.
        size: Side of the image, px.
    """
    background = _background(rng, size)
    candidates = tuple(_shape(rng, size, background) for _ in range(int(rng.integers(FEWEST_SHAPES, MOST_SHAPES + 1))))
    return Scene(size, background, visible_shapes(candidates, size), int(rng.integers(2**32)))


def main_shape_alone(scene: Scene) -> Scene:
    """Return a scene with its nearest shape alone, light on dark: few images are enough to learn the classes."""
    background = replace(
        scene.background,
        colours=(_dark(scene.background.colours[0]), _dark(scene.background.colours[1])),
        bars=tuple(replace(bar, colour=_dark(bar.colour)) for bar in scene.background.bars),
    )
    shape = scene.shapes[-1]
    shape = replace(shape, colours=(_light(shape.colours[0]), _light(shape.colours[1])))
    return replace(scene, background=background, shapes=(shape,))


def _dark(colour: Colour) -> Colour:
    red, green, blue = (value * LIGHTEST_DARK // 255 for value in colour)
    return red, green, blue


def _light(colour: Colour) -> Colour:
    red, green, blue = (DARKEST_LIGHT + value * (255 - DARKEST_LIGHT) // 255 for value in colour)
    return red, green, blue


def visible_shapes(shapes: tuple[Shape, ...], size: int) -> tuple[Shape, ...]:
    """Return the shapes (far to near) without those of which nearer ones hide too much."""
    covered = np.zeros((size, size), dtype=bool)
    kept: list[Shape] = []
    for shape in reversed(shapes):
        mask = shape_mask(shape, size)
        if np.count_nonzero(mask & ~covered) >= LEAST_VISIBLE * np.count_nonzero(mask):
            covered |= mask
            kept.append(shape)
    return tuple(reversed(kept))


def _background(rng: np.random.Generator, size: int) -> Background:
    bars = tuple(
        Bar(
            centre=(_between(rng, 0, size), _between(rng, 0, size)),
            length=_between(rng, 0.2, 0.8) * size,
            width=_between(rng, 0.006, 0.03) * size,
            angle=int(rng.integers(360)),
            colour=_colour(rng),
        )
        for _ in range(int(rng.integers(MOST_BARS + 1)))
    )
    return Background(
        colours=(_colour(rng), _colour(rng)),
        angle=int(rng.integers(360)),
        clouds=int(rng.integers(10, 40)),
        grain=int(rng.integers(2, 16)),
        bars=bars,
    )


def _shape(rng: np.random.Generator, size: int, background: Background) -> Shape:
    radius = _between(rng, SMALLEST, LARGEST) * size
    margin = radius / 2  # at most a small part lies outside the image
    return Shape(
        kind=Kind(int(rng.integers(len(Kind)))),
        centre=(_between(rng, margin, size - margin), _between(rng, margin, size - margin)),
        radius=radius,
        angle=int(rng.integers(-MOST_TILT, MOST_TILT + 1)),
        colours=(_contrasting_colour(rng, background.colours), _colour(rng)),
        texture=_texture(rng),
        period=_between(rng, 0.03, 0.08) * size,
    )


def _texture(rng: np.random.Generator) -> Texture:
    return Texture.PLAIN if rng.random() < PLAIN_SHARE else tuple(Texture)[int(rng.integers(len(Texture)))]


def _contrasting_colour(rng: np.random.Generator, others: tuple[Colour, ...]) -> Colour:
    while True:
        colour = _colour(rng)
        if all(max(abs(a - b) for a, b in zip(colour, other, strict=True)) >= CONTRAST for other in others):
            return colour


def _colour(rng: np.random.Generator) -> Colour:
    red, green, blue = (int(value) for value in rng.integers(256, size=3))
    return red, green, blue


def _between(rng: np.random.Generator, low: float, high: float) -> float:
    return low + (high - low) * float(rng.random())
