"""The checklist."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from yololab.files.json_files import write_json
from yololab.job.checklist import (
    Check,
    all_passed,
    comparison_executed,
    exported_model_works,
    loss_decreased,
    metrics_saved,
    theil_sen_slope,
    training_started,
)


@pytest.mark.parametrize(
    ("losses", "passed"), [([], False), ([None], False), ([math.nan], False), ([3.2], True), ([3.2, None], True)]
)
def test_training_started(losses, passed):
    assert training_started(losses).passed is passed


def test_evidence_names_the_first_batch_and_a_weak_fall():
    assert "batch's loss 7" in training_started([3.2], 7.0).evidence
    assert "weak" in loss_decreased([3.0, 3.3, 2.9, 3.2, 2.8]).evidence
    assert "weak" not in loss_decreased([3.0, 2.9, 2.8, 2.7, 2.6]).evidence


@pytest.mark.parametrize(
    ("losses", "passed"),
    [
        ([3.0, 2.0], None),
        ([3.0, None, 2.0], None),
        ([3.0, 2.5, 2.0], True),
        ([3.0, 2.9, 2.8, 2.7, 9.0], True),  # last minus first would say that it rose
        ([2.0, 2.1, 2.2], False),
        ([2.0, 2.0, 2.0], False),
    ],
)
def test_loss_decreased(losses, passed):
    assert loss_decreased(losses).passed is passed


@given(st.lists(st.floats(-1e3, 1e3), min_size=3, max_size=12))
def test_slope_is_the_median_of_all_pairs(values):
    points = list(enumerate(values))
    pairs = [(y2 - y1) / (x2 - x1) for i, (x1, y1) in enumerate(points) for x2, y2 in points[i + 1 :]]
    assert theil_sen_slope(points) == pytest.approx(np.median(pairs), abs=1e-9)


def test_metrics_saved(tmp_path):
    path = tmp_path / "metrics.json"
    assert metrics_saved(path, {"mAP50-95": 0.5}).passed is False
    write_json(path, {"task": "detect", "mAP50-95": 0.5, "mAP50": 0.7}, 1)
    assert metrics_saved(path, {"mAP50-95": 0.5, "mAP50": 0.7}).passed is True
    assert metrics_saved(path, {"mAP50-95": 0.5000001}).passed is False


def test_exported_model():
    works = {"images": 4, "max_abs_difference": 0.1, "runtime": "onnxruntime", "tolerance": 0.001}
    assert exported_model_works(None).passed is None
    assert exported_model_works("onnx", error="no onnx").passed is False
    assert exported_model_works("onnx", max_relative_difference=0.0005, **works).passed is True
    assert exported_model_works("onnx", max_relative_difference=0.002, **works).passed is False
    assert exported_model_works("onnx", max_relative_difference=math.nan, **works).passed is False


@pytest.mark.parametrize(
    ("ours", "theirs", "passed"), [(0.3, 0.3, True), (0.3, 0.2, False), (0.0, 0.0, None), (0.0, 0.2, False)]
)
def test_without_outputs_to_compare_the_metric_decides(ours, theirs, passed):
    found = exported_model_works("onnx", reason="NMS inside", tolerance=0.001, maps=("mAP50-95", 4, ours, theirs))
    assert found.passed is passed
    assert "NMS inside" in found.evidence
    assert exported_model_works("onnx", reason="NMS inside").passed is None


def test_comparison_executed(tmp_path):
    path = tmp_path / "comparison.json"
    assert comparison_executed("IMPROVED", path).passed is False
    path.touch()
    assert comparison_executed("IMPROVED", path).passed is True
    assert comparison_executed(None, path).passed is False


def test_what_cannot_be_said_does_not_fail():
    assert all_passed([Check("a", True, ""), Check("b", None, "")])
    assert not all_passed([Check("a", True, ""), Check("b", False, "")])
