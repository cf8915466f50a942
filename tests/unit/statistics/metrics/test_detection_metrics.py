"""The metrics of detections: which kind decides, and what the numbers above a threshold are."""

from __future__ import annotations

import numpy as np
import pytest
from record_samples import records_of

from yololab.statistics.metrics.detection_metrics import DetectionMetrics, primary_kind


@pytest.mark.parametrize(("primary", "kind"), [("mAP50-95", "box"), ("mAP50-95(M)", "mask"), ("mAP50-95(P)", "pose")])
def test_the_primary_metric_says_what_is_matched(primary, kind):
    assert primary_kind(primary) == kind


def test_nothing_else_can_decide():
    with pytest.raises(ValueError, match="mAP50"):
        primary_kind("mAP50")
    with pytest.raises(ValueError, match="the records hold box, not mask"):
        DetectionMetrics(records_of(0.9), "mAP50-95(M)")


def test_one_replicate_of_ones_is_the_point():
    records = records_of(0.8, 3)
    measure = DetectionMetrics(records)
    ones = np.ones((len(records.keys), 1), np.float32)
    found, points = measure.replicates(ones, everything=True), measure.points()
    assert set(found.metrics) == set(points) == {"mAP50", "mAP50-95", "precision", "recall"}
    for name in ("mAP50", "mAP50-95"):
        assert found.metrics[name][0] == pytest.approx(points[name], abs=1e-6)
    values = [point.value for point in measure.class_points()["AP50-95"]]
    np.testing.assert_allclose(found.classes["AP50-95"][:, 0], values, atol=1e-6)


def test_precision_and_recall_above_a_threshold_are_counted():
    records = records_of(0.8, 3)
    above = records.confidence >= np.float32(0.6)
    right, labels = records.tp_matrix()[:, 0] & above, records.truth_class
    classes = np.unique(labels)
    recall = np.mean([right[records.classes == c].sum() / (labels == c).sum() for c in classes])
    precision = np.mean([right[records.classes == c].sum() / above[records.classes == c].sum() for c in classes])
    assert DetectionMetrics(records).at_confidence(0.6) == pytest.approx((precision, recall), abs=1e-6)


def test_without_labels_there_is_nothing_to_measure():
    empty = records_of(0.8, images=0)
    measure = DetectionMetrics(empty)
    assert set(measure.points().values()) == {None}
    assert measure.at_confidence(0.5) is None
