"""The section of the metrics."""

from __future__ import annotations

from report_samples import run_with

from yololab.report.sections.measurements import measurements


def test_a_metric_that_should_fall_is_better_when_it_falls():
    rows = [
        {
            "metric": "abs_rel",
            "direction": "lower",
            "current": 0.1,
            "baseline": 0.2,
            "delta": -0.1,
            "percent": -50,
            "arrow": "▼",
        },
        {
            "metric": "delta1",
            "direction": "higher",
            "current": 0.8,
            "baseline": 0.9,
            "delta": -0.1,
            "percent": -11,
            "arrow": "▼",
        },
    ]
    shown = measurements(run_with(comparison={"metrics": rows}))
    assert [row["gain"] for row in shown["rows"]] == ["better", "worse"]
    assert shown["with_baseline"]
    assert not shown["with_interval"]


def test_a_run_that_was_not_compared_shows_its_metrics_all_the_same():
    shown = measurements(run_with(metrics={"task": "depth", "abs_rel": 0.12, "directions": {"abs_rel": "lower"}}))
    assert [(row["name"], row["current"], row["lower"]) for row in shown["rows"]] == [("abs_rel", "0.1200", True)]
    plain = measurements(run_with(metrics={"mAP50": 0.5, "mAP50-95": 0.3}))
    assert [row["name"] for row in plain["rows"]] == ["mAP50", "mAP50-95"]
    assert measurements(run_with()) is None
