"""Points over two axes: the history of a sweep, and its compromises between two objectives."""

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from yololab.report.charts.scales import Scale, nice_ticks, tick_label, value_ticks, whole_ticks
from yololab.report.charts.svg import COLOURS, GLYPH, drawing, element, figure, text, value_axis

WIDTH, HEIGHT = 420, 230
_BOTTOM = 38


@dataclass(frozen=True)
class Point:
    """One point.

    Attributes:
        x: Where it is across.
        y: Where it is up.
        tooltip: What its tooltip says.
        colour: Number of its colour in the page's style, from 0.
        ring: Whether it is marked.
    """

    x: float
    y: float
    tooltip: str
    colour: int = 0
    ring: bool = False


def scatter(
    title: str,
    points: Sequence[Point],
    x_name: str,
    y_name: str,
    steps: Sequence[tuple[float, float]] = (),
    *,
    whole: bool = False,
) -> Markup:
    """Draw points, and a line of steps through some places.

    Args:
        title: The caption.
        points: The points.
        x_name: Name of the axis across.
        y_name: Name of the axis up.
        steps: The corners of a line that goes across first and up then.
        whole: Whether the axis across counts whole things, from their first to their last.

    Returns:
        A `<figure>`; empty without points.
    """
    if not points:
        return Markup("")
    across = [point.x for point in points]
    y_ticks = value_ticks([point.y for point in points])
    x_ticks = _whole(across) if whole else nice_ticks(min(across), max(across))
    left = 14 + max(len(tick_label(tick)) for tick in y_ticks) * GLYPH
    right = WIDTH - 10 - max(len(tick_label(tick)) for tick in x_ticks) * GLYPH / 2
    x = Scale(x_ticks[0], x_ticks[-1], left + 8, right)
    y = Scale(y_ticks[0], y_ticks[-1], HEIGHT - _BOTTOM, 12)
    parts = [value_axis(y_ticks, y, left, WIDTH - 8)]
    parts += [text(x(tick), HEIGHT - _BOTTOM + 17, tick_label(tick), "middle") for tick in x_ticks]
    if steps:
        corners = [f"{x(steps[0][0]):.1f} {y(steps[0][1]):.1f}"]
        corners += [f"H{x(px):.1f} V{y(py):.1f}" for px, py in steps[1:]]
        parts.append(element("g", element("path", d=f"M{' '.join(corners)}"), kind="series s5"))
    parts += [_dot(point, x, y) for point in points]
    parts.append(text((left + right) / 2, HEIGHT - 4, x_name, "middle"))
    return figure(f"{title}: {y_name}" if y_name else title, drawing(WIDTH, HEIGHT, title, parts))


def _dot(point: Point, x: Scale, y: Scale) -> Markup:
    """Draw a point with its tooltip."""
    place = {"cx": x(point.x), "cy": y(point.y)}
    ring = [element("circle", kind="ring", **place, r=7)] if point.ring else []
    drawn = [*ring, element("circle", **place, r=4), element("title", point.tooltip)]
    return element("g", *drawn, kind=f"dot s{point.colour % COLOURS}")


def _whole(values: Sequence[float]) -> list[int]:
    """Return the ticks of whole numbers; a single one gets a neighbour, so that the axis has a length."""
    low, high = int(min(values)), int(max(values))
    return whole_ticks(low, max(high, low + 1))
