import dataclasses
import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from yololab.statistics.records.arrays import RecordsError, from_arrays, to_arrays
from yololab.statistics.records.base import RecordsHeader
from yololab.statistics.records.detections import IOU_THRESHOLDS, ImageRecord, pack_flags, pack_records

HEADER = RecordsHeader(
    names={0: "ä", 1: "b"},
    task="detect",
    split="val",
    label_fingerprint="f" * 64,
    protocol={"imgsz": 64, "classes": None},
    ultralytics="8.4.190",
)
ARRAYS = ("sizes", "detections", "classes", "confidence", "boxes", "truth_image", "truth_class", "truth_boxes")


def image(key, detections=0, targets=(), seed=0):
    rng = np.random.default_rng(seed)
    return ImageRecord(
        key,
        (640, 480),
        rng.integers(0, 2, detections).astype(np.float32),
        np.sort(rng.random(detections).astype(np.float32))[::-1],
        rng.integers(0, 7680, (detections, 4)) / 16,
        {"box": rng.random((detections, 10)) < 0.5},
        np.array(targets, dtype=np.float32),
        rng.random((len(targets), 4)) * 480,
    )


def assert_alike(first, second):
    for name in ARRAYS:
        np.testing.assert_array_equal(getattr(first, name), getattr(second, name))
        assert getattr(first, name).dtype == getattr(second, name).dtype
    assert list(first.flags) == list(second.flags)
    for kind in first.flags:
        np.testing.assert_array_equal(first.flags[kind], second.flags[kind])
    for name in ("keys", "names", "task", "split", "label_fingerprint", "protocol", "ultralytics", "iou_thresholds"):
        assert getattr(first, name) == getattr(second, name)


def test_images_are_laid_out_by_key():
    records = pack_records([image("b", 2, [1, 0, 1]), image("a", 3, [0]), image("c")], HEADER)
    assert records.keys == ("a", "b", "c")
    assert records.detections.tolist() == [3, 2, 0]
    assert records.offsets.tolist() == [0, 3, 5, 5]
    assert records.truth_image.tolist() == [0, 1, 1, 1]
    assert records.truth_class.tolist() == [0, 1, 0, 1]
    assert records.truth_offsets.tolist() == [0, 1, 4, 4]
    assert records.image.tolist() == [0, 0, 0, 1, 1]
    assert records.sizes.tolist() == [[640, 480]] * 3
    assert records.iou_thresholds == IOU_THRESHOLDS


def test_flags_need_not_be_nested():
    flags = np.zeros((2, 10), dtype=bool)
    flags[0, 9] = flags[1, 0] = True
    assert pack_flags(flags).tolist() == [512, 1]
    record = ImageRecord(
        "a", (8, 8), np.zeros(2), np.ones(2), np.zeros((2, 4)), {"box": flags}, np.zeros(0), np.zeros((0, 4))
    )
    np.testing.assert_array_equal(pack_records([record], HEADER).tp_matrix(), flags)


@settings(max_examples=25, deadline=None)
@given(
    st.dictionaries(
        st.text(st.characters(exclude_characters="\0", exclude_categories=()), min_size=1, max_size=8),
        st.tuples(st.integers(0, 5), st.lists(st.integers(0, 1), max_size=4), st.integers(0, 99)),
        max_size=6,
    )
)
def test_they_come_back_as_they_were(content):
    images = [image(key, detections, targets, seed) for key, (detections, targets, seed) in content.items()]
    records = pack_records(images, HEADER)
    assert_alike(from_arrays(to_arrays(records)), records)


def test_many_classes_need_wider_numbers():
    names = {index: str(index) for index in range(300)}
    records = pack_records([image("a", 1, [299])], dataclasses.replace(HEADER, names=names))
    assert records.classes.dtype == np.uint16
    assert records.truth_class.tolist() == [299]
    assert pack_records([image("a", 1)], HEADER).classes.dtype == np.uint8


def test_two_images_of_one_key_are_refused():
    with pytest.raises(ValueError, match="unique"):
        pack_records([image("a"), image("a")], HEADER)


@pytest.fixture
def saved() -> dict[str, np.ndarray]:
    return to_arrays(pack_records([image("a", 3, [0]), image("b", 1)], HEADER))


def test_another_version_is_refused(saved):
    header = np.frombuffer(json.dumps({"schema_version": 1}).encode(), dtype=np.uint8)
    with pytest.raises(RecordsError, match="schema_version 1"):
        from_arrays(saved | {"header": header})


@pytest.mark.parametrize("missing", ["header", "keys", "classes"])
def test_missing_arrays_are_refused(saved, missing):
    del saved[missing]
    with pytest.raises(RecordsError, match=missing):
        from_arrays(saved)


@pytest.mark.parametrize(
    "changes",
    [
        {"classes": np.zeros(2, np.uint8)},
        {"detections": np.array([4], np.uint32)},
        {"truth_image": np.array([7], np.uint32)},
        {"boxes": np.zeros((2, 4), np.float32)},
        {"tp_box": np.zeros(9, np.uint16)},
        {"keys": np.frombuffer(b"b\0a", np.uint8)},
    ],
)
def test_arrays_that_do_not_fit_together_are_refused(saved, changes):
    with pytest.raises(RecordsError, match="not readable"):
        from_arrays(saved | changes)
