"""A confusion matrix as coloured cells."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from yololab.report.charts.svg import GLYPH, LABEL_COLUMNS, drawing, text
from yololab.report.formats import shortened, text_width

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
        parts.append(
            Markup('<text transform="translate({:.1f} {:.1f}) rotate(-45)" text-anchor="end">{}</text>').format(
                margin + at + 4, bottom + 14, name
            )
        )
    height = bottom + 14 + (margin - 10) * 0.72
    return drawing(margin + bottom + 8, height, "Confusion matrix: rows predicted, columns true", parts, natural=True)


def _cell(x: float, y: float, size: int, value: float, weight: float, told: str, *, diagonal: bool) -> Markup:
    """Draw one cell of a heatmap."""
    kind = ("right" if diagonal else "wrong") + (" dark" if weight > DARK_CELL else "")
    drawn = Markup('<rect x="{:.1f}" y="{:.1f}" width="{}" height="{}" rx="3" fill-opacity="{:.3f}"/>').format(
        x + 1, y + 1, size - 2, size - 2, weight
    )
    number_in_it = (
        text(x + size / 2, y + size / 2 + 4, _compact(value), "middle") if size >= CELL_WITH_COUNT and value else ""
    )
    frame = Markup('<rect class="frame" x="{:.1f}" y="{:.1f}" width="{}" height="{}" rx="3"/>').format(
        x + 1, y + 1, size - 2, size - 2
    )
    return Markup('<g class="cell {}">{}{}{}<title>{}</title></g>').format(kind, frame, drawn, number_in_it, told)


def _compact(value: float) -> str:
    """Write a count so that it fits a cell."""
    return f"{value:g}" if value < 10_000 else f"{value / 1000:.0f}k"
