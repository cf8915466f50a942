"""The comparison on bare metrics."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from metrics_samples import metrics

from yololab.comparison.compare import compare_metrics
from yololab.config.schema import Gate
from yololab.errors import InputError
from yololab.files.metrics import MetricsFile, read_metrics
from yololab.statistics.inference.verdict import Verdict


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


def test_plain_format_is_compared_with_a_warning():
    found = compare_metrics(plain(0.52), plain(0.5), tolerance=0.01)
    assert found.verdict is Verdict.IMPROVED
    assert any("fingerprint" in warning for warning in found.warnings)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_what_is_no_number_is_never_compared(value, tmp_path):
    path = tmp_path / "metrics.json"
    path.write_text(json.dumps({"mAP50": 0.5, "mAP50-95": value}))
    with pytest.raises(InputError, match="finite"):
        read_metrics(path)
