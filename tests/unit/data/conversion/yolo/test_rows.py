"""One label as a row, of each task."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from yololab.data.conversion.labelled import Label, LabelledImage, Tally
from yololab.data.conversion.yolo.frame import Frame
from yololab.data.conversion.yolo.rows import AROUND, BOXED, NO_AREA, NO_KEYPOINTS, OUTSIDE, flipped_order, rows_of

FRAME = Frame((100, 50))
TRIANGLE = np.array([(10, 5), (30, 5), (10, 25)], float)


def row(label: Label, task: str):
    """Return the numbers of the row, or why there is none; and what was changed."""
    left_out, changed = Tally(), Tally()
    label.name = "cat"
    image = LabelledImage("a.jpg", "here", Path(), labels=[label])
    rows = rows_of(image, FRAME, task, {"cat": 0}, left_out, changed)
    return [float(value) for value in rows[0].split()[1:]] if rows else next(iter(left_out.counts)), list(
        changed.counts
    )


@pytest.mark.parametrize(
    ("label", "task", "expected", "changed"),
    [
        (Label("", "", polygons=(TRIANGLE,)), "detect", [0.2, 0.3, 0.2, 0.4], [AROUND]),
        (Label("", "", polygons=(TRIANGLE,)), "segment", [0.1, 0.1, 0.3, 0.1, 0.1, 0.5], []),
        (Label("", "", box=(0, 0, 50, 50)), "segment", [0, 0, 0.5, 0, 0.5, 1, 0, 1], [BOXED]),
        (Label("", "", box=(0, 0, 50, 50)), "obb", [0, 0, 0.5, 0, 0.5, 1, 0, 1], []),
        (Label("", "", box=(0, 0, 50, 50)), "pose", NO_KEYPOINTS, []),
        (Label("", "", box=(0, 0, 0, 50)), "detect", NO_AREA, []),
        (Label("", "", box=(100, 0, 120, 50)), "detect", OUTSIDE, []),
        (Label("", "", corners=np.array([(90, 0), (130, 0), (130, 20), (90, 20)], float)), "obb", OUTSIDE, []),
        (Label("", "", box=(0, 0, 9, 9), left_out="a crowd"), "detect", "a crowd", []),
    ],
)
def test_a_label_in_each_task(label, task, expected, changed):
    found, noted = row(label, task)
    assert found == expected if isinstance(expected, str) else np.allclose(found, expected), found
    assert noted == changed


def test_a_keypoint_outside_is_not_labelled():
    points = np.array([(10, 10, 2), (150, 10, 2), (20, 20, 0)], float)
    found, _ = row(Label("", "", box=(0, 0, 50, 50), keypoints=points), "pose")
    assert np.allclose(found[4:], [0.1, 0.2, 2, 0, 0, 0, 0, 0, 0])


def test_left_and_right_change_places():
    names = ["nose", "Left Eye", "right_eye", "l-knee", "r-knee", "tail"]
    assert flipped_order(names) == [0, 2, 1, 4, 3, 5]
