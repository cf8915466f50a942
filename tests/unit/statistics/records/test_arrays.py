"""The records of classification, semantic segmentation and depth: what goes in comes out, and nothing else goes in."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from yololab.statistics.records.arrays import RecordsError, from_arrays, to_arrays
from yololab.statistics.records.base import RecordsHeader
from yololab.statistics.records.classification import ClassifiedImage, pack_classified
from yololab.statistics.records.confusion import ConfusionImage, pack_confusion
from yololab.statistics.records.depth import DEPTH_METRICS, DepthImage, pack_depth


def header(task, classes):
    names = {index: f"class {index}" for index in range(classes)}
    return RecordsHeader(
        names=names, task=task, split="val", label_fingerprint="f", protocol={"imgsz": 64}, ultralytics="8.4.190"
    )


def classified(rng, images, classes):
    rows = [
        ClassifiedImage(f"{number}.jpg", int(rng.integers(classes)), rng.permutation(classes)[:5], float(rng.random()))
        for number in rng.permutation(images)
    ]
    return pack_classified(rows, header("classify", classes))


def confused(rng, images, classes):
    side = 2 if classes == 1 else classes
    rows = [
        ConfusionImage(f"{number}.jpg", rng.integers(0, 4, (side, side)) * rng.integers(0, 2, (side, side)))
        for number in rng.permutation(images)
    ]
    return pack_confusion(rows, header("semantic", classes))


def measured_depth(rng, images, _classes):
    rows = [
        DepthImage(
            f"{number}.jpg",
            None if rng.random() < 0.3 else dict(zip(DEPTH_METRICS, rng.random(6), strict=True)),
            int(rng.integers(0, 99)),
        )
        for number in rng.permutation(images)
    ]
    return pack_depth(rows, header("depth", 0))


@settings(max_examples=40, deadline=None)
@given(
    st.sampled_from([classified, confused, measured_depth]),
    st.integers(0, 7),
    st.sampled_from([1, 2, 7, 300]),
    st.integers(0, 2**32),
)
def test_they_come_back_as_they_were(form, images, classes, seed):
    records = form(np.random.default_rng(seed), images, classes)
    assert list(records.keys) == sorted(f"{number}.jpg" for number in range(images))
    found = from_arrays(to_arrays(records))
    assert type(found) is type(records)
    for field in dataclasses.fields(records):
        before, after = getattr(records, field.name), getattr(found, field.name)
        if isinstance(before, np.ndarray):
            np.testing.assert_array_equal(after, before)
            assert after.dtype == before.dtype
        else:
            assert after == before


def test_what_does_not_fit_together_is_refused():
    with pytest.raises(ValueError, match="unique"):
        pack_depth([DepthImage("a", None, 3)] * 2, header("depth", 0))
    with pytest.raises(ValueError, match=r"2 classes, but a matrix of \(3, 3\)"):
        pack_confusion([ConfusionImage("a", np.zeros((3, 3)))], header("semantic", 2))
    records = confused(np.random.default_rng(0), 3, 4)
    with pytest.raises(ValueError, match="class that is not there"):
        dataclasses.replace(records, truth=records.truth + 4)
    with pytest.raises(ValueError, match="order of the images"):
        dataclasses.replace(records, image=records.image[::-1])
    named = classified(np.random.default_rng(0), 3, 4)
    with pytest.raises(ValueError, match="predictions of"):
        dataclasses.replace(named, predicted=named.predicted[:, :2])


def test_a_form_that_we_do_not_know_is_refused(monkeypatch):
    records = measured_depth(np.random.default_rng(0), 2, 0)
    monkeypatch.setattr(type(records), "RECORD_TYPE", "smells")
    with pytest.raises(RecordsError, match="smells"):
        from_arrays(to_arrays(records))


@pytest.mark.parametrize("form", [classified, confused, measured_depth])
def test_an_array_of_another_type_is_refused_by_its_name(form):
    """A class of 10^12 in 64 bits would ask for memory that no machine has."""
    records = form(np.random.default_rng(0), 3, 2)
    arrays = to_arrays(records)
    for name in records.ARRAYS:
        array = arrays[name]
        for wrong in (np.zeros(array.shape, np.int64), array.astype(bool), array[..., None], arrays["keys"]):
            with pytest.raises(RecordsError, match=name):
                from_arrays(arrays | {name: wrong})
        with pytest.raises(RecordsError, match=name):
            from_arrays({other: array for other, array in arrays.items() if other != name})


@pytest.mark.parametrize(
    ("key", "value"),
    [
        *(
            ("names", value)
            for value in (["a"], {"x": "a"}, {"0": 3}, None, {str(index): "" for index in range(70_000)})
        ),
        *(("task", 3), ("protocol", []), ("form", ["classes"]), ("form", "x"), ("metrics", 3), ("metrics", ["a"])),
        *(("schema_version", "3"), ("schema_version", True), ("split", None), ("ultralytics", 8.4)),
    ],
)
def test_a_header_of_another_shape_is_refused(key, value):
    arrays = to_arrays(measured_depth(np.random.default_rng(0), 2, 0))
    content = json.loads(arrays["header"].tobytes()) | {key: value}
    with pytest.raises(RecordsError):
        from_arrays(arrays | {"header": np.frombuffer(json.dumps(content).encode(), np.uint8)})


@pytest.mark.parametrize("text", [b"", b"[" * 200_000, b"[]", b"3", b"\xff", b'{"schema_version": 1' + b"0" * 5000])
def test_a_header_that_is_no_object_is_refused(text):
    arrays = to_arrays(measured_depth(np.random.default_rng(0), 2, 0))
    with pytest.raises(RecordsError):
        from_arrays(arrays | {"header": np.frombuffer(text, np.uint8)})
