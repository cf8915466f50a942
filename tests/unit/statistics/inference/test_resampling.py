"""Resamples that depend on keys, seed and number alone."""

from __future__ import annotations

import numpy as np
import pytest

from yololab.statistics.inference.resampling import BYTES_AT_ONCE, bootstrap_weights, swaps

KEYS = tuple(f"{number:03}" for number in range(40))


@pytest.mark.parametrize("draw", [bootstrap_weights, swaps])
def test_replicates_depend_on_keys_seed_and_number_alone(draw):
    first = np.concatenate(list(draw(KEYS, 0, 1500)), axis=1)
    np.testing.assert_array_equal(first, np.concatenate(list(draw(KEYS, 0, 1500)), axis=1))
    more = np.concatenate(list(draw(KEYS, 0, 3000)), axis=1)
    np.testing.assert_array_equal(first[:, :1000], more[:, :1000])
    other_seed = next(iter(draw(KEYS, 1, 1500)))
    other_keys = next(iter(draw((*KEYS[:-1], "x"), 0, 1500)))
    assert not np.array_equal(first[:, : other_seed.shape[1]], other_seed)
    assert not np.array_equal(first[:, : other_keys.shape[1]], other_keys)


def test_a_resample_has_as_many_images():
    weights = np.concatenate(list(bootstrap_weights(KEYS, 0, 2000)), axis=1)
    assert (weights.sum(axis=0) == len(KEYS)).all()
    # weights of a multinomial: variance 1 − 1/I, covariance −1/I
    assert weights.var() == pytest.approx(1 - 1 / len(KEYS), abs=0.02)
    assert np.concatenate(list(swaps(KEYS, 0, 2000)), axis=1).mean() == pytest.approx(0.5, abs=0.01)


def test_blocks_shrink_with_the_number_of_images():
    """Memory does not grow with the number of replicates, and not without bound with the number of images."""
    keys = tuple(f"{number:06}" for number in range(20_000))
    first = next(iter(bootstrap_weights(keys, 0, 10_000)))
    assert first.nbytes <= BYTES_AT_ONCE
