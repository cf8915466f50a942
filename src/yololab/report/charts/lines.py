"""Lines over epochs."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from yololab.report.charts.scales import Scale, tick_label, value_ticks, whole_ticks
from yololab.report.charts.svg import COLOURS, GLYPH, drawing, element, figure, legend, text, value_axis

Values = Sequence[float | None]

WIDTH, HEIGHT = 420, 216
MOST_HOVER_BANDS = 120
POINTS_SHOWN_UP_TO = 30


@dataclass(frozen=True)
class Series:
    """One line of a chart.

    Attributes:
        name: Its name in the legend.
        values: A value an epoch; None leaves a gap.
        colour: Number of its colour in the page's style, from 0.
        dashed: Whether it is dashed, so that it can be told apart without colour.
    """

    name: str
    values: Values
    colour: int = 0
    dashed: bool = False

    @property
    def kind(self) -> str:
        """Its class in the page's style."""
        return f"s{self.colour % COLOURS}" + (" dashed" if self.dashed else "")

    @property
    def last(self) -> float | None:
        """The last known value."""
        return next((value for value in reversed(self.values) if value is not None), None)


def line_chart(
    title: str,
    epochs: Sequence[int],
    series: Sequence[Series],
    best_epoch: int | None = None,
    *,
    from_zero: bool = False,
) -> Markup:
    """Draw lines over epochs, with axes, ticks, a legend that tells the last values, and a tooltip an epoch.

    Args:
        title: The caption.
        epochs: Epoch numbers, ascending: the x axis.
        series: The lines; each has as many values as there are epochs.
        best_epoch: An epoch to mark; None, or one that is not on the axis, marks nothing.
        from_zero: Whether the axis starts at zero even where the values are far from it.

    Returns:
        A `<figure>`; empty when no value is known.
    """
    known = [value for line in series for value in line.values if value is not None]
    if not known:
        return Markup("")
    ticks = value_ticks(known, from_zero=from_zero or len(epochs) == 1)
    left = 14 + max(len(tick_label(tick)) for tick in ticks) * GLYPH
    x = Scale(epochs[0], epochs[-1], left + 4, WIDTH - 12) if epochs[0] < epochs[-1] else None
    middle = (left + WIDTH) / 2
    across: Callable[[float], float] = x or (lambda _epoch: middle)
    y = Scale(ticks[0], ticks[-1], HEIGHT - 30, 12)
    parts = [value_axis(ticks, y, left, WIDTH - 8), _epoch_axis(epochs, across)]
    if best_epoch in epochs and len(epochs) > 1:
        parts.append(_best_line(across(best_epoch or 0)))
    parts += [_line(line, epochs, across, y) for line in series]
    parts.append(_hover_bands(epochs, series, across, y, left))
    svg = drawing(WIDTH, HEIGHT, f"{title}, epochs {epochs[0]} to {epochs[-1]}", parts)
    last = [(line, "—" if line.last is None else tick_label(float(f"{line.last:.4g}"))) for line in series]
    return figure(title, svg, legend((line.kind, line.name, value) for line, value in last))


def _epoch_axis(epochs: Sequence[int], across: Callable[[float], float]) -> Markup:
    """Write the epochs below the chart; the last one says what the axis is."""
    ticks = whole_ticks(epochs[0], epochs[-1])
    labels = [text(across(tick), HEIGHT - 12, str(tick), "middle") for tick in ticks[:-1]]
    last = f"epoch {ticks[-1]}"
    at = min(across(ticks[-1]), WIDTH - 6 - len(last) * GLYPH / 2)
    if len(ticks) > 1 and at - across(ticks[-2]) < (len(last) + len(str(ticks[-2])) + 1) * GLYPH / 2:
        labels.pop()
    return Markup("").join([*labels, text(at, HEIGHT - 12, last, "middle")])


def _best_line(at: float) -> Markup:
    """Mark the best epoch."""
    anchor, shift = ("end", -5) if at > WIDTH / 2 else ("start", 5)
    return element("line", kind="best", x1=at, x2=at, y1=8, y2=HEIGHT - 30) + text(at + shift, 16, "best", anchor)


def _line(line: Series, epochs: Sequence[int], across: Callable[[float], float], y: Scale) -> Markup:
    """Draw a line with its gaps; points too when there are few of them, or when one stands alone."""
    pieces: list[list[tuple[float, float]]] = [[]]
    for epoch, value in zip(epochs, line.values, strict=True):
        if value is None:
            pieces.append([])
        else:
            pieces[-1].append((across(epoch), y(value)))
    path = " ".join("M" + " L".join(f"{px:.1f} {py:.1f}" for px, py in piece) for piece in pieces if len(piece) > 1)
    dots = [
        element("circle", cx=px, cy=py, r=2.2)
        for piece in pieces
        for px, py in piece
        if len(epochs) <= POINTS_SHOWN_UP_TO or len(piece) == 1
    ]
    return element("g", *([element("path", d=path)] if path else []), *dots, kind=f"series {line.kind}")


def _hover_bands(
    epochs: Sequence[int], series: Sequence[Series], across: Callable[[float], float], y: Scale, left: float
) -> Markup:
    """Lay invisible columns over the chart that tell an epoch's values; of many epochs, evenly chosen ones."""
    stride = -(-len(epochs) // MOST_HOVER_BANDS)
    chosen = range(0, len(epochs), stride)
    width = (WIDTH - 8 - left) / len(chosen)
    bands = []
    for index in chosen:
        at = across(epochs[index])
        values = [(line, line.values[index]) for line in series]
        shown = [f"{line.name}: {value:.4g}" for line, value in values if value is not None] or ["not measured"]
        bands.append(
            element(
                "g",
                element("rect", x=at - width / 2, y=6, width=width, height=HEIGHT - 36),
                element("line", x1=at, x2=at, y1=8, y2=HEIGHT - 30),
                *(
                    element("circle", kind=f"s{line.colour % COLOURS}", cx=at, cy=y(value), r=3.4)
                    for line, value in values
                    if value is not None
                ),
                element("title", "\n".join([f"epoch {epochs[index]}", *shown])),
                kind="band",
            )
        )
    return Markup("").join(bands)
