"""Parallel coordinates: each trial a line through its settings to its score."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from yololab.report.charts.scales import tick_label
from yololab.report.charts.svg import brush, drawing, element, figure, text
from yololab.text import shortened

HEIGHT, TOP, BOTTOM = 300, 44, 30
COLUMN, WIDEST, SIDE, FULL = 128, 240, 62, 960
_LABEL, _HIT = 15, 30


@dataclass(frozen=True)
class Axis:
    """One axis.

    Attributes:
        name: Its name.
        places: Where each line crosses it, 0 at the bottom to 1 at the top.
        labels: Places with what is written there.
    """

    name: str
    places: tuple[float, ...]
    labels: tuple[tuple[float, str], ...]


@dataclass(frozen=True)
class Line:
    """One line.

    Attributes:
        tooltip: What its tooltip says.
        strength: How good it is, 0 to 1: the better, the clearer it is drawn.
        best: Whether it is the best one.
        trial: The trial that it stands for.
    """

    tooltip: str
    strength: float
    best: bool = False
    trial: int = 0


def parallel(title: str, axes: Sequence[Axis], lines: Sequence[Line]) -> Markup:
    """Draw lines through axes.

    Args:
        title: The caption.
        axes: The axes, from the left.
        lines: The lines, as many as each axis has places.

    Returns:
        A `<figure>`; empty with fewer than two axes or without lines.
    """
    if len(axes) < 2 or not lines:
        return Markup("")
    column = min(max((FULL - 2 * SIDE) / (len(axes) - 1), COLUMN), WIDEST)
    width = 2 * SIDE + column * (len(axes) - 1)
    across = [SIDE + column * index for index in range(len(axes))]
    order = sorted(range(len(lines)), key=lambda index: (lines[index].best, lines[index].strength))
    parts = [_line(lines[index], [axis.places[index] for axis in axes], across) for index in order]
    for index, (axis, at) in enumerate(zip(axes, across, strict=True)):
        parts.append(_axis(axis, at, "start" if index == len(axes) - 1 else "end"))
        places = [(line.trial, _up(place)) for line, place in zip(lines, axis.places, strict=True)]
        parts.append(brush(axis.name, "y", places, at - _HIT / 2, TOP - 4, _HIT, HEIGHT - TOP - BOTTOM + 8))
    return figure(title, drawing(width, HEIGHT, title, parts, natural=True))


def _up(place: float) -> float:
    """Return the drawing coordinate of a place on an axis."""
    return HEIGHT - BOTTOM - place * (HEIGHT - BOTTOM - TOP)


def _line(line: Line, places: Sequence[float], across: Sequence[float]) -> Markup:
    """Draw one line."""
    corners = " L".join(f"{at:.1f} {_up(place):.1f}" for at, place in zip(across, places, strict=True))
    opacity = 1.0 if line.best else 0.15 + 0.55 * line.strength
    path, title = element("path", d=f"M{corners}"), element("title", line.tooltip)
    return element(
        "g", path, title, kind=f"series s{int(line.best)}", opacity=f"{opacity:.2f}", data_trial=str(line.trial)
    )


def _axis(axis: Axis, at: float, side: str) -> Markup:
    """Draw an axis with its name and its labels: those of its ends outside, where no line passes."""
    shift = 6 if side == "start" else -6
    rule = element("line", kind="axis", x1=float(at), x2=float(at), y1=TOP, y2=HEIGHT - BOTTOM)
    name = text(at, 14, shortened(axis.name, _LABEL), "middle", "value")
    labels = []
    for place, label in axis.labels:
        cut = shortened(label, _LABEL)
        if 0 < place < 1:
            labels.append(text(at + shift, _up(place) + 4, cut, side, "halo"))
        else:
            labels.append(text(at, _up(place) + (16 if place == 0 else -8), cut, "middle"))
    return Markup("").join([rule, name, *labels])


def number_axis(name: str, values: Sequence[float], *, log: bool = False) -> Axis:
    """Return the axis of numbers, over powers of ten when that is how they are spread."""
    scaled = [math.log10(value) for value in values] if log else list(values)
    low, high = min(scaled), max(scaled)
    span = (high - low) or 1.0
    places = tuple((value - low) / span if high > low else 0.5 for value in scaled)
    ends = ((0.0, min(values)), (1.0, max(values))) if high > low else ((0.5, values[0]),)
    return Axis(name, places, tuple((place, tick_label(float(f"{value:.3g}"))) for place, value in ends))


def category_axis(name: str, values: Sequence[str]) -> Axis:
    """Return the axis of choices, evenly apart."""
    choices = sorted(set(values))
    gap = max(len(choices) - 1, 1)
    place = {choice: index / gap if len(choices) > 1 else 0.5 for index, choice in enumerate(choices)}
    return Axis(
        name, tuple(place[value] for value in values), tuple((place[choice], choice) for choice in choices[:12])
    )
