"""Intervals, p-values, verdicts and the paired comparison."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from scipy.special import ndtr

from yololab.statistics.inference.hypothesis_tests import (
    benjamini_hochberg,
    discordant_interval,
    exact_mcnemar,
    images_to_rule_out,
    images_to_show,
    percentile_interval,
    permutation_p,
    standard_error,
)
from yololab.statistics.inference.verdict import Difference, Verdict, decide_verdict


def test_percentile_interval_leaves_out_what_is_unknown():
    values = np.append(np.arange(101.0), np.nan)
    assert percentile_interval(values, 0.9) == pytest.approx((5.0, 95.0))
    assert percentile_interval(np.array([np.nan]), 0.9) is None
    assert standard_error(np.array([1.0, 3.0, np.nan])) == pytest.approx(np.sqrt(2))
    assert standard_error(np.array([1.0])) is None


def test_permutation_p_equals_counting_every_swap():
    """All 2^5 swaps of five differences, counted by hand; the formula adds the observed one to both counts."""
    differences = np.array([0.3, -0.1, 0.25, 0.4, 0.05])
    every = np.array([np.dot(signs, differences) for signs in itertools.product((1, -1), repeat=5)])
    observed = differences.sum()
    extreme = np.sum(np.abs(every) >= observed - 1e-12)
    assert permutation_p(observed, every) == pytest.approx((1 + extreme) / 33)


def test_permutation_p_is_never_zero():
    assert permutation_p(5.0, np.zeros(99)) == pytest.approx(0.01)


def test_benjamini_hochberg_against_a_worked_example():
    """The fifteen p-values of Benjamini & Hochberg (1995), section 4.1: four are found at a rate of 0.05."""
    p = [
        0.0001,
        0.0004,
        0.0019,
        0.0095,
        0.0201,
        0.0278,
        0.0298,
        0.0344,
        0.0459,
        0.3240,
        0.4262,
        0.5719,
        0.6528,
        0.7590,
        1.0,
    ]
    q = benjamini_hochberg(p)
    assert sum(value <= 0.05 for value in q) == 4
    assert q[0] == pytest.approx(0.0015)
    assert q == sorted(q)
    assert benjamini_hochberg([]) == []


@pytest.mark.parametrize(("first", "second", "p"), [(0, 0, 1.0), (5, 5, 1.0), (0, 5, 0.0625), (1, 9, 22 / 1024)])
def test_mcnemar_in_closed_form(first, second, p):
    assert exact_mcnemar(first, second) == exact_mcnemar(second, first) == pytest.approx(p)


@pytest.mark.parametrize(("images", "level"), [(1, 0.95), (50, 0.9), (300, 0.95)])
def test_models_that_never_differ_may_still_be_different(images, level):
    """Nothing in n images: the share can be as high as makes n misses in a row a matter of `tail`."""
    bound = 1 - ((1 - level) / 2) ** (1 / images)
    assert discordant_interval(0, 0, images, level) == pytest.approx((-bound, bound), abs=1e-12)


@pytest.mark.parametrize("images", [20, 60])
@pytest.mark.parametrize(("gain", "loss"), [(0.0, 0.02), (0.01, 0.04), (0.03, 0.03), (0.0, 0.1)])
def test_bounds_of_the_discordant_hold_by_counting_every_outcome(images, gain, loss):
    missed = [0.0, 0.0]
    for won in range(images + 1):
        for lost in range(images + 1 - won):
            ways = math.comb(images, won) * math.comb(images - won, lost)
            chance = ways * gain**won * loss**lost * (1 - gain - loss) ** (images - won - lost)
            if chance > 1e-9:
                low, high = discordant_interval(won, lost, images, 0.9)
                missed[0] += chance * (low > gain - loss + 1e-12)
                missed[1] += chance * (high < gain - loss - 1e-12)
    assert max(missed) <= 0.05


def test_an_interval_of_the_discordant_agrees_with_mcnemar():
    for won in range(10):
        for lost in range(10 - won):
            low, high = discordant_interval(won, lost, 100, 0.95)
            assert (low > 0 or high < 0) == (exact_mcnemar(won, lost) < 0.05), (won, lost)


def test_images_needed_grow_with_the_square():
    assert images_to_show(100, 0.01, 0.028) == 100
    assert images_to_show(100, 0.01, 0.014) == 400
    assert images_to_rule_out(100, 0.01, 0.02485) == 100
    assert images_to_show(100, 0.01, 0.0) is images_to_rule_out(100, 0.01, 0.0) is None


@pytest.mark.parametrize(("drop", "needed"), [(0, images_to_rule_out), (0.02, images_to_show), (0.01, images_to_show)])
def test_four_times_in_five_that_many_images_settle_it(drop, needed):
    """Normal differences: an SE of 0.02 at 100 images; what is asked for is said in 80 % ± 5."""
    tolerance, rng = 0.01, np.random.default_rng(0)
    images = needed(100, 0.02, drop or tolerance)
    error = 0.02 * (100 / images) ** 0.5
    settled = 0
    for gain in rng.normal(-drop, error, 4000):
        ends = [(gain - z * error, gain + z * error) for z in (1.96, 1.645)]
        found = Difference(gain, *ends, 2 * float(ndtr(-abs(gain) / error)))
        verdict = decide_verdict(found, tolerance)[0]
        settled += verdict is Verdict.DEGRADED if drop else verdict not in (Verdict.INCONCLUSIVE, Verdict.DEGRADED)
    assert settled / 4000 == pytest.approx(0.8, abs=0.03)
