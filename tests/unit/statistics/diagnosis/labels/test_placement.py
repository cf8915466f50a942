"""Shifted boxes stand out from the scatter of the model."""

from __future__ import annotations

import numpy as np

from yololab.statistics.diagnosis.labels.placement import misplaced


def test_shifted_boxes_stand_out_from_the_scatter_of_the_model():
    rng = np.random.default_rng(3)
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
