"""The section of the classes."""

from __future__ import annotations

from report_samples import CELLS, MANY, comparison_of, html_of, metrics_of, run_with, tables_in

from yololab.report.sections.classes import class_columns, classes, leading_column


def test_class_columns_follow_the_task_and_keep_what_is_new():
    found = {"a": {"index": 0, "recall": 1, "AP50-95": 1, "extra": 2, "instances": 3, "images": 1}, "b": {"AP50": None}}
    assert class_columns(found, "detect") == ["AP50", "AP50-95", "recall", "extra"]
    assert class_columns(found, "unheard-of")[0] == "recall"
    assert leading_column(["AP50", "AP50-95"], "detect") == "AP50-95"
    assert leading_column(["AP50-95", "AP50-95(M)"], "segment") == "AP50-95(M)"
    assert leading_column(["accuracy"], "a task of tomorrow") == "accuracy"


def test_a_class_without_ground_truth_has_no_numbers_and_no_bar():
    run = run_with(metrics=metrics_of(CELLS, absent=("Blast",)))
    shown, html = classes(run), html_of("Classes", run)
    (table,) = tables_in(html)
    assert table[1 + CELLS.index("Blast")] == ["Blast", "—", "—", "—", "—", "0", "0"]
    assert html.count('<tr class="absent">') == shown["absent"] == 1
    assert not any("Blast" in chart for chart in shown["charts"])


def test_a_class_scored_zero_is_not_taken_for_absent():
    metrics = metrics_of(CELLS)
    metrics["per_class"]["WBC"] |= {"AP50": 0.0, "AP50-95": 0.0}
    run = run_with(metrics=metrics)
    shown, ((_, _, wbc, *_),) = classes(run), tables_in(html_of("Classes", run))
    assert wbc[:3] == ["WBC", "0.0000", "0.0000"]
    assert any("WBC: 0.0000" in chart for chart in shown["charts"])


def test_of_many_classes_the_charts_show_the_two_ends():
    metrics = metrics_of(MANY)
    shown = classes(run_with(metrics=metrics))
    ordered = sorted(MANY, key=lambda name: metrics["per_class"][name]["AP50-95"])
    weakest, strongest = shown["charts"]
    assert f"{ordered[0]}:" in weakest
    assert f"{ordered[-1]}:" in strongest
    assert f"{ordered[40]}:" not in weakest + strongest
    assert shown["collapsed"]
    assert len(shown["rows"]) == len(MANY)


def test_the_baseline_of_a_class_is_found_by_its_name():
    current = metrics_of(CELLS)
    comparison = comparison_of(current, metrics_of(CELLS, shift=0.1), "DEGRADED", "")
    comparison["per_class"].reverse()
    run = run_with(metrics=current, comparison=comparison)
    ((head, *rows),) = tables_in(html_of("Classes", run))
    assert head[:6] == ["Class", "AP50", "AP50-95", "Baseline", "Δ", "Precision"]
    assert {row[4] for row in rows} == {"−0.1000 (worse)"}
    assert classes(run)["compared"] == ["AP50-95"]
