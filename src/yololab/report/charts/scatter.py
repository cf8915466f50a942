"""Points over two axes: the history of a sweep, and its compromises between two objectives."""

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from yololab.report.charts.scales import Scale, nice_ticks, tick_label, value_ticks, whole_ticks
from yololab.report.charts.svg import (
    COLOURS,
    GLYPH,
    brush,
    drawing,
    element,
    figure,
    mark_legend,
    marked,
    text,
    value_axis,
)

WIDTH, HEIGHT = 420, 230
_BOTTOM = 38
_LOST = 18  # room below the axis for what has no value


@dataclass(frozen=True)
class Point:
    """One point.

    Attributes:
        x: Where it is across.
        y: Where it is up; None for something without a value, which stands below the axis.
        tooltip: What its tooltip says.
        colour: Number of its colour in the page's style, from 0.
        ring: Whether it is marked.
        mark: Its form: one of `MARKS`, empty for a disc.
        trial: The trial that it stands for; None for none.
    """

    x: float
    y: float | None
    tooltip: str
    colour: int = 0
    ring: bool = False
    mark: str = ""
    trial: int | None = None


def scatter(
    title: str,
    points: Sequence[Point],
    x_name: str,
    y_name: str,
    steps: Sequence[tuple[float, float]] = (),
    *,
    whole: bool = False,
    keys: Sequence[tuple[str, int, str]] = (),
    brushed: str = "",
) -> Markup:
    """Draw points, and a line of steps through some places.

    Args:
        title: The caption.
        points: The points.
        x_name: Name of the axis across.
        y_name: Name of the axis up.
        steps: The corners of a line that goes across first and up then.
        whole: Whether the axis across counts whole things, from their first to their last.
        keys: The legend: mark, colour and meaning of each.
        brushed: What a reader can select along the axis across; empty for nothing.

    Returns:
        A `<figure>`; empty without points that have a value.
    """
    known = [point.y for point in points if point.y is not None]
    if not known:
        return Markup("")
    across = [point.x for point in points]
    y_ticks = value_ticks(known)
    lost = _LOST * (len(known) < len(points))
    x_ticks = _whole(across) if whole else nice_ticks(min(across), max(across))
    left = 14 + max(len(tick_label(tick)) for tick in y_ticks) * GLYPH
    right = WIDTH - 10 - max(len(tick_label(tick)) for tick in x_ticks) * GLYPH / 2
    x = Scale(x_ticks[0], x_ticks[-1], left + 8, right)
    y = Scale(y_ticks[0], y_ticks[-1], HEIGHT - _BOTTOM - lost, 12)
    parts = [value_axis(y_ticks, y, left, WIDTH - 8)]
    parts += [text(x(tick), HEIGHT - _BOTTOM + 17, tick_label(tick), "middle") for tick in x_ticks]
    if steps:
        corners = [f"{x(steps[0][0]):.1f} {y(steps[0][1]):.1f}"]
        corners += [f"H{x(px):.1f} V{y(py):.1f}" for px, py in steps[1:]]
        parts.append(element("g", element("path", d=f"M{' '.join(corners)}"), kind="series s5"))
    if brushed:
        places = [(point.trial, x(point.x)) for point in points if point.trial is not None]
        parts.append(brush(brushed, "x", places, left, 4, right - left + 8, HEIGHT - _BOTTOM))
    parts += [_dot(point, x, y) for point in points]
    parts.append(text((left + right) / 2, HEIGHT - 4, x_name, "middle"))
    caption = f"{title}: {y_name}" if y_name else title
    if y_ticks[0] > 0:
        caption += f" (the axis begins at {tick_label(y_ticks[0])})"
    return figure(caption, drawing(WIDTH, HEIGHT, title, parts), mark_legend(keys))


def _dot(point: Point, x: Scale, y: Scale) -> Markup:
    """Draw a point with its tooltip."""
    across, up = x(point.x), y.start + _LOST - 4 if point.y is None else y(point.y)
    ring = [element("circle", kind="ring", cx=across, cy=up, r=7)] if point.ring else []
    drawn = [*ring, marked(point.mark, across, up), element("title", point.tooltip)]
    trial = {} if point.trial is None else {"data_trial": str(point.trial)}
    return element("g", *drawn, kind=f"dot s{point.colour % COLOURS}", **trial)


def _whole(values: Sequence[float]) -> list[int]:
    """Return the ticks of whole numbers; a single one gets a neighbour, so that the axis has a length."""
    low, high = int(min(values)), int(max(values))
    return whole_ticks(low, max(high, low + 1))
