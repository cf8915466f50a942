"""The curves over confidence and recall, held against Ultralytics' own."""

from __future__ import annotations

import numpy as np
import pytest
from ap_samples import evaluations
from hypothesis import given, settings
from task_samples import classified

from yololab.statistics.metrics.confidence_curves import confidence_curves, kept_and_right
from yololab.statistics.metrics.point_metrics import CONFIDENCES
from yololab.statistics.metrics.ranked_detections import rank_classes


@pytest.mark.torch
@settings(max_examples=100, deadline=None)
@given(evaluations())
def test_curves_equal_ultralytics(reference, records):
    from ultralytics.utils.metrics import smooth

    found = confidence_curves(rank_classes(records))
    expected = reference(records.tp_matrix(), records.confidence, records.classes, records.truth_class)
    if found is None:
        assert not len(expected[6])
        return
    assert list(found.classes) == expected[6].tolist()
    drawn = {"precision": 7, "recall": 8, "f1": 9, "precision_at_recall": 11}
    for name, place in drawn.items():
        np.testing.assert_allclose(getattr(found, name), expected[place], atol=1e-9, rtol=0, err_msg=name)
        mean = expected[place].mean(0)
        if name != "precision_at_recall":
            mean = smooth(mean, 0.1)
        np.testing.assert_allclose(found.mean(name), mean, atol=1e-9, rtol=0, err_msg=name)
    np.testing.assert_array_equal(CONFIDENCES, expected[10])


def test_without_labels_there_are_no_curves():
    assert confidence_curves([]) is None


def test_classified_images_above_each_confidence():
    predicted = np.array([[0, 1], [0, 1], [1, 0], [1, 0]])
    records = classified(np.array([0, 1, 1, 0]), predicted, 2, confidence=[0.9, 0.4, 0.8, 0.6])
    kept, right = kept_and_right(records)
    at = {round(float(place), 2): index for index, place in enumerate(CONFIDENCES)}
    assert [kept[at[place]] for place in (0.0, 0.5, 0.7, 0.85, 1.0)] == [1.0, 0.75, 0.5, 0.25, 0.0]
    assert [right[at[place]] for place in (0.0, 0.5, 0.7, 0.85)] == pytest.approx([0.5, 2 / 3, 1.0, 1.0])
    assert np.isnan(right[at[1.0]])
