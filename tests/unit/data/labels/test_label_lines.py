"""A label that an evaluation met is found again in its file, whatever the task; one that has changed is not."""

from __future__ import annotations

import math

import pytest

from yololab.data.labels.label_lines import label_line, rows_of_file

SIZE = (200, 100)
DETECT = "0 0.5 0.5 0.2 0.4\n\n1 0.5 0.5 0.2 0.4\n0 0.1 0.1 0.05 0.1\n"
POLYGON = "0 0.1 0.2 0.5 0.2 0.5 0.8\n1 0.6 0.1 0.9 0.1 0.9 0.3 0.6 0.3\n"
POSE = "0 0.5 0.5 0.2 0.4 0.5 0.5 2 0.4 0.4 2 0.1 0.1 0 0.2 0.2 1\n"
TURNED = "1 0.4 0.3 0.6 0.3 0.6 0.7 0.4 0.7\n"


@pytest.mark.parametrize(
    ("text", "task", "index", "box", "line"),
    [
        (DETECT, "detect", 0, (80, 30, 120, 70), 1),
        (DETECT, "detect", 1, (80, 30, 120, 70), 3),
        (DETECT, "detect", None, (15, 5, 25, 15), 4),
        (DETECT, "detect", 1, (15, 5, 25, 15), None),
        (DETECT, "detect", 0, (86, 30, 126, 70), None),
        (DETECT, "detect", 0, (80.5, 30.3, 120.2, 70), 1),
        (POLYGON, "segment", 0, (20, 20, 100, 80), 1),
        (POLYGON, "segment", 1, (120, 10, 180, 30), 2),
        (POSE, "pose", 0, (80, 30, 120, 70), 1),
        (TURNED, "obb", 1, (100, 50, 40, 40, math.pi / 2), 1),
        ("\ufeff0 0.5 0.5 0.2 0.4", "detect", 0, (80, 30, 120, 70), 1),
        ("nothing of a label\n0 0.5 0.5 0.2 0.4", "detect", 0, (80, 30, 120, 70), 2),
        ("", "detect", 0, (80, 30, 120, 70), None),
    ],
)
def test_the_line_of_a_label(text, task, index, box, line, tmp_path):
    (tmp_path / "a.txt").write_text(text, encoding="utf-8")
    assert label_line(rows_of_file(tmp_path / "a.txt", task), index, box, SIZE) == line


def test_a_file_that_is_gone_has_no_rows(tmp_path):
    assert rows_of_file(tmp_path / "a.txt", "detect") == []
    (tmp_path / "b.txt").write_bytes(b"\xff\xfe\x00")
    assert [row for row in rows_of_file(tmp_path / "b.txt", "detect") if row.box] == []
