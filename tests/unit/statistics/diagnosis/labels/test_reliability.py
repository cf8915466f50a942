"""Missing labels are told from false detections, and doubled detections from crowds."""

from __future__ import annotations

import numpy as np
import pytest

from yololab.statistics.diagnosis.labels.reliability import reliability


def test_missing_labels_are_told_from_false_detections():
    rng = np.random.default_rng(3)
    x, classes = rng.normal(0, 2, 4000), rng.integers(0, 2, 4000)
    truly = 1 / (1 + np.exp(-(1.5 * x + 0.5)))
    right = rng.random(4000) < truly
    missing = right & (rng.random(4000) < 0.05)
    labelled = right & ~missing
    known = reliability(x, classes, labelled, 2)
    assert np.abs(known.right - truly).mean() < 0.03
    assert not known.wrong_label[labelled].any()
    score = known.wrong_label[~labelled]
    assert score.sum() == pytest.approx(missing.sum(), rel=0.3)
    order = np.argsort(-score)
    assert missing[~labelled][order][: missing.sum() // 2].mean() > 0.6


@pytest.mark.parametrize(("wrong", "blamed"), [(0.0, 0.02), (0.3, 0.5)])
def test_who_is_wrong_at_any_confidence_is_the_label_and_who_is_wrong_when_unsure_the_model(wrong, blamed):
    rng = np.random.default_rng(3)
    x, constant = rng.normal(2, 1, 2000), rng.random(2000) < 0.02
    unsure = rng.random(2000) < wrong / (1 + np.exp(2 * x))
    known = reliability(x, np.zeros(2000, int), ~(constant | unsure), 1)
    assert known.wrong_label[constant & (x > 3)].mean() > 0.8
    assert known.wrong_label[unsure & ~constant].sum() <= blamed * max(unsure.sum(), 1)


@pytest.mark.parametrize(("often_right", "often_wrong", "more"), [(0.5, 0.5, False), (0.0, 0.9, True)])
def test_a_place_beside_another_label_counts_as_crowds_do(often_right, often_wrong, more):
    rng = np.random.default_rng(3)
    x = rng.normal(0, 2, 4000)
    right = rng.random(4000) < 1 / (1 + np.exp(-2 * x))
    labelled = right & (rng.random(4000) > 0.05)
    beside = (rng.random(4000) < np.where(right, often_right, often_wrong)).astype(int)
    known = reliability(x, np.zeros(4000, int), labelled, 1, beside)
    sure = ~labelled & (x > 1)
    alone, crowded = (known.wrong_label[sure & (beside == value)].mean() for value in (0, 1))
    assert (alone > 3 * crowded) == more


def test_no_rows():
    none = np.zeros(0)
    assert reliability(none, none.astype(int), none.astype(bool), 1).wrong_label.shape == (0,)
