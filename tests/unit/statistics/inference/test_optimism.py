"""By how much the best of many epochs is too good."""

import numpy as np
import pytest

from yololab.statistics.inference.optimism import chance_of, optimism

CHANCE = 0.012


def curves(epochs, count, rise, seed, first=None):
    """Curves of a training that rises within its `first` epochs, and what chance has given their best epoch."""
    rng, trend = np.random.default_rng(seed), 0.5 - rise * np.exp(-np.arange(epochs) / (first or epochs / 6))
    chance = rng.normal(0, CHANCE, (count, epochs))
    best = (trend + chance).argmax(axis=1)
    return trend + chance, chance[np.arange(count), best]


@pytest.mark.parametrize(("epochs", "rise", "first"), [(10, 0.0, 1), (100, 0.0, 1), (100, 0.3, 16), (50, 0.4, 2)])
@pytest.mark.heavy
def test_the_estimate_is_what_the_choice_has_given(epochs, rise, first):
    """Also where a pretrained model learns most in its first epochs, which no line follows."""
    found, given = curves(epochs, 40, rise, epochs, first)
    estimated = np.mean([optimism(list(curve)).bias for curve in found])
    assert estimated == pytest.approx(given.mean(), rel=0.3)


def test_a_steady_or_short_curve_has_none_and_smoothing_has_less():
    assert optimism([0.1, 0.2, 0.3, 0.4, 0.5]).bias < 1e-9
    assert optimism([0.1, 0.2]) is None
    (curve,), _ = curves(60, 1, 0.0, seed=3)
    assert optimism(list(curve), smoothed=True).bias < 0.8 * optimism(list(curve)).bias
    assert chance_of(list(curve)) == pytest.approx(CHANCE, rel=0.3)
