"""The records of classified pixels."""

from __future__ import annotations

import numpy as np

from yololab.statistics.records.base import RecordsHeader
from yololab.statistics.records.confusion import ConfusionImage, pack_confusion


def header(task, classes):
    names = {index: f"class {index}" for index in range(classes)}
    return RecordsHeader(
        names=names, task=task, split="val", label_fingerprint="f", protocol={"imgsz": 64}, ultralytics="8.4.190"
    )


def test_confusion_is_kept_sparse():
    rows = [ConfusionImage("b", np.array([[5, 0], [2, 0]])), ConfusionImage("a", np.zeros((2, 2), int))]
    records = pack_confusion(rows, header("semantic", 1))
    assert records.image.tolist() == [1, 1]
    assert records.truth.tolist() == [0, 1]
    assert records.predicted.tolist() == [0, 0]
    assert records.pixels.tolist() == [5, 2]
    assert records.truth_of(0).tolist() == [0, 0]
    assert records.truth_of(1).tolist() == [5, 2]
