"""Lines over epochs, confidences or recalls.

A line's path is written in the chart's own units, and the group around it carries the scale: so the drawing is the data
as well, from which the page's script tells the values under the pointer.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from yololab.report.charts.scales import Scale, tick_label, value_ticks, whole_ticks
from yololab.report.charts.svg import COLOURS, GLYPH, drawing, element, figure, legend, text, value_axis

Values = Sequence[float | None]

WIDTH, HEIGHT = 420, 222
_TOP, _BOTTOM = 24, 30
POINTS_SHOWN_UP_TO = 30
STYLES = ("", "dashed", "dotted")
SHARES = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)


@dataclass(frozen=True)
class Series:
    """One line of a chart.

    Attributes:
        name: Its name in the legend.
        values: A value for each place of `across`; None leaves a gap.
        colour: Number of its colour in the page's style, from 0.
        style: `dashed` or `dotted`, so that it can be told apart without colour; `strong` or `faint`; empty for none.
        across: Where its values are; None for the places of the chart.
        note: What the legend says of it; None for the last known value.
    """

    name: str
    values: Values
    colour: int = 0
    style: str = ""
    across: Sequence[float] | None = None
    note: str | None = None

    @property
    def kind(self) -> str:
        """Its class in the page's style."""
        return f"s{self.colour % COLOURS} {self.style}".rstrip()

    @property
    def summary(self) -> str:
        """What stands behind its name in the legend."""
        last = next((value for value in reversed(self.values) if value is not None), None)
        return self.note if self.note is not None else "—" if last is None else tick_label(float(f"{last:.4g}"))


def line_chart(
    title: str,
    across: Sequence[float],
    series: Sequence[Series],
    best: float | None = None,
    *,
    axis: str = "epoch",
    mark: str = "best",
    shares: bool = False,
    write: Callable[[float], str] = tick_label,
    keys: Sequence[Series] | None = None,
) -> Markup:
    """Draw lines, with axes from zero, ticks and a legend.

    Args:
        title: The caption.
        across: Epoch numbers, ascending: the x axis.
        series: The lines.
        best: A place to mark; None, or one that is not on the axis, marks nothing.
        axis: What the x axis counts.
        mark: The word for the marked place.
        shares: Whether both axes go from 0 to 1.
        write: Writes a value of the y axis.
        keys: The lines of the legend; None for all.

    Returns:
        A `<figure>`; empty when no value is known.
    """
    known = [value for line in series for value in line.values if value is not None]
    if not known:
        return Markup("")
    ticks = list(SHARES) if shares else value_ticks(known, from_zero=True)
    left = 14 + max(len(write(tick)) for tick in ticks) * GLYPH
    low, high = (0.0, 1.0) if shares else (across[0], across[-1])
    inside = (left + 4, WIDTH - 12.0) if low < high else ((left + WIDTH) / 2, WIDTH - 12.0)
    x = Scale(low, high if low < high else low + 1, *inside)
    y = Scale(ticks[0], ticks[-1], HEIGHT - _BOTTOM, _TOP)
    below = [(tick, tick_label(tick)) for tick in (SHARES if shares else whole_ticks(int(low), int(high)))]
    parts = [value_axis(ticks, y, left, WIDTH - 8, write), _across_axis(below, axis, x)]
    if best is not None and low < high and low <= best <= high:
        parts.append(_marked(x(best), mark, left))
    scale = {"transform": f"matrix({x.factor:.6g} 0 0 {y.factor:.6g} {x.zero:.6g} {y.zero:.6g})"}
    parts += [_line(line, across if line.across is None else line.across, scale) for line in series]
    label = f"{title}; {axis} {tick_label(low)} to {tick_label(high)}"
    svg = drawing(WIDTH, HEIGHT, label, parts, data_across=axis)
    return figure(title, svg, legend((line.kind, line.name, line.summary) for line in keys or series))


def _across_axis(ticks: Sequence[tuple[float, str]], axis: str, x: Scale) -> Markup:
    """Write what is below the chart; the last label says what the axis is."""
    labels = [text(x(tick), HEIGHT - 12, label, "middle") for tick, label in ticks[:-1]]
    last = f"{axis} {ticks[-1][1]}"
    at = min(x(ticks[-1][0]), WIDTH - 6 - len(last) * GLYPH / 2)
    while labels and at - x(ticks[len(labels) - 1][0]) < (len(last) + len(ticks[len(labels) - 1][1]) + 1) * GLYPH / 2:
        labels.pop()
    return Markup("").join([*labels, text(at, HEIGHT - 12, last, "middle")])


def _marked(at: float, word: str, left: float) -> Markup:
    """Mark a place; the word stands above the lines."""
    half = len(word) * GLYPH / 2
    anchor = "end" if at + half > WIDTH else "start" if at - half < left else "middle"
    line = element("line", kind="best", x1=at, x2=at, y1=_TOP - 6, y2=HEIGHT - _BOTTOM)
    return line + text(at, _TOP - 10, word, anchor)


def _line(line: Series, across: Sequence[float], scale: dict[str, str]) -> Markup:
    """Draw a line with its gaps; points too when there are few of them, or when one stands alone."""
    pieces: list[list[str]] = [[]]
    for place, value in zip(across, line.values, strict=True):
        if value is None:
            pieces.append([])
        else:
            pieces[-1].append(f"{place:.6g} {value:.4g}")
    few = line.across is None and len(across) <= POINTS_SHOWN_UP_TO
    points = [point for piece in pieces for point in piece if few or len(piece) == 1]
    drawn = [element("path", d="".join(f"M{'L'.join(piece)}" for piece in pieces if piece), **scale)]
    if points:
        drawn.append(element("path", kind="points", d="".join(f"M{point}h0" for point in points), **scale))
    return element("g", *drawn, kind=f"series {line.kind}", data_name=line.name)


def simplified(values: NDArray[np.floating], tolerance: float) -> list[int]:
    """Return places of a curve between which a straight line is off by no more than the tolerance.

    >>> simplified(np.array([0.0, 0.5, 1.0, 1.0, 1.0]), 0.01)
    [0, 2, 4]
    """
    kept, open_ends = {0, len(values) - 1}, [(0, len(values) - 1)]
    while open_ends:
        first, last = open_ends.pop()
        off = np.abs(np.linspace(values[first], values[last], last - first + 1) - values[first : last + 1])
        place = first + int(off.argmax())
        if off.max() > tolerance:
            kept.add(place)
            open_ends += [(first, place), (place, last)]
    return sorted(kept)
