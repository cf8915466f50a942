"""Horizontal bars."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from yololab.report.charts.scales import Scale
from yololab.report.charts.svg import GLYPH, LABEL_COLUMNS, drawing, figure, text
from yololab.report.formats import number, shortened, text_width

HEIGHT, GAP, WIDTH = 14, 10, 420
_PITCH = 13  # from one bar of a group to the next


@dataclass(frozen=True)
class Bar:
    """One bar.

    Attributes:
        label: Its name.
        value: Its length; None draws no bar.
        marker: A second value to compare with, drawn as a line across; None for none.
        note: What its tooltip says beside the values.
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
    full = top or max(known, default=0.0) or 1.0
    labels = [shortened(row.label, LABEL_COLUMNS) for row in rows]
    left = 12 + max(text_width(label) for label in labels) * GLYPH
    right = WIDTH - 14 - max((len(write(value)) for value in known), default=1) * GLYPH
    x = Scale(0.0, full, left, right)
    step = HEIGHT + GAP
    drawn = [
        _bar(row, label, index * step + GAP / 2, x, write, colour)
        for index, (row, label) in enumerate(zip(rows, labels, strict=True))
    ]
    svg = drawing(WIDTH, len(rows) * step, title or "Bars", drawn)
    return figure(title, svg)


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
    labels = [shortened(row.label, LABEL_COLUMNS) for row in rows]
    left = 12 + max(text_width(label) for label in labels) * GLYPH
    right = WIDTH - 14 - max(text_width(shown) for row in rows for shown in row.shown) * GLYPH
    x = Scale(0.0, max(known) or 1.0, left, right)
    step = len(series) * _PITCH + GAP
    drawn = [
        _group(row, label, index * step + GAP / 2, x, series)
        for index, (row, label) in enumerate(zip(rows, labels, strict=True))
    ]
    return figure(title, drawing(WIDTH, len(rows) * step, title, drawn), _keys(series))


def _group(row: Group, label: str, top: float, x: Scale, series: Sequence[str]) -> Markup:
    """Draw the bars of a row under each other, with the row's name in their middle."""
    told = "\n".join(f"{name}: {shown}" for name, shown in zip(series, row.shown, strict=True))
    parts = [
        Markup("<title>{}</title>").format(f"{row.label}\n{told}"),
        text(x.start - 8, top + (len(series) * _PITCH) / 2 + 4, label, "end"),
    ]
    for index, (value, shown) in enumerate(zip(row.values, row.shown, strict=True)):
        place = top + index * _PITCH
        length = 0.0 if value is None else x(value) - x.start
        for kind, width in (("track", x.end - x.start), (f"fill s{index % 6}", length)):
            parts.append(
                Markup('<rect class="{}" x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{}" rx="2"/>').format(
                    kind, x.start, place, width, _PITCH - 3
                )
            )
        parts.append(text(WIDTH - 4, place + _PITCH - 4, shown, "end", "value"))
    return Markup("<g>{}</g>").format(Markup("").join(parts))


def _keys(series: Sequence[str]) -> Markup:
    """List the series with their colours; a single one needs none."""
    if len(series) < 2:
        return Markup("")
    return Markup("").join(
        Markup(
            '<span class="key"><svg class="swatch" viewBox="0 0 22 8" aria-hidden="true"><g class="series s{}">'
            '<path d="M1 4 L21 4"/></g></svg>{}</span>'
        ).format(index % 6, name)
        for index, name in enumerate(series)
    )


def _bar(row: Bar, label: str, top: float, x: Scale, write: Callable[[float], str], colour: int) -> Markup:
    """Draw one bar with its label, its value and its marker."""
    baseline = top + HEIGHT - 3
    told = f"{row.label}: {'not known' if row.value is None else write(row.value)}"
    told += f", baseline {write(row.marker)}" if row.marker is not None else ""
    parts = [
        Markup("<title>{}</title>").format(f"{told}\n{row.note}" if row.note else told),
        text(x.start - 8, baseline, label, "end"),
        Markup('<rect class="track" x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{}" rx="3"/>').format(
            x.start, top, x.end - x.start, HEIGHT
        ),
    ]
    if row.value is not None:
        length = max(x(min(row.value, x.high)) - x.start, 0.0)
        parts.append(
            Markup('<rect class="fill s{}" x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{}" rx="3"/>').format(
                colour % 6, x.start, top, length, HEIGHT
            )
        )
    if row.marker is not None:
        at = x(min(max(row.marker, 0.0), x.high))
        parts.append(
            Markup('<line class="marker" x1="{:.1f}" x2="{:.1f}" y1="{:.1f}" y2="{:.1f}"/>').format(
                at, at, top - 3, top + HEIGHT + 3
            )
        )
    shown = "—" if row.value is None else write(row.value)
    parts.append(text(WIDTH - 4, baseline, shown, "end", "value"))
    return Markup("<g>{}</g>").format(Markup("").join(parts))
