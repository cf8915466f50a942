"""Points over two axes: the history of a sweep, and its compromises between two objectives."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from yololab.report.charts.scales import Scale, nice_ticks, tick_label, value_ticks
from yololab.report.charts.svg import GLYPH, drawing, figure, text

WIDTH, HEIGHT = 420, 230
_BOTTOM = 38


@dataclass(frozen=True)
class Point:
    """One point.

    Attributes:
        x: Where it is across.
        y: Where it is up.
        told: What its tooltip says.
        colour: Number of its colour in the page's style, from 0.
        ring: Whether it is marked.
    """

    x: float
    y: float
    told: str
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
    x_ticks = _whole_ticks(across) if whole else nice_ticks(min(across), max(across))
    left = 14 + max(len(tick_label(tick)) for tick in y_ticks) * GLYPH
    right = WIDTH - 10 - max(len(tick_label(tick)) for tick in x_ticks) * GLYPH / 2
    x = Scale(x_ticks[0], x_ticks[-1], left + 8, right)
    y = Scale(y_ticks[0], y_ticks[-1], HEIGHT - _BOTTOM, 12)
    parts = [_up_axis(y_ticks, y, left), _across_axis(x_ticks, x)]
    if steps:
        corners = [f"{x(steps[0][0]):.1f} {y(steps[0][1]):.1f}"]
        corners += [f"H{x(px):.1f} V{y(py):.1f}" for px, py in steps[1:]]
        parts.append(Markup('<g class="series s5"><path d="M{}"/></g>').format(" ".join(corners)))
    parts += [_dot(point, x, y) for point in points]
    parts.append(text((left + right) / 2, HEIGHT - 4, x_name, "middle"))
    return figure(f"{title}: {y_name}" if y_name else title, drawing(WIDTH, HEIGHT, title, parts))


def _dot(point: Point, x: Scale, y: Scale) -> Markup:
    """Draw a point with its tooltip."""
    ring = (
        Markup('<circle class="ring" cx="{:.1f}" cy="{:.1f}" r="7"/>').format(x(point.x), y(point.y))
        if point.ring
        else Markup("")
    )
    return Markup('<g class="dot s{}">{}<circle cx="{:.1f}" cy="{:.1f}" r="4"/><title>{}</title></g>').format(
        point.colour % 6, ring, x(point.x), y(point.y), point.told
    )


def _up_axis(ticks: Sequence[float], y: Scale, left: float) -> Markup:
    """Draw the horizontal lines with their labels."""
    return Markup("").join(
        Markup('<line class="grid" x1="{:.1f}" x2="{}" y1="{:.1f}" y2="{:.1f}"/>').format(
            left, WIDTH - 8, y(tick), y(tick)
        )
        + text(left - 6, y(tick) + 4, tick_label(tick), "end")
        for tick in ticks
    )


def _across_axis(ticks: Sequence[float], x: Scale) -> Markup:
    """Write the labels below."""
    return Markup("").join(text(x(tick), HEIGHT - _BOTTOM + 17, tick_label(tick), "middle") for tick in ticks)


def _whole_ticks(values: Sequence[float]) -> list[float]:
    """Return whole numbers that cover the values, at most seven of them."""
    low, high = int(min(values)), int(max(values))
    step = max(1, -(-(high - low) // 6))
    ticks = list(range(low, high + step, step))
    return [float(tick) for tick in (ticks if len(ticks) > 1 else [low, low + 1])]
