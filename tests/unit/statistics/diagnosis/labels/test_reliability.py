"""Missing labels are told from false detections, and doubled detections from crowds."""

from __future__ import annotations

import numpy as np
import pytest

from yololab.statistics.diagnosis.labels.meetings import Meeting
from yololab.statistics.diagnosis.labels.reliability import reliability


def test_missing_labels_are_told_from_false_detections():
    rng = np.random.default_rng(3)
    x, classes = rng.normal(0, 2, 4000), rng.integers(0, 2, 4000)
    right = rng.random(4000) < 1 / (1 + np.exp(-(1.5 * x + 0.5)))
    missing = right & (rng.random(4000) < 0.05)
    kind = np.where(right & ~missing, Meeting.FOUND, Meeting.NOTHING)
    known = reliability(x, classes, kind, np.zeros(4000), 2)
    truly = 1 / (1 + np.exp(-(1.5 * x + 0.5)))
    assert np.abs(known.right - truly).mean() < 0.03
    score = known.wrong_label[kind == Meeting.NOTHING]
    assert score.sum() == pytest.approx(missing.sum(), rel=0.3)
    order = np.argsort(-score)
    assert missing[kind == Meeting.NOTHING][order][: missing.sum() // 2].mean() > 0.6


@pytest.mark.parametrize(("often_right", "often_wrong", "more"), [(0.5, 0.5, False), (0.0, 0.9, True)])
def test_a_place_beside_another_label_counts_as_crowds_do(often_right, often_wrong, more):
    rng = np.random.default_rng(3)
    x = rng.normal(0, 2, 4000)
    right = rng.random(4000) < 1 / (1 + np.exp(-2 * x))
    kind = np.where(right & (rng.random(4000) > 0.05), Meeting.FOUND, Meeting.NOTHING)
    beside = 0.4 * (rng.random(4000) < np.where(right, often_right, often_wrong))
    known = reliability(x, np.zeros(4000, int), kind, beside, 1)
    sure = (kind == Meeting.NOTHING) & (x > 1)
    alone, crowded = (known.wrong_label[sure & (beside == value)].mean() for value in (0.0, 0.4))
    assert (alone > 3 * crowded) == more
