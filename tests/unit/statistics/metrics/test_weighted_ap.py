"""The exact AP under weights, held against Ultralytics' own on data that was really resampled."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from yololab.statistics.metrics import operating_point as operating
from yololab.statistics.metrics.operating_point import operating_point
from yololab.statistics.metrics.point_metrics import CONFIDENCES, average_precision, point_metrics
from yololab.statistics.metrics.ranked_detections import rank_classes, rank_together
from yololab.statistics.metrics.weighted_ap import mean_over_classes, segment_sums, weighted_ap
from yololab.statistics.records.base import RecordsHeader
from yololab.statistics.records.detections import ImageRecord, pack_records
from yololab.ultralytics_adapter.isolation.runtime import Isolation, activate, prepare

HEADER = RecordsHeader(
    names={index: str(index) for index in range(6)},
    task="detect",
    split="val",
    label_fingerprint="",
    protocol={},
    ultralytics="",
)


@pytest.fixture(scope="module")
def reference(tmp_path_factory):
    """Ultralytics' `ap_per_class`, with a stable sort: its own is not, and ties would make it another number."""
    base = tmp_path_factory.mktemp("statistics")
    prepare(Isolation(base / "cache", base / "weights", base / "datasets", offline=True))
    activate()
    from ultralytics.utils import metrics

    class StableNumpy:
        def __getattr__(self, name):
            return getattr(np, name)

        def argsort(self, values):
            return np.argsort(values, kind="stable")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(metrics, "np", StableNumpy())
        yield metrics.ap_per_class


@st.composite
def evaluations(draw):
    """Records of a few images: ties, classes without labels or detections, flags that are not nested, nothing."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    classes = draw(st.integers(1, 4))
    steps = draw(st.sampled_from([2, 10, 10**6]))
    labels, detections = draw(st.sampled_from([0, 0.4, 3])), draw(st.sampled_from([0, 0.5, 6, 25]))
    return pack_records(
        [_image(i, rng, classes, steps, labels, detections) for i in range(draw(st.integers(1, 9)))], HEADER
    )


def _image(number, rng, classes, steps, labels, detections):
    targets = rng.integers(0, classes, rng.poisson(labels))
    count = rng.poisson(detections)
    predicted = rng.integers(0, classes + 1, count)
    confidence = np.sort(np.ceil(rng.random(count) * steps) / steps)[::-1]
    flags = np.zeros((count, 10), bool)
    for index in range(classes):
        own = np.flatnonzero(predicted == index)
        for threshold in range(10):
            most = min(len(own), int((targets == index).sum()))
            flags[rng.permutation(own)[: rng.integers(0, most + 1)], threshold] = True
    boxes = np.zeros((count, 4)), np.zeros((len(targets), 4))
    return ImageRecord(f"{number:03}", (9, 9), predicted, confidence, boxes[0], {"box": flags}, targets, boxes[1])


def resampled(records, weights):
    """Copy each image's detections and labels as often as its weight says, as arguments of `ap_per_class`."""
    rows = np.repeat(np.arange(len(records.confidence)), weights[records.image])
    labels = np.repeat(np.arange(len(records.truth_image)), weights[records.truth_image])
    return records.tp_matrix()[rows], records.confidence[rows], records.classes[rows], records.truth_class[labels]


@settings(max_examples=250, deadline=None)
@given(evaluations(), st.integers(0, 2**32))
def test_weighted_ap_equals_ultralytics_on_resampled_data(reference, records, seed):
    images = len(records.keys)
    rng = np.random.default_rng(seed)
    weights = np.stack([np.ones(images, int), *rng.multinomial(images, np.full(images, 1 / images), 3)], axis=1)
    ranked = rank_classes(records)
    table = np.ascontiguousarray(weights, dtype=np.float32)
    found = weighted_ap(ranked, table, table)
    for column in range(weights.shape[1]):
        expected = reference(*resampled(records, weights[:, column]))
        present = [place for place in range(len(ranked)) if np.isfinite(found[place, 0, column])]
        assert [ranked[place].index for place in present] == expected[6].tolist()
        np.testing.assert_allclose(found[present, :, column], expected[5], atol=1e-6, rtol=0)
        if present:
            mean = mean_over_classes(found.mean(axis=1))[column]
            assert mean == pytest.approx(expected[5].mean(), abs=1e-6)


@settings(max_examples=150, deadline=None)
@given(evaluations())
def test_point_metrics_equal_ultralytics(reference, records):
    found = point_metrics(rank_classes(records))
    expected = reference(records.tp_matrix(), records.confidence, records.classes, records.truth_class)
    assert list(found.classes) == expected[6].tolist()
    if not found.classes:
        assert found.means["mAP50-95"] is None
        return
    np.testing.assert_allclose(found.ap, expected[5], atol=1e-9, rtol=0)
    np.testing.assert_allclose(found.precision, expected[2], atol=1e-9, rtol=0)
    np.testing.assert_allclose(found.recall, expected[3], atol=1e-9, rtol=0)


