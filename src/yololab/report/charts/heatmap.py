"""A confusion matrix as coloured cells."""

from collections.abc import Sequence

from markupsafe import Markup

from yololab.report.charts.svg import GLYPH, LABEL_COLUMNS, drawing, element, text
from yololab.text import shortened, text_width

WIDTH = 460
SMALLEST_CELL, LARGEST_CELL, CELL_WITH_COUNT = 22, 58, 28
DARK_CELL = 0.55


def heatmap(labels: Sequence[str], matrix: Sequence[Sequence[float]]) -> Markup:
    """Draw a confusion matrix; the colour of a cell is its share of its column.

    Args:
        labels: Names of the classes, the same for rows and columns.
        matrix: Counts; rows are what was predicted, columns what is true.

    Returns:
        An `<svg>`, empty without labels; its columns each sum to one in colour, its tooltips say the counts.
    """
    if not labels:
        return Markup("")
    size = len(labels)
    cell = min(max(WIDTH // size, SMALLEST_CELL), LARGEST_CELL)
    names = [shortened(label, LABEL_COLUMNS) for label in labels]
    margin = 20 + max(text_width(name) for name in names) * GLYPH
    totals = [sum(row[column] for row in matrix) for column in range(size)]
    parts = []
    for row, counts in enumerate(matrix):
        for column, value in enumerate(counts):
            weight = value / totals[column] if totals[column] else 0.0
            where = f"true {labels[column]}, predicted {labels[row]}: {value:g} ({weight:.0%} of the column)"
            parts.append(_cell(margin + column * cell, row * cell, cell, value, weight, where, diagonal=row == column))
    middle = cell / 2
    bottom = size * cell
    for index, name in enumerate(names):
        at = index * cell + middle
        parts.append(text(margin - 8, at + 4, name, "end"))
        place = f"translate({margin + at + 4:.1f} {bottom + 14:.1f}) rotate(-45)"
        parts.append(element("text", name, transform=place, text_anchor="end"))
    height = bottom + 14 + (margin - 10) * 0.72
    return drawing(margin + bottom + 8, height, "Confusion matrix: rows predicted, columns true", parts, natural=True)


def _cell(x: float, y: float, size: int, value: float, weight: float, tooltip: str, *, diagonal: bool) -> Markup:
    """Draw one cell of a heatmap: its frame, its colour, and its count where there is room for it."""
    parts = [
        element("rect", x=x + 1.0, y=y + 1.0, width=size - 2, height=size - 2, rx=3, **colour)
        for colour in ({"kind": "frame"}, {"fill_opacity": f"{weight:.3f}"})
    ]
    if size >= CELL_WITH_COUNT and value:
        parts.append(text(x + size / 2, y + size / 2 + 4, _compact(value), "middle"))
    kind = ("right" if diagonal else "wrong") + (" dark" if weight > DARK_CELL else "")
    return element("g", *parts, element("title", tooltip), kind=f"cell {kind}")


def _compact(value: float) -> str:
    """Write a count so that it fits a cell."""
    return f"{value:g}" if value < 10_000 else f"{value / 1000:.0f}k"
