"""Values with their intervals, a row each, one series beside the other."""

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from yololab.report.charts.scales import Scale, nice_ticks, tick_label
from yololab.report.charts.svg import COLOURS, GLYPH, LABEL_COLUMNS, drawing, element, figure, mark_legend, marked, text
from yololab.text import UNKNOWN, interval, number, shortened, text_width

WIDTH, GAP = 420, 12
_PITCH, _AXIS = 13, 24  # from one series of a row to the next; room for the axis
MARKS_OF_SERIES = ("", "square", "triangle")


@dataclass(frozen=True)
class Estimate:
    """A value with its interval.

    Attributes:
        value: The value; None draws nothing.
        ends: Its interval; None draws the value alone.
    """

    value: float | None
    ends: tuple[float, float] | None = None


@dataclass(frozen=True)
class IntervalRow:
    """One row.

    Attributes:
        label: Its name.
        estimates: One a series, as many as there are series.
        shown: What stands at its end.
        note: What its tooltip says besides the values.
    """

    label: str
    estimates: Sequence[Estimate]
    shown: str = ""
    note: str = ""


def intervals(title: str, series: Sequence[str], rows: Sequence[IntervalRow], ends: tuple[float, float]) -> Markup:
    """Draw values as marks on their intervals.

    Args:
        title: The caption.
        series: Names of the series; one alone has no legend.
        rows: The rows, from the top.
        ends: What the axis has to hold: several charts with the same ends have the same axis.

    Returns:
        A `<figure>`; empty when no value is known.
    """
    if not any(item.value is not None for row in rows for item in row.estimates):
        return Markup("")
    labels = [shortened(row.label, LABEL_COLUMNS) for row in rows]
    left = 12 + max(text_width(label) for label in labels) * GLYPH
    right = WIDTH - 14 - max(text_width(row.shown) for row in rows) * GLYPH
    ticks = nice_ticks(*ends, most=4)
    x = Scale(ticks[0], ticks[-1], left + 4, right - 4)
    step = len(series) * _PITCH + GAP
    bottom = len(rows) * step
    drawn = [
        element("line", kind="grid", x1=x(tick), x2=x(tick), y1=0.0, y2=float(bottom))
        + text(x(tick), bottom + 15, tick_label(tick), "middle")
        for tick in ticks
    ]
    for index, (row, label) in enumerate(zip(rows, labels, strict=True)):
        drawn.append(_row(row, label, index * step + GAP / 2, x, series))
    keys = [(MARKS_OF_SERIES[place % len(MARKS_OF_SERIES)], place, name) for place, name in enumerate(series)]
    drawing_ = drawing(WIDTH, bottom + _AXIS, title, drawn)
    return figure(title, drawing_, mark_legend(keys) if len(series) > 1 else Markup(""))


def _row(row: IntervalRow, label: str, top: float, x: Scale, series: Sequence[str]) -> Markup:
    """Draw a row: its label, a mark and an interval for each series, and what stands at its end."""
    middle = top + len(series) * _PITCH / 2 + 4
    lines = [
        f"{name}: {UNKNOWN if item.value is None else number(item.value)}"
        + (f", 95 % {interval(*item.ends, number)}" if item.ends else "")
        for name, item in zip(series, row.estimates, strict=True)
    ]
    parts = [
        element("title", "\n".join([row.label, *lines, *([row.note] if row.note else [])])),
        text(x.start - 12, middle, label, "end"),
        text(WIDTH - 4, middle, row.shown, "end", "value"),
    ]
    for place, item in enumerate(row.estimates):
        y = top + (place + 0.5) * _PITCH
        if item.value is None:
            continue
        mark = [marked(MARKS_OF_SERIES[place % len(MARKS_OF_SERIES)], x(item.value), y)]
        if item.ends:
            low, high = (x(min(max(end, x.low), x.high)) for end in item.ends)
            mark.insert(0, element("path", kind="mark", d=f"M{low:.1f} {y:.1f}H{high:.1f}"))
        parts.append(element("g", *mark, kind=f"dot s{place % COLOURS}"))
    return element("g", *parts)