@settings(max_examples=60, deadline=None)
@given(evaluations())
def test_the_operating_point_equals_ultralytics_on_every_confidence(reference, records):
    ranked = rank_classes(records)
    if not ranked:
        return
    ones = np.ones((len(records.keys), 2), np.float32)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(operating, "STEP", 1)
        patch.setattr(operating, "_GRID", CONFIDENCES)
        found = operating_point(ranked, ones, ones)
    expected = point_metrics(ranked)
    if abs(found.confidence[0] - expected.confidence) > 1e-9:
        return  # two peaks of equal height: single precision may take the other one
    np.testing.assert_allclose(found.precision[:, 0], expected.precision, atol=2e-6)
    np.testing.assert_allclose(found.recall[:, 1], expected.recall, atol=2e-6)


@settings(max_examples=60, deadline=None)
@given(evaluations(), st.sampled_from([0.1, 0.5, 0.9]), st.integers(0, 2**32))
def test_a_fixed_threshold_is_counted(records, confidence, seed):
    ranked = rank_classes(records)
    weights = np.random.default_rng(seed).integers(0, 3, (len(records.keys), 1))
    table = weights.astype(np.float32)
    found = operating_point(ranked, table, table, confidence)
    own = weights[records.image, 0]
    for place, item in enumerate(ranked):
        labels = weights[records.truth_image[records.truth_class == item.index], 0].sum()
        above = (records.confidence >= confidence) & (records.classes == item.index)
        hits = own[above & records.tp_matrix()[:, 0]].sum()
        if not labels:
            assert np.isnan(found.recall[place, 0])
            continue
        assert found.recall[place, 0] == pytest.approx(hits / labels, abs=1e-6)
        if own[above].sum():
            assert found.precision[place, 0] == pytest.approx(hits / own[above].sum(), abs=1e-6)


@settings(max_examples=60, deadline=None)
@given(evaluations(), st.integers(0, 2**32))
def test_swapping_images_equals_exchanging_their_detections(records, seed):
    rng = np.random.default_rng(seed)
    images = len(records.keys)
    other = _reversed_confidence(records)
    swap = rng.integers(0, 2, (images, 1)).astype(np.float32)
    together = rank_together([records, other])
    found = weighted_ap(together, np.concatenate((1 - swap, swap)), np.ones((images, 1), np.float32))
    parts = [other if chosen else records for chosen in swap[:, 0]]
    exchanged = pack_records([_one(part, place) for place, part in enumerate(parts)], HEADER)
    ones = np.ones((images, 1), np.float32)
    np.testing.assert_allclose(found, weighted_ap(rank_classes(exchanged), ones, ones), atol=1e-6)


def _reversed_confidence(records):
    """Another model: each image's detections in the opposite order, without ties between the two."""
    confidence = (1.001 - records.confidence).astype(np.float32)
    return dataclasses.replace(records, confidence=confidence)


def _one(records, place):
    first, labels = records.offsets, records.truth_offsets
    part, truth = slice(first[place], first[place + 1]), slice(labels[place], labels[place + 1])
    flags = {"box": records.tp_matrix()[part]}
    return ImageRecord(
        records.keys[place], (9, 9), records.classes[part], records.confidence[part], records.boxes[part], flags,
        records.truth_class[truth], records.truth_boxes[truth],
    )  # fmt: skip


@pytest.mark.parametrize(
    ("hits", "labels", "value"),
    [
        ([True], 1, 0.995),
        ([False, True], 1, 0.4975),
        ([True, True], 2, 0.995),
        ([True], 2, 0.01 * 50 - 0.005),  # recalls 0, 0.01, …, 0.49 have precision 1
        ([], 3, 0.0),
        ([False], 3, 0.0),
    ],
)
def test_average_precision_in_closed_form(hits, labels, value):
    assert average_precision(np.array(hits, bool), labels) == pytest.approx(value, abs=1e-12)


def test_without_labels_there_is_no_average_precision():
    assert np.isnan(average_precision(np.array([False]), 0))


def test_classes_absent_from_a_replicate_are_left_out_of_its_mean():
    ap = np.array([[0.5, np.nan, np.nan], [0.7, 0.2, np.nan]], np.float32)
    np.testing.assert_allclose(mean_over_classes(ap), [0.6, 0.2, np.nan], atol=1e-7)


def test_empty_segments_are_zero():
    weights = np.array([[1, 10], [2, 20]], np.float32)
    found = segment_sums(np.array([0, 1, 1]), np.array([0, 2, 2]), weights)
    np.testing.assert_array_equal(found, [[3, 30], [0, 0], [2, 20]])


def test_a_large_class_stays_exact():
    """Counts far above what half precision, or sums in hundredths, could hold."""
    rng = np.random.default_rng(0)
    flags = rng.random((60_000, 1)) < 0.5
    labels = int(flags.sum()) + 1000
    record = ImageRecord(
        "a", (9, 9), np.zeros(60_000), np.linspace(1, 0, 60_000), np.zeros((60_000, 4)),
        {"box": np.repeat(flags, 10, axis=1)}, np.zeros(labels), np.zeros((labels, 4)),
    )  # fmt: skip
    ranked = rank_classes(pack_records([record], HEADER))
    ones = np.ones((1, 1), np.float32)
    assert weighted_ap(ranked, ones, ones)[0, 0, 0] == pytest.approx(point_metrics(ranked).ap[0, 0], abs=1e-6)
