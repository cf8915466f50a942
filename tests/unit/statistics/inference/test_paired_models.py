"""Two models over the same images, for the tasks whose metrics are sums over the images."""

from __future__ import annotations

import numpy as np
import pytest
from task_samples import classified, confusion, depth

from yololab.statistics.inference import paired_comparison as paired
from yololab.statistics.inference.paired_comparison import compare_pair
from yololab.statistics.inference.paired_models import metrics_of, pair_of
from yololab.statistics.inference.resampling import group_units
from yololab.statistics.inference.verdict import Verdict


@pytest.fixture
def few(monkeypatch):
    """Fewer replicates: these tests look for mistakes, not for the last digit."""
    monkeypatch.setattr(paired, "FEW_REPLICATES", 400)
    monkeypatch.setattr(paired, "MANY_REPLICATES", 400)


def samples(rng, images=40):
    """Return two models of each task, over the same images and labels."""
    targets = rng.integers(0, 6, images)
    named = [np.array([rng.permutation(6) for _ in range(images)]) for _ in range(2)]
    true = rng.integers(0, 40, (images, 4))
    spread = [np.stack([np.diag(row) * 3 + rng.integers(0, 9, (4, 4)) for row in true]) for _ in range(2)]
    for matrix in spread:  # the same true pixels of each class on both sides
        matrix[:, :, 0] += 200 - matrix.sum(axis=2)
    values = [rng.uniform(0, 1, (images, 6)).astype(np.float32) for _ in range(2)]
    for row in values:
        row[::9] = np.nan
    return {
        "top1": [classified(targets, predicted, 6) for predicted in named],
        "mIoU": [confusion(matrices, 4) for matrices in spread],
        "delta1": [depth(rows) for rows in values],
    }


def exchanged(first, second, chosen):
    """Return records in which some images are the other model's."""
    if first.RECORD_TYPE == "confusion":
        side = first.side
        dense = []
        for records in (first, second):
            table = np.zeros((len(records.keys), side, side), int)
            table[records.image, records.truth, records.predicted] = records.pixels
            dense.append(table)
        return confusion(np.where(chosen[:, None, None], dense[1], dense[0]), len(first.names))
    if first.RECORD_TYPE == "classes":
        predicted = np.where(chosen[:, None], second.predicted, first.predicted)
        return classified(first.target, predicted, len(first.names))
    return depth(np.where(chosen[:, None], second.values, first.values))


@pytest.mark.parametrize("primary", ["top1", "mIoU", "delta1"])
def test_swapping_images_equals_exchanging_their_results(primary):
    rng = np.random.default_rng(5)
    first, second = samples(rng)[primary]
    swap = rng.integers(0, 2, (len(first.keys), 3)).astype(np.float32)
    found = pair_of(first, second, primary).swapped(swap, everything=True)
    for column in range(3):
        chosen = swap[:, column] > 0
        for side, records in zip(
            found, (exchanged(first, second, chosen), exchanged(second, first, chosen)), strict=True
        ):
            expected = metrics_of(records, primary)
            for name, value in expected.points().items():
                assert side.metrics[name][column] == pytest.approx(value, abs=1e-12)
            for name, points in expected.class_points().items():
                np.testing.assert_allclose(side.classes[name][:, column], [point.value for point in points])


@pytest.mark.parametrize("primary", ["top1", "mIoU", "delta1"])
def test_a_model_against_itself_is_equivalent(few, primary):
    first, _ = samples(np.random.default_rng(1))[primary]
    result = compare_pair(pair_of(first, first, primary), 0.01)
    assert result.verdict is Verdict.EQUIVALENT
    assert (result.metric(primary).delta, result.metric(primary).p) == (0, 1.0)
    assert {item.p for item in result.classes} <= {1.0, None}


@pytest.mark.parametrize("primary", ["top1", "mIoU", "delta1"])
def test_a_mirror_gives_the_mirrored_result(few, primary):
    first, second = samples(np.random.default_rng(2))[primary]
    one, two = (compare_pair(pair_of(*sides, primary), 0.01) for sides in ((first, second), (second, first)))
    for row, mirrored in zip(one.metrics, two.metrics, strict=True):
        assert row.delta == pytest.approx(-mirrored.delta, abs=1e-12)
        assert row.ci95 == pytest.approx((-mirrored.ci95[1], -mirrored.ci95[0]), abs=1e-9)
        assert row.p == mirrored.p
    for item, mirrored in zip(one.classes, two.classes, strict=True):
        assert (item.index, item.p, item.q) == (mirrored.index, mirrored.p, mirrored.q)


