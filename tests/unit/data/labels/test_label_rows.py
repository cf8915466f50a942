"""Rows of label files: the columns that each task takes."""

from __future__ import annotations

import pytest

from yololab.data.labels.label_rows import label_rules
from yololab.data.labels.label_rules import check_label
from yololab.errors import InputError

BOX = "0 0.5 0.5 0.2 0.2"


TRIANGLE = "1 0.1 0.1 0.3 0.1 0.3 0.3"


DETECT = label_rules("detect", nc=3)


def verdict_of(text, rules=DETECT):
    return check_label(text if isinstance(text, bytes) else text.encode(), rules)


@pytest.mark.parametrize(
    ("task", "row", "taken"),
    [
        ("detect", BOX, True),
        ("detect", TRIANGLE, True),
        ("detect", f"{BOX} 0.1 0.1 2 x 5 2", True),
        ("segment", TRIANGLE, True),
        ("segment", BOX, False),
        ("obb", "0 0.1 0.1 0.3 0.1 0.3 0.3 0.1 0.3", True),
        ("obb", BOX, False),
        ("pose", f"{BOX} 0.1 0.1 2 0.9 0.9 0", True),
        ("pose", BOX, False),
        ("pose", f"{BOX} 0.1 0.1 2", False),
        ("pose", f"{BOX} 0.1 0.1 2 1.2 0.9 0", False),
        ("pose", f"{BOX} 0.1 0.1 2 -0.2 0.9 0", False),
    ],
)
def test_columns_of_each_task(task, row, taken):
    kpt_shape = (2, 3) if task in ("detect", "pose") else None
    assert verdict_of(row, label_rules(task, nc=3, kpt_shape=kpt_shape)).dropped is not taken


def test_tasks_without_text_labels_and_pose_without_shape():
    with pytest.raises(InputError, match="no text labels"):
        label_rules("classify", 3)
    with pytest.raises(InputError, match="kpt_shape"):
        label_rules("pose", 3)
