"""The best of several recipes, with the variation between seeds."""

from __future__ import annotations

import numpy as np
import pytest

from yololab.statistics.inference.best import rank_recipes


def draws(values, noise=0.02, count=2000, shared=0.0, seed=0):
    rng = np.random.default_rng(seed)
    values = np.asarray(values, dtype=float)
    return values[:, None] + rng.normal(0, noise, (len(values), count)) + shared * rng.normal(0, 1, count)


def test_recipes_count_the_variation_between_seeds():
    quiet = [[0.50, 0.501, 0.499], [0.40, 0.401, 0.399]]
    best, standings = rank_recipes(quiet, [draws(arm, noise=0.01, seed=n) for n, arm in enumerate(quiet)], 500)
    assert best == 0
    assert not standings[1].could_be_best
    loud = [[0.60, 0.50, 0.40], [0.50, 0.40, 0.30]]
    best, standings = rank_recipes(loud, [draws(arm, noise=0.01, seed=n) for n, arm in enumerate(loud)], 500)
    assert best == 0
    assert standings[1].could_be_best, "the same difference, but the seeds differ by as much"
    assert standings[0].behind is None
    assert standings[1].behind.difference.gain == pytest.approx(0.1)
    with pytest.raises(ValueError, match="3 runs"):
        rank_recipes([[0.1, 0.2]], [draws([0.1, 0.2])], 10)
