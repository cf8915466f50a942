"""Precision and recall at the threshold of each replicate, held against Ultralytics' own."""

from __future__ import annotations

import numpy as np
import pytest
from ap_samples import evaluations
from hypothesis import given, settings
from hypothesis import strategies as st

from yololab.statistics.metrics import operating_point as operating
from yololab.statistics.metrics.operating_point import operating_point
from yololab.statistics.metrics.point_metrics import CONFIDENCES, point_metrics
from yololab.statistics.metrics.ranked_detections import rank_classes


@pytest.mark.torch
@settings(max_examples=60, deadline=None)
@given(evaluations())
def test_the_operating_point_equals_ultralytics_on_every_confidence(reference, records):
    ranked = rank_classes(records)
    if not ranked:
        return
    ones = np.ones((len(records.keys), 2), np.float32)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(operating, "STEP", 1)
        patch.setattr(operating, "_GRID", CONFIDENCES)
        found = operating_point(ranked, ones, ones)
    expected = point_metrics(ranked)
    if abs(found.confidence[0] - expected.confidence) > 1e-9:
        return  # two peaks of equal height: single precision may take the other one
    np.testing.assert_allclose(found.precision[:, 0], expected.precision, atol=2e-6)
    np.testing.assert_allclose(found.recall[:, 1], expected.recall, atol=2e-6)


@settings(max_examples=60, deadline=None)
@given(evaluations(), st.sampled_from([0.1, 0.5, 0.9]), st.integers(0, 2**32))
def test_a_fixed_threshold_is_counted(records, confidence, seed):
    ranked = rank_classes(records)
    weights = np.random.default_rng(seed).integers(0, 3, (len(records.keys), 1))
    table = weights.astype(np.float32)
    found = operating_point(ranked, table, table, confidence)
    own = weights[records.image, 0]
    for place, item in enumerate(ranked):
        labels = weights[records.truth_image[records.truth_class == item.index], 0].sum()
        above = (records.confidence >= confidence) & (records.classes == item.index)
        hits = own[above & records.tp_matrix()[:, 0]].sum()
        if not labels:
            assert np.isnan(found.recall[place, 0])
            continue
        assert found.recall[place, 0] == pytest.approx(hits / labels, abs=1e-6)
        if own[above].sum():
            assert found.precision[place, 0] == pytest.approx(hits / own[above].sum(), abs=1e-6)
