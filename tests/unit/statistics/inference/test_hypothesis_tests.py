"""Intervals, p-values, verdicts and the paired comparison."""

from __future__ import annotations

import dataclasses
import itertools
import math

import numpy as np
import pytest
from record_samples import detection_pair, records_of

from yololab.statistics.inference import paired_comparison as paired
from yololab.statistics.inference.hypothesis_tests import (
    benjamini_hochberg,
    detectable_drop,
    discordant_interval,
    exact_mcnemar,
    images_needed,
    percentile_interval,
    permutation_p,
    standard_error,
)
from yololab.statistics.inference.paired_comparison import compare_pair
from yololab.statistics.inference.resampling import BYTES_AT_ONCE, bootstrap_weights, swaps
from yololab.statistics.inference.verdict import Difference, Verdict, decide_verdict
from yololab.statistics.records.base import RecordsHeader
from yololab.statistics.records.detections import ImageRecord, pack_records

KEYS = tuple(f"{number:03}" for number in range(40))


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
    assert detectable_drop(0.01) == pytest.approx(0.028)
    assert images_needed(100, 0.01, 0.028) == 100
    assert images_needed(100, 0.01, 0.014) == 400
    assert images_needed(100, 0.01, 0.0) is None


@pytest.mark.parametrize(
    ("gain", "ci95", "ci90", "p", "verdict", "confirmed"),
    [
        (-0.03, (-0.05, -0.011), (-0.045, -0.015), 0.01, Verdict.DEGRADED, True),
        (-0.03, (-0.05, -0.009), (-0.045, -0.012), 0.01, Verdict.DEGRADED, False),
        (-0.03, (-0.06, 0.001), (-0.05, -0.001), 0.06, Verdict.INCONCLUSIVE, False),
        (-0.009, (-0.012, -0.006), (-0.011, -0.007), 0.001, Verdict.INCONCLUSIVE, False),
        (-0.005, (-0.009, -0.001), (-0.008, -0.002), 0.001, Verdict.EQUIVALENT, False),
        (0.02, (0.001, 0.04), (0.004, 0.036), 0.04, Verdict.IMPROVED, False),
        (0.02, (0.001, 0.04), (0.004, 0.036), 0.06, Verdict.NOT_WORSE, False),
        (0.005, (0.001, 0.009), (0.002, 0.008), 0.01, Verdict.IMPROVED, False),
        (0.001, (-0.008, 0.009), (-0.007, 0.008), 0.8, Verdict.EQUIVALENT, False),
        (0.005, (-0.01, 0.02), (-0.009, 0.018), 0.4, Verdict.NOT_WORSE, False),
        (0.0, (-0.03, 0.03), (-0.02, 0.02), 1.0, Verdict.INCONCLUSIVE, False),
        (-0.01, (-0.02, -0.001), (-0.018, -0.002), 0.01, Verdict.INCONCLUSIVE, False),  # exactly τ is no degradation
    ],
)
def test_verdicts_in_their_order(gain, ci95, ci90, p, verdict, confirmed):
    assert decide_verdict(Difference(gain, ci95, ci90, p), 0.01) == (verdict, confirmed)


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


@pytest.fixture
def few(monkeypatch):
    monkeypatch.setattr(paired, "FEW_REPLICATES", 300)
    monkeypatch.setattr(paired, "MANY_REPLICATES", 600)


def test_a_mirror_gives_the_mirrored_result(few):
    a, b = records_of(0.9, 1), records_of(0.6, 2)
    one, two = compare_pair(detection_pair(a, b), 0.01), compare_pair(detection_pair(b, a), 0.01)
    for row, other in zip(one.metrics, two.metrics, strict=True):
        assert (row.current, row.baseline) == (other.baseline, other.current)
        assert row.ci95 == pytest.approx((-other.ci95[1], -other.ci95[0]), abs=1e-6)
        assert row.p == pytest.approx(other.p, abs=1e-9)
    assert (one.verdict, two.verdict) == (Verdict.IMPROVED, Verdict.DEGRADED)


def test_an_error_metric_turns_the_verdict(few):
    a, b = records_of(0.9, 1), records_of(0.6, 2)
    assert compare_pair(detection_pair(a, b), 0.01, lower_is_better=True).verdict is Verdict.DEGRADED


def test_replicates_agree_with_the_point(few):
    """The mean of the bootstrap differences is the observed one but for its bias, and p comes from the swaps."""
    result = compare_pair(detection_pair(records_of(0.9, 1), records_of(0.85, 2)), 0.01)
    row = result.metric("mAP50-95")
    assert row.ci95[0] < row.delta < row.ci95[1]
    assert row.ci95[0] < row.ci90[0] < row.ci90[1] < row.ci95[1]
    assert (row.ci95[1] - row.ci95[0]) / row.standard_error == pytest.approx(3.92, rel=0.2)


def test_rare_classes_are_insufficient(few):
    a, b = (_with_rare_class(records_of(found, seed)) for found, seed in ((0.9, 1), (0.9, 2)))
    classes = {item.index: item for item in compare_pair(detection_pair(a, b), 0.01).classes}
    assert classes[2].insufficient
    assert classes[2].images == 9
    assert classes[2].q is None
    assert not classes[0].insufficient


def _with_rare_class(records):
    truth = records.truth_class.copy()
    first = np.unique(records.truth_image, return_index=True)[1]
    truth[first[:9]] = 2
    return dataclasses.replace(records, truth_class=truth)


def test_nothing_to_measure_is_no_result(few):
    empty = ImageRecord(
        "a",
        (9, 9),
        np.zeros(0),
        np.zeros(0),
        np.zeros((0, 4)),
        {"box": np.zeros((0, 10))},
        np.zeros(0),
        np.zeros((0, 4)),
    )
    header = RecordsHeader(
        names={0: "a"}, task="detect", split="val", label_fingerprint="", protocol={}, ultralytics=""
    )
    records = pack_records([empty, dataclasses.replace(empty, key="b")], header)
    assert compare_pair(detection_pair(records, records), 0.01) is None


def test_many_images_need_fewer_replicates_unless_it_is_close(monkeypatch, few):
    monkeypatch.setattr(paired, "FEW_IMAGES", 10)
    clear = compare_pair(detection_pair(records_of(0.95, 1), records_of(0.3, 2)), 0.01)
    assert clear.replicates == 300
    monkeypatch.setattr(paired, "_P_MARGIN", 1.0)  # everything is close
    assert compare_pair(detection_pair(records_of(0.95, 1), records_of(0.3, 2)), 0.01).replicates == 600
