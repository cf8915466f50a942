"""The level at which seeds are looked at again and again."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import ndtr, ndtri

from yololab.statistics.inference.seeds import level_of_looks


def test_pococks_table():
    """Two to five looks at equal distances: Pocock (1977), table 1, α = 0.05."""
    levels = [level_of_looks(range(1, count + 1), 0.05) for count in (2, 3, 4, 5)]
    assert levels == pytest.approx([0.0294, 0.0221, 0.0182, 0.0158], abs=6e-5)


def test_unequal_looks_against_simulated_sums():
    rng = np.random.default_rng(1)
    sums = np.cumsum(rng.normal(size=(200_000, 5)), axis=1)[:, 2:]
    bound = -ndtri(level_of_looks([3, 4, 5], 0.05) / 2)
    passed = np.any(np.abs(sums) / np.sqrt([3, 4, 5]) > bound, axis=1).mean()
    assert passed == pytest.approx(0.05, abs=0.0015)  # three standard errors
    assert level_of_looks([3], 0.05) == pytest.approx(2 * ndtr(-1.959964), abs=1e-6)
