"""The noise floor against closed forms and a simulation."""

from __future__ import annotations

import numpy as np
import pytest
from record_samples import records_of
from scipy.stats import norm, t

from yololab.statistics.inference.noise_floor import NoiseFloor, needed_errors, noise_floor, noise_test
from yololab.statistics.inference.resampling import Units


def test_needed_errors_are_students_for_one_and_sidaks_for_many():
    assert needed_errors(7.0, 1, 0.05) == pytest.approx(t.ppf(0.95, 7), abs=0.01)
    assert needed_errors(500.0, 100, 0.05) == pytest.approx(norm.ppf(0.95 ** (1 / 100)), abs=0.03)
    rng = np.random.default_rng(0)
    scale = np.sqrt(rng.chisquare(7, 40_000) / 7)
    largest = rng.normal(size=(40_000, 100)).max(axis=1) / scale
    assert needed_errors(7.0, 100, 0.05) == pytest.approx(np.quantile(largest, 0.95), rel=0.03)


def test_a_night_of_equal_recipes_keeps_something_one_time_in_twenty():
    rng, false = np.random.default_rng(1), 0
    for _ in range(400):
        image, seeds = 0.5, 1.0  # variances that images and seeds give a run
        values = rng.normal(0, (image + seeds) ** 0.5, 8)
        floor = NoiseFloor(tuple(values), np.zeros(1), image, float(values.var(ddof=1)), 7)
        best = rng.normal(0, (image + seeds) ** 0.5, 30).max() - values.mean()
        false += noise_test(floor, best, image * (1 + 1 / 8), 30, 0.05, stands_for=8).exceeds
    assert false <= 30  # 20 are expected at most, ± 4.4


def test_seeds_are_told_from_images():
    runs = [records_of(0.6, seed) for seed in range(6)]
    units = Units(tuple(runs[0].keys))
    same = noise_floor(runs, "mAP50-95", units)
    spread = noise_floor([records_of(0.4 + 0.1 * seed, seed) for seed in range(6)], "mAP50-95", units)
    assert same.seed_variance < spread.seed_variance / 5
    assert spread.image_variance == pytest.approx(same.image_variance, rel=0.6)
    alike = noise_floor(runs[:1] * 5, "mAP50-95", units)
    assert noise_test(alike, 0.0, 0.0, 10, 0.05, stands_for=5).exceeds is False
    assert noise_test(alike, 0.1, 0.0, 10, 0.05, stands_for=5).exceeds is True
