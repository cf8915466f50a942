"""What the records of every task have in common."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from task_samples import classified, confusion, depth

from yololab.statistics.records.base import RecordsHeader

SAMPLES = {
    "classify": classified(np.array([0, 1]), np.array([[0, 1], [1, 0]]), 2),
    "semantic": confusion(np.array([[[1, 0], [0, 2]]] * 2), 2),
    "depth": depth(np.full((2, 6), 0.5)),
}


@pytest.mark.parametrize("task", SAMPLES)
def test_keys_are_sorted_and_unique(task):
    records = SAMPLES[task]
    with pytest.raises(ValueError, match="not sorted and unique"):
        dataclasses.replace(records, keys=records.keys[::-1])


@pytest.mark.parametrize("task", SAMPLES)
def test_records_are_rebuilt_from_header_and_arrays(task):
    records = SAMPLES[task]
    header = records.common | records.details | {"keys": records.keys}
    again = type(records).rebuilt(header, records.arrays())
    assert again.measured == records.measured
    assert all((again.truth_of(place) == records.truth_of(place)).all() for place in range(2))
    with pytest.raises(KeyError):
        type(records).rebuilt({}, records.arrays())


def test_the_header_hands_out_copies():
    header = RecordsHeader(
        names={0: "cat"}, task="detect", split="val", label_fingerprint="", protocol={"imgsz": 64}, ultralytics=""
    )
    header.common["names"][0] = "dog"
    header.common["protocol"].clear()
    assert (header.names, header.protocol) == ({0: "cat"}, {"imgsz": 64})
