"""Horizontal bars."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from yololab.report.charts.scales import Scale
from yololab.report.charts.svg import GLYPH, LABEL_COLUMNS, drawing, figure, text
from yololab.report.formats import number, shortened, text_width

HEIGHT, GAP, WIDTH = 14, 10, 420


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
