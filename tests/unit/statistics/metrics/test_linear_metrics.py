"""Classification, semantic segmentation and depth: our metrics under weights against Ultralytics' on resampled data."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from task_samples import classified, confusion, confusion_of, depth

from yololab.statistics.diagnosis.value_changes import largest_value_changes
from yololab.statistics.inference import paired_comparison as paired
from yololab.statistics.inference.paired_comparison import compare_pair
from yololab.statistics.inference.paired_models import metrics_of, pair_of
from yololab.statistics.inference.verdict import Verdict
from yololab.ultralytics_adapter.isolation.runtime import Isolation, activate, prepare


@pytest.fixture(scope="module")
def theirs(tmp_path_factory):
    """Ultralytics' metrics."""
    base = tmp_path_factory.mktemp("statistics")
    prepare(Isolation(base / "cache", base / "weights", base / "datasets", offline=True))
    activate()
    from ultralytics.utils import metrics

    return metrics


@pytest.fixture
def few(monkeypatch):
    """Fewer replicates: these tests look for mistakes, not for the last digit."""
    monkeypatch.setattr(paired, "FEW_REPLICATES", 400)
    monkeypatch.setattr(paired, "MANY_REPLICATES", 400)


def resamples(rng, images):
    """Return unit weights and three resamples, whole numbers, shape (I, 4)."""
    drawn = rng.multinomial(images, np.full(images, 1 / images), 3)
    return np.stack([np.ones(images, int), *drawn], axis=1)


def ours_under(records, primary, weights):
    """Return the replicates and the classes in their order."""
    measure = metrics_of(records, primary)
    found = measure.replicates(np.ascontiguousarray(weights, np.float32), everything=True)
    return measure, found, [point.index for points in measure.class_points().values() for point in points]


@settings(max_examples=120, deadline=None)
@given(st.integers(1, 12), st.sampled_from([1, 2, 4, 9]), st.integers(0, 2**32))
def test_accuracy_equals_ultralytics_on_resampled_data(theirs, images, names, seed):
    rng = np.random.default_rng(seed)
    targets = rng.integers(0, names, images)
    predicted = np.array([rng.permutation(names)[:5] for _ in range(images)])
    weights = resamples(rng, images)
    measure, found, classes = ours_under(classified(targets, predicted, names), "top1", weights)
    for column, copies in enumerate(weights.T):
        rows = np.repeat(np.arange(images), copies)
        expected = theirs.ClassifyMetrics()
        expected.process([torch.tensor(targets[rows])], [torch.tensor(predicted[rows])])
        assert found.metrics["top1"][column] == pytest.approx(expected.top1, abs=1e-6)
        assert found.metrics["top5"][column] == pytest.approx(expected.top5, abs=1e-6)
        for place, index in enumerate(classes):
            own = rows[targets[rows] == index]
            value = found.classes["top1"][place, column]
            if len(own):
                assert value == pytest.approx(np.mean(predicted[own, 0] == index), abs=1e-12)
            else:
                assert np.isnan(value)
    assert measure.points()["top1"] == pytest.approx(np.mean(predicted[:, 0] == targets), abs=1e-15)


