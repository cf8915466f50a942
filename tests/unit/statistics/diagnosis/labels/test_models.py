"""What is learned of an evaluation, where it is known what was put in."""

from __future__ import annotations

import numpy as np
import pytest

from yololab.statistics.diagnosis.labels.confusion import wrong_class
from yololab.statistics.diagnosis.labels.meetings import Meeting
from yololab.statistics.diagnosis.labels.placement import misplaced
from yololab.statistics.diagnosis.labels.reliability import reliability


@pytest.fixture
def rng():
    return np.random.default_rng(3)


def test_missing_labels_are_told_from_false_detections(rng):
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
def test_a_place_beside_another_label_counts_as_crowds_do(rng, often_right, often_wrong, more):
    x = rng.normal(0, 2, 4000)
    right = rng.random(4000) < 1 / (1 + np.exp(-2 * x))
    kind = np.where(right & (rng.random(4000) > 0.05), Meeting.FOUND, Meeting.NOTHING)
    beside = 0.4 * (rng.random(4000) < np.where(right, often_right, often_wrong))
    known = reliability(x, np.zeros(4000, int), kind, beside, 1)
    sure = (kind == Meeting.NOTHING) & (x > 1)
    alone, crowded = (known.wrong_label[sure & (beside == value)].mean() for value in (0.0, 0.4))
    assert (alone > 3 * crowded) == more


def test_swapped_classes_are_told_from_confused_ones(rng):
    classes = rng.integers(0, 3, 900)
    own, other = rng.normal(1.5, 1, 900), np.full(900, np.nan)
    other_class = (classes + 1) % 3
    confused = rng.random(900) < 0.1
    other[confused] = rng.normal(-2.5, 0.7, confused.sum())
    swapped = rng.choice(900, 20, replace=False)
    own[swapped], other[swapped] = np.nan, rng.normal(1.5, 1, 20)
    score = wrong_class(own, other, classes, other_class, 3)
    assert set(np.argsort(-score)[:20].tolist()) >= set(swapped[:18].tolist()) - set(np.flatnonzero(score < 0.5))
    assert score[swapped].mean() > 0.9
    assert score.sum() == pytest.approx(20, abs=3)


def test_shifted_boxes_stand_out_from_the_scatter_of_the_model(rng):
    x, classes = rng.normal(0, 1, 1000), np.zeros(1000, int)
    overlap = 1 / (1 + np.exp(-(1.8 + 0.3 * x + rng.normal(0, 0.45, 1000))))
    overlap[:15] = rng.uniform(0.25, 0.45, 15)
    score = misplaced(overlap, x, classes)
    assert set(np.argsort(-score)[:15].tolist()) == set(range(15))
    assert score[:15].mean() > 0.4
    assert score[15:].sum() < 6
    loose = 1 / (1 + np.exp(-(0.3 + rng.normal(0, 1.0, 1000))))
    assert misplaced(loose, x, classes).max() < 0.5
    assert misplaced(overlap[:5], x[:5], classes[:5]).tolist() == [0.0] * 5
