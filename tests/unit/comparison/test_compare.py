"""The comparison on bare metrics."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from yololab.comparison.compare import compare_metrics
from yololab.comparison.result import MetricRow, passes
from yololab.config.schema import Gate
from yololab.errors import InputError
from yololab.files.metrics import MetricsFile, read_metrics
from yololab.statistics.inference.verdict import Verdict
from yololab.tasks import Direction

PROTOCOL = {"imgsz": 640, "batch": 16, "iou": 0.7, "single_cls": False, "classes": None, "ultralytics": "8.4.190"}


def metrics(value: float = 0.5, **changes) -> MetricsFile:
    content = {
        "task": "detect",
        "model": "best.pt",
        "split": "val",
        "mAP50": 0.7,
        "mAP50-95": value,
        "precision": 0.8,
        "recall": 0.6,
        "names": {"0": "cat", "1": "dog"},
        "per_class": {"cat": {"AP50-95": value}, "dog": {"AP50-95": None}},
        "protocol": dict(PROTOCOL),
        "dataset_fingerprint": "f" * 64,
        "train_fingerprint": "a" * 64,
    }
    return MetricsFile(Path("metrics.json"), content | changes)


def plain(value: float) -> MetricsFile:
    """The format of a script that writes only numbers."""
    return MetricsFile(Path("plain.json"), {"mAP50": 0.7, "mAP50-95": value, "precision": 0.8, "recall": 0.6})


@pytest.mark.parametrize(
    ("current", "baseline", "verdict"),
    [
        (0.51, 0.50, Verdict.IMPROVED),
        (0.50, 0.50, Verdict.NOT_WORSE),
        (0.495, 0.50, Verdict.NOT_WORSE),
        (0.30, 0.31, Verdict.NOT_WORSE),  # 0.30 - 0.31 is a little below -0.01 in binary
        (0.4899, 0.50, Verdict.DEGRADED),
        (0.0, 0.5, Verdict.DEGRADED),
    ],
)
def test_verdict_on_bare_metrics(current, baseline, verdict):
    found = compare_metrics(metrics(current), metrics(baseline), tolerance=0.01)
    assert found.verdict is verdict
    assert found.statistical_support is False
    assert found.primary.delta == pytest.approx(current - baseline)


def test_tolerance_is_read():
    assert compare_metrics(metrics(0.45), metrics(0.5), tolerance=0.06).verdict is Verdict.NOT_WORSE


def test_without_baseline():
    found = compare_metrics(metrics(), None, tolerance=0.01)
    assert found.verdict is Verdict.NO_BASELINE
    assert found.to_json(Gate.DEGRADED)["gate"]["passed"] is True


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"split": "test"}, "split"),
        ({"dataset_fingerprint": "0" * 64}, "fingerprint"),
        ({"names": {"0": "cat", "1": "wolf"}}, "class names"),
        ({"names": {"0": "cat"}}, "class names"),
        ({"protocol": PROTOCOL | {"single_cls": True}}, "single_cls"),
        ({"protocol": PROTOCOL | {"classes": [0]}}, "classes"),
    ],
)
def test_unlike_measurements_are_refused(change, word):
    with pytest.raises(InputError, match=word):
        compare_metrics(metrics(), metrics(**change), tolerance=0.01)


@pytest.mark.parametrize("key", ["imgsz", "batch", "iou", "ultralytics"])
def test_unlike_protocols_are_warned_of(key):
    found = compare_metrics(metrics(), metrics(protocol=PROTOCOL | {key: "other"}), tolerance=0.01)
    assert any(key in warning for warning in found.warnings)
    assert not compare_metrics(metrics(), metrics(), tolerance=0.01).warnings


def test_plain_format_is_compared_with_a_warning():
    found = compare_metrics(plain(0.52), plain(0.5), tolerance=0.01)
    assert found.verdict is Verdict.IMPROVED
    assert any("fingerprint" in warning for warning in found.warnings)


def test_changed_training_split_is_shown_and_not_refused():
    found = compare_metrics(metrics(), metrics(train_fingerprint="b" * 64), tolerance=0.01)
    assert any("training split" in note for note in found.notes)


def test_run_that_changed_its_settings_is_flagged():
    assert any("settings" in w for w in compare_metrics(metrics(comparable=False), metrics(), 0.01).warnings)


def test_unknown_numbers_stay_unknown():
    row = MetricRow("mAP50", Direction.HIGHER, 0.5, None)
    assert (row.delta, row.percent, row.arrow) == (None, None, "")
    assert MetricRow("mAP50", Direction.HIGHER, 0.5, 0.0).percent is None


def test_lower_is_better_turns_the_gain():
    row = MetricRow("rmse", Direction.LOWER, 0.4, 0.5)
    assert row.gain == pytest.approx(0.1)
    assert row.arrow == "▼"


@pytest.mark.parametrize(
    ("verdict", "gate", "confirmed", "passed"),
    [
        (Verdict.DEGRADED, Gate.NONE, False, True),
        (Verdict.DEGRADED, Gate.DEGRADED, False, False),
        (Verdict.DEGRADED, Gate.CONFIRMED, False, True),
        (Verdict.DEGRADED, Gate.CONFIRMED, True, False),
        (Verdict.NOT_WORSE, Gate.DEGRADED, False, True),
        (Verdict.NOT_WORSE, Gate.NOT_IMPROVED, False, False),
        (Verdict.IMPROVED, Gate.NOT_IMPROVED, False, True),
        (Verdict.NO_BASELINE, Gate.NOT_IMPROVED, False, True),
    ],
)
def test_gate(verdict, gate, confirmed, passed):
    assert passes(verdict, gate, confirmed=confirmed) is passed


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_what_is_no_number_is_never_compared(value, tmp_path):
    path = tmp_path / "metrics.json"
    path.write_text(json.dumps({"mAP50": 0.5, "mAP50-95": value}))
    with pytest.raises(InputError, match="finite"):
        read_metrics(path)
