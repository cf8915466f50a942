"""A table keeps its columns under each other, whatever the names, and fits the width that there is."""

from __future__ import annotations

import pytest

from yololab.terminal.columns import aligned
from yololab.text import text_width

COLUMNS = ("run", "value", "status", "lr0", "started")
ROWS = [
    ("yolo26n_20260117_143000", "0.5000", "complete", "0.01", "17 Jan"),
    ("名前🚀" * 40, "0.4", "failed", "0.1", "—"),
    ("a\x1b[31m\nb\u202e", "—", "killed", "1e-05", "18 Jan"),
]


def test_columns_stand_under_each_other():
    table = aligned(COLUMNS, ROWS, left=("status",))
    ends = {
        text_width(line[: line.index(value) + len(value)])
        for line, (_, value, *_) in zip(table.lines, ROWS, strict=True)
    }
    assert len(ends) == 1, "numbers end at one column"
    assert table.hidden == []
    assert all(line.isprintable() for line in table.lines)
    assert table.header.startswith("run ")


@pytest.mark.parametrize("width", [20, 40, 60, 80, 120, 400])
def test_what_does_not_fit_is_left_out_from_the_end(width):
    table = aligned(COLUMNS, ROWS, width=width, longest=40)
    assert all(text_width(line) <= width for line in (table.header, *table.lines))
    assert table.hidden == list(COLUMNS[len(COLUMNS) - len(table.hidden) :])
    assert (width < 60) == bool(table.hidden)


def test_long_cells_are_cut_and_names_are_not_without_a_width():
    table = aligned(("run", "notes"), [("x" * 200, "y" * 200)], longest=10)
    assert table.lines == ["x" * 200 + "  yyyyy…yyyy"]
    assert aligned(("run", "notes"), []).lines == []
