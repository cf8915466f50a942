"""Swapped classes are told from those that a model confuses."""

from __future__ import annotations

import numpy as np
import pytest

from yololab.statistics.diagnosis.labels.confusion import wrong_class


def test_swapped_classes_are_told_from_confused_ones():
    rng = np.random.default_rng(3)
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
