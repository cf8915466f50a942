"""The metrics of one evaluation, held against Ultralytics' own."""

from __future__ import annotations

import numpy as np
import pytest
from ap_samples import evaluations
from hypothesis import given, settings

from yololab.statistics.metrics.point_metrics import average_precision, point_metrics
from yololab.statistics.metrics.ranked_detections import rank_classes


@pytest.mark.torch
@settings(max_examples=150, deadline=None)
@given(evaluations())
def test_point_metrics_equal_ultralytics(reference, records):
    found = point_metrics(rank_classes(records))
    expected = reference(records.tp_matrix(), records.confidence, records.classes, records.truth_class)
    assert list(found.classes) == expected[6].tolist()
    if not found.classes:
        assert found.means["mAP50-95"] is None
        return
    np.testing.assert_allclose(found.ap, expected[5], atol=1e-9, rtol=0)
    np.testing.assert_allclose(found.precision, expected[2], atol=1e-9, rtol=0)
    np.testing.assert_allclose(found.recall, expected[3], atol=1e-9, rtol=0)


@pytest.mark.parametrize(
    ("hits", "labels", "value"),
    [
        ([True], 1, 0.995),
        ([False, True], 1, 0.4975),
        ([True, True], 2, 0.995),
        ([True], 2, 0.01 * 50 - 0.005),  # recalls 0, 0.01, …, 0.49 have precision 1
        ([], 3, 0.0),
        ([False], 3, 0.0),
    ],
)
def test_average_precision_in_closed_form(hits, labels, value):
    assert average_precision(np.array(hits, bool), labels) == pytest.approx(value, abs=1e-12)


def test_without_labels_there_is_no_average_precision():
    assert np.isnan(average_precision(np.array([False]), 0))
