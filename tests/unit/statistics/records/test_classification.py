"""The records of classified images."""

from __future__ import annotations

import numpy as np

from yololab.statistics.records.base import RecordsHeader
from yololab.statistics.records.classification import ClassifiedImage, pack_classified


def header(task, classes):
    names = {index: f"class {index}" for index in range(classes)}
    return RecordsHeader(
        names=names, task=task, split="val", label_fingerprint="f", protocol={"imgsz": 64}, ultralytics="8.4.190"
    )


def test_images_are_sorted_and_keep_what_is_theirs():
    rows = [ClassifiedImage("b", 2, np.array([2, 0, 1]), 0.9), ClassifiedImage("a", 0, np.array([1, 2, 0]), 0.5)]
    records = pack_classified(rows, header("classify", 3))
    assert records.keys == ("a", "b")
    assert records.target.tolist() == [0, 2]
    assert records.correct.tolist() == [[False, True], [True, True]]
    assert records.truth_of(1).tolist() == [2]
