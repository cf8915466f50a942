"""Values are written alike on the screen and on the page."""

from __future__ import annotations

import msgspec
import pytest
from project_samples import write_run

from yololab.files.paths import OutputTree
from yololab.sweep.leaderboard.cells import cells_of, columns_of, header_of, value_text
from yololab.sweep.leaderboard.groups import group_board
from yololab.sweep.leaderboard.query import read_query
from yololab.sweep.leaderboard.rows import read_board


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, "—"), (msgspec.UNSET, "—"), ([], "—"), (1e-05, "1e-05"), (True, "true"), (["a", "b"], "a, b"), ("x", "x")],
)
def test_values(value, text):
    assert value_text(value) == text


def test_columns_that_say_nothing_are_left_out(tmp_path):
    write_run(tmp_path, "a")
    board = read_board(OutputTree(tmp_path), None)
    (group,) = group_board(board, read_query(()))
    assert columns_of(group, read_query(())) == ["run", "mAP50-95", "mAP50", "epochs", "started"]
    assert columns_of(group, read_query(["columns=model,+imgsz"])) == ["run", "model.weights", "imgsz"]
    assert header_of("model.weights") == "model"
    assert cells_of(group.lines, "started") == ["17 Jan 2026, 14:30"]
    assert cells_of(group.lines, "value") == ["0.5000"]
