"""The images whose number of errors changed most."""

from __future__ import annotations

import numpy as np
import pytest
from matching_samples import pair_up

from yololab.statistics.diagnosis.image_changes import largest_changes
from yololab.statistics.metrics.matching import overlaps
from yololab.statistics.records.base import RecordsHeader
from yololab.statistics.records.detections import ImageRecord, pack_records
from yololab.ultralytics_adapter.isolation.runtime import Isolation, activate, prepare

THRESHOLDS = np.array([0.5 + 0.05 * step for step in range(10)])


@pytest.fixture(scope="module", autouse=True)
def _prepared(tmp_path_factory):
    base = tmp_path_factory.mktemp("errors")
    prepare(Isolation(base / "cache", base / "weights", base / "datasets", offline=True))
    activate()


def scene(labels, detections, key="a", size=(400, 400)):
    """An image: labels as (class, x, y, side), detections as (class, confidence, x, y, side)."""
    truth = np.array([[x, y, x + s, y + s] for _, x, y, s in labels], float).reshape(-1, 4)
    boxes = np.array([[x, y, x + s, y + s] for _, _, x, y, s in detections], float).reshape(-1, 4)
    classes = np.array([item[0] for item in detections], float)
    targets = np.array([item[0] for item in labels], float)
    iou = overlaps(truth, boxes) * (targets[:, None] == classes[None])
    flags = pair_up(iou, THRESHOLDS) >= 0
    confidence = np.array([item[1] for item in detections], float)
    return ImageRecord(key, size, classes, confidence, boxes, {"box": flags}, targets, truth)


def records_of(*images):
    names = {0: "cat", 1: "dog"}
    header = RecordsHeader(names=names, task="detect", split="val", label_fingerprint="", protocol={}, ultralytics="")
    return pack_records(images, header)


GOOD = [(0, 10, 10, 100), (0, 200, 200, 100)]


RIGHT = [(0, 0.9, 10, 10, 100), (0, 0.8, 200, 200, 100)]


@pytest.mark.torch
def test_images_are_sorted_by_their_change():
    better = scene(GOOD, RIGHT, "b"), scene(GOOD, [(0, 0.9, 350, 10, 20)], "b")
    worse = scene(GOOD, RIGHT[:1], "a"), scene(GOOD, RIGHT, "a")
    same = scene(GOOD, RIGHT, "c"), scene(GOOD, RIGHT, "c")
    low = scene(GOOD, [*RIGHT, (0, 0.1, 350, 10, 20)], "d"), scene(GOOD, RIGHT, "d")
    current, baseline = (records_of(*(pair[side] for pair in (better, worse, same, low))) for side in (0, 1))
    found = largest_changes(current, baseline, (0.5, 0.5), 10)
    assert [(change.key, change.gain) for change in found] == [("b", 3), ("a", -1)]
    assert found[0].current.found.tolist() == [True, True]
    assert found[0].baseline.hits.tolist() == [False]
    assert [change.key for change in largest_changes(current, baseline, (0.05, 0.5), 10)] == ["b", "a", "d"]
    assert len(largest_changes(current, baseline, (0.5, 0.5), 1)) == 1
