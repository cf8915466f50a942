"""The influence of an image is the slope of the metric in its weight."""

from __future__ import annotations

import numpy as np
import pytest
from record_samples import records_of

from yololab.statistics.inference.resampling import bootstrap_weights
from yololab.statistics.metrics.detection_metrics import DetectionMetrics
from yololab.statistics.metrics.influence import ap_influence


def test_influences_add_up_to_nothing_and_follow_the_resamples():
    measured = DetectionMetrics(records_of(0.8, 1, images=150))
    influence = measured.influence()
    assert influence.sum() == pytest.approx(0, abs=1e-6)
    weights = next(bootstrap_weights(measured.keys, 0, 400))
    exact = measured.replicates(weights, everything=False).metrics["mAP50-95"]
    linear = influence @ (weights - 1)
    assert np.corrcoef(exact, linear)[0, 1] > 0.98
    assert np.sqrt(np.square(influence).sum()) == pytest.approx(exact.std(), rel=0.12)


def test_a_model_that_finds_nothing_has_no_influence():
    measured = DetectionMetrics(records_of(0.0, 1, images=5))
    assert not any(ap_influence(item, 5, 10).any() for item in measured.ranked["box"] if not item.flags.any())
