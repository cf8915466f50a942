"""The tables of an evaluation and of a comparison."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from record_samples import records_of, write_evaluation

from yololab.comparison.compare import compare_metrics
from yololab.config.schema import GuardsConfig
from yololab.files.metrics import read_metrics
from yololab.terminal.screen import Screen, shown_path
from yololab.terminal.tables import comparison_table, metrics_tables

FIXTURE = Path(__file__).parents[2] / "data/v0_1_0/outputs"


@pytest.fixture
def stream():
    return io.StringIO()


def test_an_evaluation_overall_and_by_class(stream):
    metrics = read_metrics(FIXTURE / "evaluation/metrics.json")
    metrics_tables(Screen(stream=stream), metrics)
    text = stream.getvalue()
    for metric in metrics.metrics:
        assert metric.name in text
    for name in metrics.content["per_class"]:
        assert any(line.startswith(name) for line in text.splitlines())
    assert f"metrics: {shown_path(metrics.path)}" in text


def compared(tmp_path: Path, stream: io.StringIO, current: float, baseline: float, **guards) -> str:
    sides = [
        read_metrics(write_evaluation(tmp_path / name, records_of(found)))
        for name, found in (("current", current), ("baseline", baseline))
    ]
    comparison_table(Screen(stream=stream), compare_metrics(*sides, 0.01, GuardsConfig(**guards)))
    return stream.getvalue()


def test_a_comparison_with_intervals_and_verdict(tmp_path, stream):
    text = compared(tmp_path, stream, 0.3, 0.9)
    assert "95 % interval" in text
    assert "< 0.001" in text
    assert "DEGRADED" in text
    assert "changed by more than chance" in text
    assert f"baseline: {tmp_path / 'baseline'}" in text


def test_a_broken_guard_is_marked(tmp_path, stream):
    assert "✗ guard" in compared(tmp_path, stream, 0.3, 0.3, recall=0.99)


def test_bare_numbers_are_said_to_be_bare(tmp_path, stream):
    for name, value in (("now", 0.40), ("then", 0.45)):
        content = {"mAP50": 0.6, "mAP50-95": value, "precision": 0.7, "recall": 0.5}
        (tmp_path / f"{name}.json").write_text(json.dumps(content))
    sides = [read_metrics(tmp_path / f"{name}.json") for name in ("now", "then")]
    comparison_table(Screen(stream=stream), compare_metrics(*sides, 0.01, GuardsConfig()))
    assert "no statistical support" in stream.getvalue()
    assert "interval" not in stream.getvalue().splitlines()[0]
