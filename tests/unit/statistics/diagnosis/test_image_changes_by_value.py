"""The images whose own value changed most."""

from __future__ import annotations

import numpy as np
import pytest
from task_samples import classified, depth

from yololab.statistics.diagnosis.image_changes import largest_value_changes
from yololab.statistics.inference.paired_models import metrics_of


def test_images_whose_answer_changed_come_with_both_answers():
    targets = np.array([0, 1, 2, 0])
    first = classified(targets, np.array([[0, 1, 2], [1, 0, 2], [1, 2, 0], [1, 0, 2]]), 3, [0.9, 0.4, 0.6, 0.5])
    second = classified(targets, np.array([[1, 0, 2], [1, 0, 2], [2, 1, 0], [2, 0, 1]]), 3, [0.8, 0.4, 0.7, 0.5])
    changes = largest_value_changes(metrics_of(first, "top1"), metrics_of(second, "top1"), 5)
    assert [(change.key, change.gain) for change in changes] == [("00000.jpg", 1), ("00002.jpg", -1)]
    assert (changes[0].truth, changes[0].said_by_current, changes[0].said_by_baseline) == (
        "class 0",
        "class 0 0.90",
        "class 1 0.80",
    )


def test_images_whose_value_changed_most_come_first():
    values = [
        np.array([[0.5, 0, 0, 0, 0, 0], [0.2] * 6, [np.nan] * 6]),
        np.array([[0.4] + [0] * 5, [0.9] * 6, [0.1] * 6]),
    ]
    ours, theirs = (metrics_of(depth(rows), "delta1") for rows in values)
    changes = largest_value_changes(ours, theirs, 5)
    assert [(change.key, round(change.gain, 3)) for change in changes] == [("00001.jpg", -0.7), ("00000.jpg", 0.1)]
    lower = largest_value_changes(ours, theirs, 1, lower_is_better=True)
    assert lower[0].gain == pytest.approx(0.7)
