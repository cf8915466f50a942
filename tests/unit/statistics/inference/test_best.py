"""The best of several: who else could be it, and how lucky it was."""

from __future__ import annotations

import numpy as np
import pytest

from yololab.statistics.inference.best import select_best


def draws(values, noise=0.02, count=2000, shared=0.0, seed=0):
    rng = np.random.default_rng(seed)
    values = np.asarray(values, dtype=float)
    return values[:, None] + rng.normal(0, noise, (len(values), count)) + shared * rng.normal(0, 1, count)


def test_one_model_is_the_best():
    found = select_best([0.4], draws([0.4]))
    assert found.best == 0
    assert found.standings[0].could_be_best
    assert found.standings[0].p == 1.0
    assert found.optimism == pytest.approx(0, abs=1e-12)


def test_a_clear_winner_stands_alone_and_an_even_field_does_not():
    clear = select_best([0.5, 0.3, 0.2], draws([0.5, 0.3, 0.2]))
    assert [item.could_be_best for item in clear.standings] == [True, False, False]
    assert clear.standings[1].behind == pytest.approx(0.2)
    low, high = clear.standings[1].behind_ci95
    assert low < 0.2 < high
    even = select_best([0.41, 0.40, 0.405], draws([0.41, 0.40, 0.405]))
    assert all(item.could_be_best for item in even.standings)
    assert even.optimism > 0.005


def test_noise_that_all_models_share_does_not_hide_a_difference():
    """Pairing: hard images are hard for every model."""
    values = [0.50, 0.45]
    alone = select_best(values, draws(values, noise=0.1))
    paired = select_best(values, draws(values, noise=0.005, shared=0.1))
    assert alone.standings[1].could_be_best
    assert not paired.standings[1].could_be_best


def test_the_same_model_twice_cannot_be_told_apart():
    rows = draws([0.4, 0.4])
    rows[1] = rows[0]
    found = select_best([0.4, 0.4], rows)
    assert [item.p for item in found.standings] == [1.0, 1.0]


def test_lower_can_be_better():
    found = select_best([0.2, 0.5], draws([0.2, 0.5]), lower_is_better=True)
    assert found.best == 0
    assert found.standings[1].behind == pytest.approx(0.3)
    assert not found.standings[1].could_be_best


def test_resamples_without_a_number_are_left_out_and_too_few_are_refused():
    rows = draws([0.5, 0.3])
    rows[0, :100] = np.nan
    assert select_best([0.5, 0.3], rows).replicates == 1900
    rows[:] = np.nan
    with pytest.raises(ValueError, match="resamples"):
        select_best([0.5, 0.3], rows)


@pytest.mark.heavy
def test_few_images_and_a_skewed_metric_leave_no_more_equal_trials_out():
    """Twenty equal trials on thirty images: without Student's quantiles and the other tail 7 to 10 % are left out."""
    rng, left_out = np.random.default_rng(4), []
    for _ in range(120):
        values = rng.beta(2, 1, (20, 30))
        resamples = values @ (rng.multinomial(30, np.ones(30) / 30, 300).T / 30)
        found = select_best(values.mean(axis=1), resamples, images=30)
        left_out += [not item.could_be_best for item in found.standings]
    assert np.mean(left_out) <= 0.06


@pytest.mark.heavy
def test_the_truly_best_model_is_in_the_set_as_often_as_promised():
    """Eight equal models: each of them is a best one, and may be left out in 5 % of the cases."""
    rng = np.random.default_rng(5)
    kept = []
    for _ in range(300):
        images = rng.normal(0, 1, (8, 60)) + rng.normal(0, 1, 60)
        weights = rng.multinomial(60, np.full(60, 1 / 60), size=400) / 60
        found = select_best(images.mean(axis=1).tolist(), images @ weights.T)
        kept.append(found.standings[3].could_be_best)
    assert 0.91 <= np.mean(kept) <= 0.99


@pytest.mark.heavy
@pytest.mark.parametrize(("spread", "least"), [(0.0, 0.9), (0.02, 0.85), (0.1, 0.7)])
def test_the_luck_of_the_best_is_told_right(spread, least):
    """Twenty trials, equal or not: by how much the best one's value exceeds its true one, over 200 sweeps."""
    truth, stated, rng = [], [], np.random.default_rng(0)
    for seed in range(200):
        true = rng.normal(0, spread, 20)
        values = true + rng.normal(0, 0.02, 20)
        found = select_best(values.tolist(), draws(values, count=400, seed=seed))
        truth.append(values[found.best] - true[found.best])
        stated.append(found.optimism)
    assert least <= np.mean(stated) / np.mean(truth) <= 2 - least


def test_few_images_leave_more_models_in_the_set():
    values = [0.44, 0.40]
    rows = draws(values, noise=0.0125)
    few, many = (select_best(values, rows, images=images) for images in (8, 1000))
    assert few.standings[1].p > many.standings[1].p
    assert few.standings[0].ci95[0] < many.standings[0].ci95[0]
