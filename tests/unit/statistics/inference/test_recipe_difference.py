"""The difference of two recipes: Student's t over images and seeds."""

from __future__ import annotations

import math

import numpy as np
import pytest
from record_samples import records_of

from yololab.statistics.inference.recipe_difference import compare_recipes, recipe_difference, run_noise


def still(arm):
    """Resamples that move nothing: the images add no variance."""
    return np.repeat(np.array(arm)[:, None], 3, axis=1)


@pytest.mark.parametrize(
    ("level", "degrees", "t"),
    [(0.95, 1, 12.7062047), (0.95, 10, 2.2281389), (0.9, 4, 2.1318468), (0.95, 30, 2.0422725)],
)
def test_students_t_against_a_table(level, degrees, t):
    """All the variance is that of one arm, so its degrees of freedom are those of the table."""
    current = np.linspace(0, 1, degrees + 1)
    error = current.std(ddof=1) / math.sqrt(len(current))
    current += t * error - current.mean()
    found = recipe_difference(tuple(current), (0.0, 0.0), still(current), still((0, 0)), 100)
    assert found.degrees == pytest.approx(degrees)
    low, high = found.difference.ci95 if level == 0.95 else found.difference.ci90
    assert (high - low) / 2 == pytest.approx(t * error, rel=1e-7)
    assert found.difference.p == pytest.approx(1 - level, rel=1e-6)


def test_without_variance_of_images_it_is_welchs_test():
    current, baseline = (0.51, 0.55, 0.53, 0.56), (0.48, 0.50, 0.47)
    found = recipe_difference(current, baseline, still(current), still(baseline), 100)
    a, b = np.var(current, ddof=1) / 4, np.var(baseline, ddof=1) / 3
    degrees = (a + b) ** 2 / (a**2 / 3 + b**2 / 2)
    assert found.degrees == pytest.approx(degrees)
    assert found.standard_error == pytest.approx(np.sqrt(a + b))
    t = np.linspace(found.difference.gain / found.standard_error, 400, 2_000_001)
    density = (1 + t**2 / degrees) ** (-(degrees + 1) / 2)
    scale = math.gamma((degrees + 1) / 2) / (math.sqrt(degrees * math.pi) * math.gamma(degrees / 2))
    assert found.difference.p == pytest.approx(2 * scale * np.trapezoid(density, t), rel=1e-4)


def test_identical_runs_have_no_variance():
    arm = (0.5, 0.5, 0.5)
    found = recipe_difference(arm, arm, still(arm), still(arm), 10)
    assert (found.difference.gain, found.difference.p) == (0, 1.0)


def test_too_few_runs_are_a_programmers_error():
    with pytest.raises(ValueError, match="needs 3 an arm"):
        compare_recipes([records_of(0.9, 0)] * 3, [records_of(0.9, 0)] * 2, "mAP50-95")


def crossed(rng, runs, images, *, seed, shared, noise):
    """Values of the runs of two arms on the same images, shape (2, runs, images): two-way random effects."""
    of_images = rng.normal(0, 1, images) + rng.normal(0, shared, (2, 1, images))
    return of_images + rng.normal(0, seed, (2, runs, 1)) + rng.normal(0, noise, (2, runs, images))


def of_means(values, rng):
    """The difference of two arms of which each run is a mean over images."""
    images = values.shape[-1]
    weights = rng.multinomial(images, [1 / images] * images, 200).T / images
    arms = [tuple(arm.mean(axis=1)) for arm in values]
    return recipe_difference(*arms, values[0] @ weights, values[1] @ weights, images)


def test_what_the_images_do_to_single_runs_is_counted_once():
    """Against Var(Δ̄) in closed form; noise that is counted twice would give 1.9 times as much."""
    rng = np.random.default_rng(3)
    runs, images, shared, noise = 10, 100, 0.5, 2.0
    found = [
        of_means(crossed(rng, runs, images, seed=0.1, shared=shared, noise=noise), rng).standard_error ** 2
        for _ in range(60)
    ]
    truth = 2 * (shared**2 / images + 0.1**2 / runs + noise**2 / (images * runs))
    assert np.mean(found) == pytest.approx(truth, rel=0.1)


@pytest.mark.parametrize("seed", [0.05, 0.3])
@pytest.mark.heavy
def test_intervals_hold_the_truth_as_often_as_they_say(seed):
    """Equal recipes; the limits are three standard errors of so many simulations."""
    rng = np.random.default_rng(8)
    found = [of_means(crossed(rng, 5, 100, seed=seed, shared=0.3, noise=1.5), rng) for _ in range(400)]
    missed = np.mean([item.difference.p < 0.05 for item in found])
    assert 0.01 < missed < 0.08


def test_noise_of_a_run_against_the_variance_of_its_mean():
    rng = np.random.default_rng(4)
    replicates = rng.normal(0, 0.3, (1, 4000)) + rng.normal(0, 0.2, (6, 4000))
    assert run_noise(replicates) == pytest.approx(0.2**2, rel=0.03)