def test_a_lower_error_is_better(few):
    rng = np.random.default_rng(3)
    good = np.full((60, 6), 0.1, np.float32) + rng.normal(0, 0.01, (60, 6)).astype(np.float32)
    bad = good + 0.05
    pair = pair_of(depth(good), depth(bad), "abs_rel")
    result = compare_pair(pair, 0.01, lower_is_better=True)
    assert result.verdict is Verdict.IMPROVED
    assert result.metric("abs_rel").delta == pytest.approx(-0.05, abs=1e-6)
    assert compare_pair(pair, 0.01).verdict is Verdict.DEGRADED


def test_mcnemar_counts_the_images_that_only_one_has_right():
    targets = np.zeros(20, int)
    right, wrong = [0, 1, 2], [1, 2, 0]
    first = classified(targets, np.array([right] * 10 + [wrong] * 9 + [right]), 3)
    second = classified(targets, np.array([right] * 10 + [right] * 9 + [wrong]), 3)
    top1, top5 = pair_of(first, second, "top1").exact_tests()
    assert (top1.metric, top1.only_current, top1.only_baseline) == ("top1", 1, 9)
    assert top1.p == pytest.approx(22 / 1024)
    assert (top5.metric, top5.only_current, top5.only_baseline, top5.p) == ("top5", 0, 0, 1.0)


def test_models_that_are_right_in_the_same_few_images_need_not_be_equal(few):
    targets = np.zeros(50, int)
    predicted = np.tile([0, 1, 2], (50, 1))
    sides = [classified(targets, predicted, 3, np.full(50, sure)) for sure in (0.9, 0.8)]
    result = compare_pair(pair_of(*sides, "top1"), 0.01)
    assert result.verdict is Verdict.INCONCLUSIVE
    row = result.metric("top1")
    assert (row.delta, row.p) == (0, 1.0)
    assert row.ci95 == pytest.approx((-0.0711, 0.0711), abs=1e-4)
    assert row.standard_error > 0.03
    assert result.images_needed > 50
    assert result.metric("top5").ci95 == (0, 0), "of three classes, one of the first five is always right"
    same = compare_pair(pair_of(sides[0], sides[0], "top1"), 0.01)
    assert same.verdict is Verdict.EQUIVALENT
    many = np.zeros(400, int)
    sides = [classified(many, np.tile([0, 1, 2], (400, 1)), 3, np.full(400, sure)) for sure in (0.9, 0.8)]
    assert compare_pair(pair_of(*sides, "top1"), 0.01).verdict is Verdict.EQUIVALENT


def test_a_class_in_few_images_is_insufficient(few):
    targets = np.array([0] * 30 + [1] * 9 + [2] * 12)
    rng = np.random.default_rng(0)
    sides = [classified(targets, np.array([rng.permutation(3) for _ in targets]), 3) for _ in range(2)]
    found = {item.index: item for item in compare_pair(pair_of(*sides, "top1"), 0.01).classes}
    assert {index: item.insufficient for index, item in found.items()} == {0: False, 1: True, 2: False}
    assert found[1].q is None
    assert found[0].q >= found[0].p


def test_a_gain_that_a_missed_failure_would_undo_is_not_claimed(few):
    before = np.full((20, 6), 0.8, np.float32) + np.random.default_rng(0).normal(0, 0.02, (20, 6)).astype(np.float32)
    small, large = (compare_pair(pair_of(depth(before + gain), depth(before), "delta1"), 0.01) for gain in (0.05, 0.15))
    assert small.verdict is Verdict.NOT_WORSE
    assert "a failure that none of 20 images shows may befall 15.0% of others" in small.refused[0]
    assert (large.verdict, large.refused) == (Verdict.IMPROVED, ())


def test_a_few_images_that_differ_do_not_make_two_models_equal(few):
    before = np.full((100, 6), 0.8, np.float32)
    after = before.copy()
    after[:4] -= 0.01
    result = compare_pair(pair_of(depth(after), depth(before), "delta1"), 0.01)
    assert result.verdict is Verdict.INCONCLUSIVE
    assert "4 of 100 images tell the two apart, and 10 are needed" in result.refused[0]
    assert result.carriers.warning.startswith("3 of 100 images carry 7")
    assert {item.key for item in result.carriers.listed[:4]} == {f"{number:05}.jpg" for number in range(4)}


def test_whole_groups_are_drawn():
    rng = np.random.default_rng(1)
    scene = np.repeat(rng.normal(0.8, 0.05, 12), 5)
    sides = [np.tile(scene[:, None], 6) + np.repeat(rng.normal(0, 0.02, 12), 5)[:, None] for _ in range(2)]
    pair = pair_of(*(depth(side.astype(np.float32)) for side in sides), "delta1")
    units = group_units([f"scene {number // 5}" for number in range(60)])
    alone, grouped = compare_pair(pair, 0.01), compare_pair(pair, 0.01, units=units)
    assert (grouped.images, grouped.unit) == (12, "groups")
    ratio = grouped.metric("delta1").standard_error / alone.metric("delta1").standard_error
    assert ratio == pytest.approx(5**0.5, rel=0.25)
