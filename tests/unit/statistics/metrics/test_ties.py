"""What the order of equal confidences is worth."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from record_samples import records_of

from yololab.statistics.metrics.point_metrics import point_metrics
from yololab.statistics.metrics.ranked_detections import rank_classes
from yololab.statistics.metrics.ties import tie_span


def test_distinct_confidences_leave_nothing_to_the_order():
    records = records_of(0.8, 1)
    value = point_metrics(rank_classes(records)).means["mAP50-95"]
    assert tie_span(rank_classes(records)) == pytest.approx((value, value))
    assert tie_span(()) == (0, 0)


def test_the_ends_hold_every_order_of_equal_confidences():
    records = records_of(0.8, 1)
    coarse = replace(records, confidence=np.round(records.confidence, 1).astype(np.float32))
    low, high = tie_span(rank_classes(coarse))
    assert high - low > 0.02
    rng = np.random.default_rng(0)
    for _ in range(20):
        noise = rng.uniform(0, 0.01, len(coarse.confidence)).astype(np.float32)
        shuffled = replace(coarse, confidence=coarse.confidence + noise)
        assert low <= point_metrics(rank_classes(shuffled)).means["mAP50-95"] <= high
