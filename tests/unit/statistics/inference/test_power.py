"""How likely a drop is found, against simulated comparisons."""

import numpy as np
import pytest

from yololab.statistics.inference.power import RULED_OUT, power, seeds_needed, units_needed


@pytest.mark.parametrize(("wanted", "seed"), [(0.8, 0), (0.95, 1)])
def test_the_number_of_images_has_the_power_that_was_asked_for(wanted, seed):
    rng, spread = np.random.default_rng(seed), 0.14
    error, drop = spread / 10, 0.01
    images = units_needed(100, error, drop, wanted)
    found = rng.normal(-drop, spread / np.sqrt(images), 20_000)
    assert np.mean(found + 1.96 * spread / np.sqrt(images) < 0) == pytest.approx(wanted, abs=0.01)
    images = units_needed(100, error, drop, wanted, RULED_OUT)
    equal = rng.normal(0, spread / np.sqrt(images), 20_000)
    assert np.mean(equal - 1.645 * spread / np.sqrt(images) > -drop) == pytest.approx(wanted, abs=0.01)


def test_seeds_have_the_power_and_cannot_make_up_for_images():
    rng, drop, sd = np.random.default_rng(2), 0.02, 0.012
    seeds = seeds_needed(0.003**2, sd**2, drop, 0.8, 3)
    arms = rng.normal(0, sd, (2, 20_000, seeds))
    images = rng.normal(0, 0.003, 20_000)
    delta = arms[0].mean(1) - arms[1].mean(1) - drop + images
    error = np.sqrt(0.003**2 + (arms[0].var(1, ddof=1) + arms[1].var(1, ddof=1)) / seeds)
    assert 0.78 < np.mean(delta + 2.14 * error < 0) < 0.95
    assert seeds_needed(0.01**2, sd**2, drop, 0.8, 3) is None


def test_nothing_that_varies_finds_everything():
    assert power(0.01, 0.0) == 1.0
