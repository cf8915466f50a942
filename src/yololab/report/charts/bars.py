"""Horizontal bars."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from markupsafe import Markup

from yololab.report.charts.scales import Scale
from yololab.report.charts.svg import COLOURS, GLYPH, LABEL_COLUMNS, drawing, element, figure, legend, text
from yololab.text import UNKNOWN, number, shortened, text_width

HEIGHT, GAP, WIDTH = 14, 10, 420
_PITCH = 13  # from one bar of a group to the next


@dataclass(frozen=True)
class Bar:
    """One bar.

    Attributes:
        label: Its name.
        value: Its length; None draws no bar.
        marker: A second value to compare with, drawn as a line across; None for none.
        note: What its tooltip says besides the values.
    """

    label: str
    value: float | None
    marker: float | None = None
    note: str = ""


def bars(
    title: str, rows: Sequence[Bar], top: float | None = 1.0, write: Callable[[float], str] = number, colour: int = 0
) -> Markup:
    """Draw horizontal bars, each with its label and value.

    Args:
        title: The caption; empty for none.
        rows: The bars, from the top.
        top: The value of a full bar; None takes the largest.
        write: Writes a value.
        colour: Number of the bars' colour in the page's style, from 0.

    Returns:
        A `<figure>`; empty without rows.
    """
    if not rows:
        return Markup("")
    known = [value for row in rows for value in (row.value, row.marker) if value is not None]
    labels, left = _labels(row.label for row in rows)
    right = WIDTH - 14 - max((len(write(value)) for value in known), default=1) * GLYPH
    x = Scale(0.0, top or max(known, default=0.0) or 1.0, left, right)
    step = HEIGHT + GAP
    drawn = []
    for index, (row, label) in enumerate(zip(rows, labels, strict=True)):
        tooltip = f"{row.label}: {'not known' if row.value is None else write(row.value)}"
        tooltip += f", baseline {write(row.marker)}" if row.marker is not None else ""
        tooltip += f"\n{row.note}" if row.note else ""
        track = _Track(row.value, UNKNOWN if row.value is None else write(row.value), colour, row.marker)
        drawn.append(_row(label, tooltip, index * step + GAP / 2, x, [track], HEIGHT, HEIGHT))
    return figure(title, drawing(WIDTH, len(rows) * step, title or "Bars", drawn))


@dataclass(frozen=True)
class Group:
    """Bars of one row, one a series.

    Attributes:
        label: The name of the row.
        values: Length of each series' bar; None draws none.
        shown: What stands at the end of each.
    """

    label: str
    values: Sequence[float | None]
    shown: Sequence[str]


def grouped_bars(title: str, series: Sequence[str], rows: Sequence[Group]) -> Markup:
    """Draw horizontal bars in groups, the longest of all over the whole width, with a legend of the series.

    Args:
        title: The caption.
        series: Names of the series.
        rows: The groups, from the top; each has as many values as there are series.

    Returns:
        A `<figure>`; empty when no value is known.
    """
    known = [value for row in rows for value in row.values if value is not None]
    if not known:
        return Markup("")
    labels, left = _labels(row.label for row in rows)
    right = WIDTH - 14 - max(text_width(shown) for row in rows for shown in row.shown) * GLYPH
    x = Scale(0.0, max(known) or 1.0, left, right)
    step = len(series) * _PITCH + GAP
    drawn = []
    for index, (row, label) in enumerate(zip(rows, labels, strict=True)):
        tooltip = "\n".join([row.label, *map(": ".join, zip(series, row.shown, strict=True))])
        values = enumerate(zip(row.values, row.shown, strict=True))
        tracks = [_Track(x.low if value is None else value, shown, colour) for colour, (value, shown) in values]
        drawn.append(_row(label, tooltip, index * step + GAP / 2, x, tracks, _PITCH, _PITCH - 3))
    keys = [(f"s{index % COLOURS}", name, "") for index, name in enumerate(series)] if len(series) > 1 else []
    return figure(title, drawing(WIDTH, len(rows) * step, title, drawn), legend(keys))


def _labels(labels: Iterable[str]) -> tuple[list[str], float]:
    """Return labels cut to their column, and where the bars next to them begin."""
    cut = [shortened(label, LABEL_COLUMNS) for label in labels]
    return cut, 12 + max(text_width(label) for label in cut) * GLYPH


class _Track(NamedTuple):
    """One bar of a row: its length (None fills nothing), what stands at its end, its colour and its marker."""

    value: float | None
    shown: str
    colour: int
    marker: float | None = None


def _row(label: str, tooltip: str, top: float, x: Scale, tracks: Sequence[_Track], pitch: int, height: int) -> Markup:
    """Draw the bars of a row under each other, with the row's name in their middle."""
    parts = [element("title", tooltip), text(x.start - 8, top + len(tracks) * pitch / 2 + 4, label, "end")]
    for index, (value, shown, colour, marker) in enumerate(tracks):
        place = top + index * pitch
        lengths = [("track", x.end - x.start)]
        if value is not None:
            lengths.append((f"fill s{colour % COLOURS}", max(x(min(value, x.high)) - x.start, 0.0)))
        for kind, width in lengths:
            parts.append(element("rect", kind=kind, x=x.start, y=place, width=width, height=height, rx=3))
        if marker is not None:
            at = x(min(max(marker, 0.0), x.high))
            parts.append(element("line", kind="marker", x1=at, x2=at, y1=place - 3, y2=place + height + 3))
        parts.append(text(WIDTH - 4, place + height / 2 + 4, shown, "end", "value"))
    return element("g", *parts)
