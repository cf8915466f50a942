"""The checklist."""

from __future__ import annotations

import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import theilslopes

from yololab.files.json_files import write_json
from yololab.job.checklist import (
    comparison_executed,
    exported_model_works,
    loss_decreased,
    metrics_saved,
    nothing_exported,
    training_started,
)
from yololab.ultralytics_adapter.export.parity import ExportCheck


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
    found = loss_decreased(values)
    slope = theilslopes(values).slope
    assert found.passed is bool(slope < 0) or slope == pytest.approx(0, abs=1e-9)
    said = re.search(r"([+-][^ ]+) an epoch", found.evidence)
    assert said
    assert float(said[1]) == pytest.approx(slope, rel=1e-3, abs=1e-9)


def test_metrics_saved(tmp_path):
    path = tmp_path / "metrics.json"
    assert metrics_saved(path, {"mAP50-95": 0.5}).passed is False
    write_json(path, {"task": "detect", "mAP50-95": 0.5, "mAP50": 0.7}, 1)
    assert metrics_saved(path, {"mAP50-95": 0.5, "mAP50": 0.7}).passed is True
    assert metrics_saved(path, {"mAP50-95": 0.5000001}).passed is False


def outputs(relative: float | None, reason: str | None = None) -> ExportCheck:
    return ExportCheck(4, 0.1, relative, "onnxruntime", reason)


def test_exported_model():
    assert nothing_exported().passed is None
    for relative, passed in ((0.0005, True), (0.002, False), (math.nan, False)):
        assert exported_model_works("onnx", outputs(relative), 0.001).passed is passed


def test_in_reduced_precision_the_metric_alone_decides():
    assert exported_model_works("onnx INT8", outputs(0.2), 0.01, outputs_decide=False).passed is None
    maps = ("mAP50-95", 4, 0.3, 0.295)
    assert exported_model_works("onnx INT8", outputs(0.2), 0.01, maps, outputs_decide=False).passed is True


@pytest.mark.parametrize(
    ("ours", "theirs", "passed"), [(0.3, 0.3, True), (0.3, 0.2, False), (0.0, 0.0, None), (0.0, 0.2, False)]
)
def test_without_outputs_to_compare_the_metric_decides(ours, theirs, passed):
    found = exported_model_works("onnx", outputs(None, "NMS inside"), 0.001, ("mAP50-95", 4, ours, theirs))
    assert found.passed is passed
    assert "NMS inside" in found.evidence
    assert exported_model_works("onnx", outputs(None, "NMS inside"), 0.001).passed is None


def test_comparison_executed(tmp_path):
    path = tmp_path / "comparison.json"
    assert comparison_executed("IMPROVED", path).passed is False
    path.touch()
    assert comparison_executed("IMPROVED", path).passed is True
    assert comparison_executed(None, path).passed is False
