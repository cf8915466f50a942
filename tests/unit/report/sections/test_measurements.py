"""The section of the metrics."""

from __future__ import annotations

from report_samples import html_of, run_with, tables_in

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
    run = run_with(comparison={"metrics": rows})
    shown, ((_, *table),) = measurements(run), tables_in(html_of("Metrics", run))
    assert [row[3] for row in table] == ["−0.1000 (better)", "−0.1000 (worse)"]
    assert shown["with_baseline"]
    assert not shown["with_interval"]


def test_a_run_that_was_not_compared_shows_its_metrics_all_the_same():
    run = run_with(metrics={"task": "depth", "abs_rel": 0.12, "directions": {"abs_rel": "lower"}})
    assert tables_in(html_of("Metrics", run)) == [[["Metric", "Current"], ["abs_rel lower is better", "0.1200"]]]
    plain = measurements(run_with(metrics={"mAP50": 0.5, "mAP50-95": 0.3}))
    assert [row["metric"] for row in plain["rows"]] == ["mAP50", "mAP50-95"]
    assert measurements(run_with()) is None


def test_how_far_the_order_of_equal_confidences_moves_a_number_stands_beside_it():
    run = run_with(metrics={"mAP50": 0.5, "mAP50-95": 0.14, "ties": {"mAP50-95": [0.134, 0.148]}})
    assert tables_in(html_of("Metrics", run))[0][2] == ["mAP50-95", "0.1400 ties: 0.1340 … 0.1480"]