@settings(max_examples=120, deadline=None)
@given(st.integers(1, 8), st.sampled_from([1, 2, 3, 6]), st.booleans(), st.integers(0, 2**32))
def test_iou_equals_ultralytics_on_resampled_data(theirs, images, names, ignored, seed):
    rng = np.random.default_rng(seed)
    side = 2 if names == 1 else names
    # Some classes never occur, and some only in a few images.
    allowed = rng.integers(0, side, (images, rng.integers(1, 3)))
    truth = np.stack([rng.choice(row, (5, 7)) for row in allowed])
    if ignored:
        truth[rng.random(truth.shape) < 0.3] = 255
    predicted = np.where(rng.random(truth.shape) < 0.5, np.where(truth == 255, 0, truth), rng.integers(0, side))
    matrices = [confusion_of(p, t, side) for p, t in zip(predicted, truth, strict=True)]
    records = confusion(matrices, names)
    weights = resamples(rng, images)
    measure, found, classes = ours_under(records, "mIoU", weights)
    for column, copies in enumerate(weights.T):
        rows = np.repeat(np.arange(images), copies)
        expected = theirs.SemanticMetrics(names=records.names)
        expected.update_stats(torch.tensor(predicted[rows]), torch.tensor(truth[rows]))
        expected.process()
        iou, accuracy = found.metrics["mIoU"][column], found.metrics["pixel_acc"][column]
        if np.isnan(iou):  # nothing to measure, for which Ultralytics says 0
            assert expected.miou == 0
        else:
            assert iou == pytest.approx(expected.miou, abs=1e-6)
        assert accuracy == pytest.approx(expected.pixel_accuracy, abs=1e-6) or np.isnan(accuracy)
        for place, index in enumerate(classes):
            value = found.classes["IoU"][place, column]
            if index in expected.ap_class_index:
                assert value == pytest.approx(float(expected.per_class_iou[index]), abs=1e-6)
            elif names > 1:
                assert np.isnan(value)
        if column == 0:
            assert classes == list(expected.ap_class_index)
            assert [point.images for points in measure.class_points().values() for point in points] == [
                int(expected.nt_per_image[index]) for index in classes
            ]


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 8), st.integers(0, 2**32))
def test_depth_equals_ultralytics_on_resampled_data(theirs, images, seed):
    rng = np.random.default_rng(seed)
    truth = rng.uniform(0.5, 60, (images, 6, 6)).astype(np.float32)
    truth[rng.random((images, 6, 6)) < rng.choice([0.1, 0.8], (images, 1, 1))] = 0  # unknown depth
    estimate = truth * rng.uniform(0.6, 1.6, truth.shape).astype(np.float32) + 0.1
    rows = []
    for number in range(images):
        alone = theirs.DepthMetrics()
        alone.update_stats(torch.tensor(estimate[number][None]), torch.tensor(truth[number][None]))
        rows.append(np.full(6, np.nan) if alone._totals is None else alone._totals.numpy())
    weights = resamples(rng, images)
    measure, found, _ = ours_under(depth(np.array(rows)), "delta1", weights)
    for column, copies in enumerate(weights.T):
        chosen = np.repeat(np.arange(images), copies)
        expected = theirs.DepthMetrics()
        expected.update_stats(torch.tensor(estimate[chosen]), torch.tensor(truth[chosen]))
        expected.process()
        for name, values in found.metrics.items():
            value = values[column]
            if np.isnan(value):
                assert expected._count == 0
            else:
                assert value == pytest.approx(expected.results_dict[f"metrics/{name}"], rel=1e-9, abs=1e-12)
    if np.isnan(np.array(rows)).all():
        assert set(measure.points().values()) == {None}


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


def test_images_whose_answer_changed_come_with_both_answers():
    targets = np.array([0, 1, 2, 0])
    first = classified(targets, np.array([[0, 1, 2], [1, 0, 2], [1, 2, 0], [1, 0, 2]]), 3, [0.9, 0.4, 0.6, 0.5])
    second = classified(targets, np.array([[1, 0, 2], [1, 0, 2], [2, 1, 0], [2, 0, 1]]), 3, [0.8, 0.4, 0.7, 0.5])
    changes = largest_value_changes(metrics_of(first, "top1"), metrics_of(second, "top1"), 5)
    assert [(change.key, change.gain) for change in changes] == [("00000.jpg", 1), ("00002.jpg", -1)]
    assert (changes[0].truth, changes[0].said_now, changes[0].said_before) == (
        "class 0",
        "class 0 0.90",
        "class 1 0.80",
    )


def test_images_whose_value_changed_most_come_first():
    values = [
        np.array([[0.5, 0, 0, 0, 0, 0], [0.2] * 6, [np.nan] * 6]),
        np.array([[0.4] + [0] * 5, [0.9] * 6, [0.1] * 6]),
    ]
    ours, theirs = (metrics_of(depth(rows), "delta1") for rows in values)
    changes = largest_value_changes(ours, theirs, 5)
    assert [(change.key, round(change.gain, 3)) for change in changes] == [("00001.jpg", -0.7), ("00000.jpg", 0.1)]
    lower = largest_value_changes(ours, theirs, 1, lower_is_better=True)
    assert lower[0].gain == pytest.approx(0.7)


@pytest.mark.parametrize("names", [1, 3])
def test_the_value_of_an_image_is_that_of_the_image_alone(monkeypatch, names):
    from yololab.statistics.metrics import confusion_metrics

    monkeypatch.setattr(confusion_metrics, "_IMAGES_AT_ONCE", 3)
    rng = np.random.default_rng(0)
    side = 2 if names == 1 else names
    matrices = rng.integers(0, 9, (8, side, side)) * rng.integers(0, 2, (8, side, side))
    values = metrics_of(confusion(matrices, names), "mIoU").image_values()
    for matrix, value in zip(matrices, values, strict=True):
        alone = metrics_of(confusion([matrix], names), "mIoU").points()["mIoU"]
        assert value == pytest.approx(alone) if alone is not None else np.isnan(value)
