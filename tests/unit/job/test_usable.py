"""A result that is of no use is told from one that is, in every task."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from yololab.files.metrics import MetricsFile
from yololab.job.usable import chance_level, finds_anything, learnt_anything, no_worse_than_start
from yololab.statistics.records.classification import ClassifyRecords
from yololab.statistics.records.confusion import ConfusionRecords
from yololab.statistics.records.depth import DepthRecords
from yololab.statistics.records.detections import BOX, DetectionRecords
from yololab.tasks import TASKS


def header(task: str, classes: int = 3) -> dict[str, Any]:
    names = dict(enumerate("abcd"[:classes]))
    return {"names": names, "task": task, "split": "val", "label_fingerprint": "f", "protocol": {}, "ultralytics": "8"}


def metrics(task: str, value: float | None) -> MetricsFile:
    return MetricsFile(Path("metrics.json"), {"task": task, TASKS[task].primary_metric: value})


def detections(confidence: list[float], right: list[bool], task: str = "detect", objects: int = 4) -> DetectionRecords:
    """One image; of a task with two kinds of matches, the boxes are all right."""
    count = len(confidence)
    first = np.array(right, np.uint16)
    flags = {BOX: first} if task in ("detect", "obb") else {BOX: np.ones(count, np.uint16), "mask": first}
    width = 5 if task == "obb" else 4
    return DetectionRecords(
        keys=("a.png",),
        **header(task),
        sizes=np.array([[64, 64]], np.uint32),
        detections=np.array([count], np.uint32),
        classes=np.zeros(count, np.uint8),
        confidence=np.array(confidence, np.float32),
        boxes=np.zeros((count, width), np.float32),
        flags=flags,
        truth_image=np.zeros(objects, np.uint32),
        truth_class=np.zeros(objects, np.uint8),
        truth_boxes=np.zeros((objects, width), np.float32),
    )


def classified(target: list[int], predicted: list[int]) -> ClassifyRecords:
    named = np.array([[first, *[c for c in range(3) if c != first]] for first in predicted], np.uint16)
    return ClassifyRecords(
        keys=tuple(f"{number}.png" for number in range(len(target))),
        **header("classify"),
        target=np.array(target, np.uint16),
        predicted=named,
        confidence=np.ones(len(target), np.float32),
    )


def segmented(*entries: tuple[int, int, int]) -> ConfusionRecords:
    truth, predicted, pixels = np.array(entries).T
    return ConfusionRecords(
        keys=("a.png",),
        **header("semantic"),
        image=np.zeros(len(truth), np.uint32),
        truth=truth.astype(np.uint16),
        predicted=predicted.astype(np.uint16),
        pixels=pixels.astype(np.uint32),
    )


def depth(*rows: float) -> DepthRecords:
    values = np.array([[row] * 6 for row in rows], np.float32)
    keys = tuple(f"{number}.png" for number in range(len(rows)))
    return DepthRecords(keys=keys, **header("depth", 1), values=values, pixels=np.full(len(rows), 99, np.uint32))


@pytest.mark.parametrize("task", ["detect", "segment", "pose", "obb"])
@pytest.mark.parametrize(
    ("confidence", "right", "passed"),
    [
        ([0.9, 0.3], [False, True], True),
        ([0.9, 0.3], [False, False], False),  # sure of what is wrong
        ([0.2, 0.1], [True, True], False),  # nothing that predict shows
        ([], [], False),
    ],
)
def test_detections_must_be_shown_and_right(task, confidence, right, passed):
    assert finds_anything(detections(confidence, right, task)).passed is passed


def test_where_there_is_nothing_to_find_nothing_is_said():
    assert finds_anything(detections([0.9], [False], objects=0)).passed is None
    assert learnt_anything(metrics("detect", None), detections([], []), TASKS["detect"]).passed is None


@pytest.mark.parametrize("task", ["detect", "segment", "pose", "obb"])
@pytest.mark.parametrize(("value", "passed"), [(0.0, False), (0.00004, False), (0.0002, True), (0.4, True)])
def test_what_reads_zero_has_learnt_nothing(task, value, passed):
    found = learnt_anything(metrics(task, value), detections([], [], task), TASKS[task])
    assert found.passed is passed
    assert f"{value:.4f}" in found.evidence


def test_a_classifier_that_says_one_class_of_everything_has_learnt_nothing():
    constant, better = classified([0, 0, 0, 1, 2], [0] * 5), classified([0, 0, 0, 1, 2], [0, 0, 0, 1, 1])
    assert chance_level(constant) == pytest.approx(0.6)
    assert learnt_anything(metrics("classify", 0.6), constant, TASKS["classify"]).passed is False
    assert learnt_anything(metrics("classify", 0.8), better, TASKS["classify"]).passed is True
    assert (finds_anything(constant).passed, finds_anything(better).passed) == (False, True)
    alone = classified([1, 1], [1, 1])
    assert (
        finds_anything(alone).passed,
        learnt_anything(metrics("classify", 1.0), alone, TASKS["classify"]).passed,
    ) == (None, None)


def test_so_has_a_mask_of_one_class():
    constant, better = segmented((0, 0, 75), (1, 0, 25)), segmented((0, 0, 70), (1, 1, 30))
    assert chance_level(constant) == pytest.approx(0.75 / 2)
    assert learnt_anything(metrics("semantic", 0.375), constant, TASKS["semantic"]).passed is False
    assert learnt_anything(metrics("semantic", 0.5), better, TASKS["semantic"]).passed is True
    assert (finds_anything(constant).passed, finds_anything(better).passed) == (False, True)


@pytest.mark.parametrize(("rows", "passed"), [((0.5, 0.7), True), ((0.5, np.nan), True), ((np.nan, np.nan), False)])
def test_a_depth_is_some_number(rows, passed):
    assert finds_anything(depth(*rows)).passed is passed
    assert learnt_anything(metrics("depth", 0.0), depth(*rows), TASKS["depth"]).passed is False


@pytest.mark.parametrize(
    ("names", "then", "now", "passed"),
    [
        ("abc", 0.4, 0.395, True),
        ("abc", 0.4, 0.3, False),
        ("abd", 0.4, 0.3, None),  # other classes: other things were measured
        ("abc", None, 0.3, None),
        (None, 0.4, 0.3, None),
    ],
)
def test_a_result_is_no_worse_than_what_it_started_from(names, then, now, passed):
    recorded = {} if then is None else {"metrics/mAP50-95(B)": then}
    model = SimpleNamespace(names=None if names is None else dict(enumerate(names)), train_metrics=recorded)
    found = no_worse_than_start(metrics("detect", now), model, dict(enumerate("abc")), TASKS["detect"], 0.01)
    assert (found and found.passed) is passed


def test_what_evidence_says_is_what_was_counted():
    found = finds_anything(replace(detections([0.9, 0.8, 0.1], [True, False, True])))
    assert found.evidence == "2 detections at confidence 0.25 or more, 1 right, of 4 objects in 1 image"
