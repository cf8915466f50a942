"""What stands out among the seeds of one recipe."""

import numpy as np
import pytest

from yololab.statistics.inference.seeds import outlying


def test_a_normal_sample_has_an_outlier_as_often_as_the_level_says():
    draws = np.random.default_rng(0).normal(0.5, 0.01, (4_000, 5))
    assert np.mean([outlying(list(row)) is not None for row in draws]) == pytest.approx(0.05, abs=0.012)


def test_few_or_equal_values_have_none():
    assert outlying([0.5, 0.5, 0.9]) is None
    assert outlying([0.5] * 6) is None
