"""Swapped classes are told from those that a model confuses."""

from __future__ import annotations

import numpy as np
import pytest

from yololab.statistics.diagnosis.labels.confusion import wrong_class


def test_swapped_classes_are_told_from_confused_ones():
    rng = np.random.default_rng(3)
    classes = rng.integers(0, 3, 900)
    other_class = (classes + 1) % 3
    own = rng.normal(1.5, 1, 900)
    other = np.where(rng.random(900) < 0.3, own + rng.normal(-1.5, 1, 900), np.nan)  # what is confused, by little
    swapped = rng.choice(900, 20, replace=False)
    own[swapped], other[swapped] = np.nan, rng.normal(1.5, 1, 20)
    score = wrong_class(own, other, classes, other_class, np.full(3, -4.0)).wrong_label
    assert len(set(np.argsort(-score)[:20].tolist()) & set(swapped.tolist())) >= 18
    assert score.sum() == pytest.approx(20, abs=5)


def test_a_class_that_is_seen_a_little_less_is_no_reason_to_suspect():
    own, other = np.array([0.5, np.nan, 1.0] * 30), np.array([0.4, np.nan, np.nan] * 30)
    known = wrong_class(own, other, np.zeros(90, int), np.ones(90, int), np.full(2, -4.0))
    assert not known.wrong_label.any()
    assert not known.right[1::3].any()  # nothing is seen there
