"""The records of depth."""

from __future__ import annotations

import numpy as np

from yololab.statistics.records.base import RecordsHeader
from yololab.statistics.records.depth import DEPTH_METRICS, DepthImage, pack_depth


def header(task, classes):
    names = {index: f"class {index}" for index in range(classes)}
    return RecordsHeader(
        names=names, task=task, split="val", label_fingerprint="f", protocol={"imgsz": 64}, ultralytics="8.4.190"
    )


def test_an_image_without_depth_is_no_number():
    rows = [DepthImage("a", None, 3), DepthImage("b", dict.fromkeys(DEPTH_METRICS, 0.5), 100)]
    records = pack_depth(rows, header("depth", 0))
    assert np.isnan(records.values[0]).all()
    assert records.truth_of(1).tolist() == [100]
