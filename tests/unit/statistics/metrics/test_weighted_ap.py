"""The exact AP under weights, held against Ultralytics' own on data that was really resampled."""

from __future__ import annotations

import numpy as np
import pytest
from ap_samples import HEADER, evaluations, resampled
from hypothesis import given, settings
from hypothesis import strategies as st

from yololab.statistics.metrics.point_metrics import point_metrics
from yololab.statistics.metrics.ranked_detections import rank_classes
from yololab.statistics.metrics.weighted_ap import mean_over_classes, segment_sums, weighted_ap
from yololab.statistics.records.detections import ImageRecord, pack_records


@pytest.mark.torch
@settings(max_examples=250, deadline=None)
@given(evaluations(), st.integers(0, 2**32))
def test_weighted_ap_equals_ultralytics_on_resampled_data(reference, records, seed):
    images = len(records.keys)
    rng = np.random.default_rng(seed)
    weights = np.stack([np.ones(images, int), *rng.multinomial(images, np.full(images, 1 / images), 3)], axis=1)
    ranked = rank_classes(records)
    table = np.ascontiguousarray(weights, dtype=np.float32)
    found = weighted_ap(ranked, table, table)
    for column in range(weights.shape[1]):
        expected = reference(*resampled(records, weights[:, column]))
        present = [place for place in range(len(ranked)) if np.isfinite(found[place, 0, column])]
        assert [ranked[place].index for place in present] == expected[6].tolist()
        np.testing.assert_allclose(found[present, :, column], expected[5], atol=1e-6, rtol=0)
        if present:
            mean = mean_over_classes(found.mean(axis=1))[column]
            assert mean == pytest.approx(expected[5].mean(), abs=1e-6)


def test_classes_absent_from_a_replicate_are_left_out_of_its_mean():
    ap = np.array([[0.5, np.nan, np.nan], [0.7, 0.2, np.nan]], np.float32)
    np.testing.assert_allclose(mean_over_classes(ap), [0.6, 0.2, np.nan], atol=1e-7)


def test_empty_segments_are_zero():
    weights = np.array([[1, 10], [2, 20]], np.float32)
    found = segment_sums(np.array([0, 1, 1]), np.array([0, 2, 2]), weights)
    np.testing.assert_array_equal(found, [[3, 30], [0, 0], [2, 20]])


@pytest.mark.heavy
def test_a_large_class_stays_exact():
    """Counts far above what half precision, or sums in hundredths, could hold."""
    rng = np.random.default_rng(0)
    flags = rng.random((60_000, 1)) < 0.5
    labels = int(flags.sum()) + 1000
    record = ImageRecord(
        "a", (9, 9), np.zeros(60_000), np.linspace(1, 0, 60_000), np.zeros((60_000, 4)),
        {"box": np.repeat(flags, 10, axis=1)}, np.zeros(labels), np.zeros((labels, 4)),
    )  # fmt: skip
    ranked = rank_classes(pack_records([record], HEADER))
    ones = np.ones((1, 1), np.float32)
    assert weighted_ap(ranked, ones, ones)[0, 0, 0] == pytest.approx(point_metrics(ranked).ap[0, 0], abs=1e-6)
