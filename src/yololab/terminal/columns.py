"""A table as plain aligned lines: quick for ten thousand rows, and cut to a width where a screen has one."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from yololab.text import printable, shortened, text_width

_GAP = 2
_LEAST, _LEAST_SHARE = 16, 0.3  # columns, and their share of a line, that are left of a name that is cut


@dataclass(frozen=True)
class Aligned:
    """A table in lines.

    Attributes:
        header: The names of the columns.
        lines: A line each row.
        hidden: The columns that did not fit.
    """

    header: str
    lines: list[str]
    hidden: list[str]


def aligned(
    columns: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    left: Collection[str] = (),
    width: int | None = None,
    longest: int | None = None,
) -> Aligned:
    """Lay out rows in columns.

    Args:
        columns: The names of the columns, those first that must not be missing.
        rows: A text for each column.
        left: Columns that are text; the others are aligned at their right. The first one always is text.
        width: The most columns of a line; what does not fit is left out from the end, and the first one is cut.
        longest: The most columns of a cell that is no name.
    """
    table = [_cells(cells, None if place == 0 else longest) for place, cells in enumerate(_transposed(columns, rows))]
    table = [[name, *cells] for name, cells in zip(columns, table, strict=True)]
    widths = [max(map(text_width, set(cells))) for cells in table]
    kept = len(columns)
    if width is not None:
        least = max(_LEAST, int(width * _LEAST_SHARE))
        while kept > 1 and min(widths[0], least) + sum(wide + _GAP for wide in widths[1:kept]) > width:
            kept -= 1
        widths[0] = min(widths[0], max(least, width - sum(wide + _GAP for wide in widths[1:kept])), width)
        table[0] = [shortened(cell, widths[0]) for cell in table[0]]
    padded = [
        _padded(cells, wide, left=place == 0 or name in left)
        for place, (name, cells, wide) in enumerate(zip(columns[:kept], table, widths, strict=False))
    ]
    lines = [(" " * _GAP).join(line).rstrip() for line in zip(*padded, strict=True)]
    return Aligned(lines[0], lines[1:], list(columns[kept:]))


def _transposed(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterable[Sequence[str]]:
    """Return the cells of each column."""
    return zip(*rows, strict=True) if rows else [()] * len(columns)


def _cells(cells: Iterable[str], longest: int | None) -> list[str]:
    """Return texts as they may stand in a line."""
    found = [text if text.isprintable() else printable(text) for text in cells]
    return found if longest is None else [shortened(text, longest) for text in found]


def _padded(cells: list[str], width: int, *, left: bool) -> list[str]:
    """Return texts of one width."""
    if all(map(str.isascii, cells)):
        return [cell.ljust(width) if left else cell.rjust(width) for cell in cells]
    spaces = {cell: " " * (width - text_width(cell)) for cell in set(cells)}
    return [cell + spaces[cell] if left else spaces[cell] + cell for cell in cells]
