"""What each section prepares from the files of a run."""

from __future__ import annotations

import doctest
from importlib import import_module
from pathlib import Path

import pytest
from report_samples import CELLS, MANY, comparison_of, metrics_of, record_of

from yololab.files.paths import RunFolder
from yololab.report.run_files import NO_EPOCHS, RunFiles
from yololab.report.sections.classes import class_columns, classes, leading_column
from yololab.report.sections.confusion import confusion, read_matrix, top_confusions
from yololab.report.sections.curves import loss_charts, metric_charts, rate_chart
from yololab.report.sections.dataset import dataset
from yololab.report.sections.measurements import measurements
from yololab.report.sections.provenance import provenance
from yololab.report.sections.repeat import notes, relative_path, repeat, typed_command
from yololab.report.sections.settings import settings
from yololab.report.sections.verdict import verdict


def run_with(**files) -> RunFiles:
    """A run whose unnamed files are missing."""
    empty = {name: {} for name in ("record", "metrics", "comparison", "dataset_report")}
    return RunFiles(**({"folder": RunFolder(Path("/projects/cells/outputs/run")), "epochs": NO_EPOCHS} | empty | files))


@pytest.mark.parametrize("module", ["appearance", "charts.scales", "charts.svg", "sections.repeat"])
def test_the_examples_in_the_docs_are_true(module):
    result = doctest.testmod(import_module(f"yololab.report.{module}"))
    assert result.attempted
    assert not result.failed


def test_the_verdict_stands_for_a_complete_run_only():
    comparison = {"verdict": "IMPROVED", "sentence": "It is better.", "baseline": {"path": "b"}}
    shown = verdict(run_with(record=record_of(), comparison=comparison))
    assert (shown["tag"], shown["sentence"], shown["shown"].tone) == ("IMPROVED", "It is better.", "good")
    shown = verdict(run_with(record=record_of(status="interrupted"), comparison=comparison))
    assert (shown["tag"], shown["shown"].tone) == ("INTERRUPTED", "warn")
    assert shown["sentence"] != "It is better."


@pytest.mark.parametrize(
    ("word", "tone"),
    [
        ("EQUIVALENT", "good"),
        ("NOT_WORSE", "good"),
        ("INCONCLUSIVE", "warn"),
        ("DEGRADED", "bad"),
        ("NO_BASELINE", "neutral"),
        ("SOMETHING_NEW", "neutral"),
    ],
)
def test_each_verdict_has_its_tone_and_words(word, tone):
    shown = verdict(run_with(comparison={"verdict": word}))["shown"]
    assert shown.tone == tone
    assert shown.headline
    assert "_" not in shown.headline


def test_only_a_run_without_support_says_so():
    comparison = {"verdict": "IMPROVED", "baseline": {"path": "b"}, "statistical_support": False}
    assert verdict(run_with(comparison=comparison))["unsupported"]
    assert not verdict(run_with(comparison=comparison | {"statistical_support": True}))["unsupported"]
    assert not verdict(run_with(comparison=comparison | {"baseline": None, "verdict": "NO_BASELINE"}))["unsupported"]


def test_the_checklist_badge_counts_what_is_undecided():
    badges = [text for _, _, text in verdict(run_with(record=record_of()))["badges"]]
    assert "Checklist: 4 of 5 passed, 1 undecided" in badges


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


def test_train_and_validation_loss_share_a_chart():
    charts = loss_charts(
        {"train/box_loss": [1.0], "train/l1_loss": [1.0], "val/box_loss": [2.0], "val/l1_loss": [None]}
    )
    assert {title: [line.name for line in lines] for title, lines in charts.items()} == {
        "Box loss": ["train", "val"],
        "L1 loss": ["train"],
    }
    assert [line.dashed for line in charts["Box loss"]] == [False, True]


def test_metrics_that_share_an_axis_share_a_chart():
    def titles(*columns):
        charts = metric_charts({f"metrics/{column}": [0.5] for column in columns})
        return {title: [line.name for line in lines] for title, lines in charts.items()}

    assert titles("precision(B)", "recall(B)", "mAP50(B)", "mAP50-95(B)") == {
        "mAP": ["mAP50", "mAP50-95"],
        "Precision and recall": ["precision", "recall"],
    }
    assert list(titles("mAP50(B)", "mAP50-95(B)", "mAP50(M)", "mAP50-95(M)")) == ["mAP (boxes)", "mAP (masks)"]
    assert titles("accuracy_top1", "accuracy_top5") == {"Accuracy": ["accuracy_top1", "accuracy_top5"]}
    assert titles("mIoU", "pixel_acc") == {"IoU and pixel accuracy": ["mIoU", "pixel_acc"]}
    assert list(titles("delta1", "delta2", "delta3").values()) == [["delta1", "delta2", "delta3"]]
    assert titles("rmse", "abs_rel") == {"rmse": ["rmse"], "abs_rel": ["abs_rel"]}


def test_parameter_groups_with_equal_rates_are_one_line():
    charts = rate_chart({"lr/pg0": (0.1, 0.2), "lr/pg1": (0.1, 0.2), "lr/pg2": (0.3, 0.2)})
    assert [line.name for line in charts["Learning rate"]] == ["pg0 = pg1", "pg2"]
    assert rate_chart({}) == {}


def test_class_columns_follow_the_task_and_keep_what_is_new():
    found = {"a": {"index": 0, "recall": 1, "AP50-95": 1, "extra": 2, "instances": 3, "images": 1}, "b": {"AP50": None}}
    assert class_columns(found, "detect") == ["AP50", "AP50-95", "recall", "extra"]
    assert class_columns(found, "unheard-of")[0] == "recall"
    assert leading_column(["AP50", "AP50-95"], "detect") == "AP50-95"
    assert leading_column(["AP50-95", "AP50-95(M)"], "segment") == "AP50-95(M)"
    assert leading_column(["accuracy"], "a task of tomorrow") == "accuracy"


def test_a_class_without_ground_truth_has_no_numbers_and_no_bar():
    shown = classes(run_with(metrics=metrics_of(CELLS, absent=("Blast",))))
    blast = shown["rows"][CELLS.index("Blast")]
    assert blast["absent"]
    assert {cell["value"] for cell in blast["cells"]} == {"—"}
    assert blast["instances"] == "0"
    assert not any("Blast" in chart for chart in shown["charts"])


def test_a_class_scored_zero_is_not_taken_for_absent():
    metrics = metrics_of(CELLS)
    metrics["per_class"]["WBC"] |= {"AP50": 0.0, "AP50-95": 0.0}
    shown = classes(run_with(metrics=metrics))
    assert [cell["value"] for cell in shown["rows"][1]["cells"][:2]] == ["0.0000", "0.0000"]
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
    shown = classes(run_with(metrics=current, comparison=comparison))
    leading = [row["cells"][shown["columns"].index("AP50-95")]["change"] for row in shown["rows"]]
    assert {change["delta"] for change in leading} == {"−0.1000"}
    assert {change["gain"] for change in leading} == {"worse"}
    assert shown["compared"] == ["AP50-95"]


def test_confusions_are_counted_off_the_diagonal():
    found = top_confusions(["cat", "dog", "background"], [[80, 5, 2], [15, 90, 0], [5, 5, 0]])
    told = [(item.true, item.predicted, item.count, item.of_true) for item in found]
    assert told[0] == ("cat", "dog", 15, 0.15)
    assert ("background", "cat", 2, 1.0) in told
    assert len(told) == 5


def test_the_background_is_a_class_where_pixels_are_counted():
    told = {"labels": ["road", "background"], "matrix": [[90, 5], [10, 95]]}
    objects, pixels = (
        confusion(run_with(metrics={"task": task, "confusion": told})) for task in ("detect", "semantic")
    )
    assert [(item["missed"], item["false_alarm"]) for item in objects["worst"]] == [(True, False), (False, True)]
    assert [(item["missed"], item["false_alarm"]) for item in pixels["worst"]] == [(False, False)] * 2
    assert (objects["classes"], pixels["classes"], pixels["counted"]) == (1, 2, "pixels")


@pytest.mark.parametrize(
    ("labels", "matrix"),
    [
        (None, None),
        ([], []),
        (["a"], []),
        (["a", "b"], [[1, 2], [3]]),
        (["a"], [["x"]]),
        (["a"], [[None]]),
        ("a", [[1]]),
    ],
)
def test_a_matrix_that_does_not_fit_its_labels_is_none(labels, matrix):
    assert read_matrix(labels, matrix) == ([], [])
    assert confusion(run_with(metrics={"confusion": {"labels": labels, "matrix": matrix}})) is None


@pytest.mark.parametrize(("size", "drawn"), [(30, True), (31, False)])
def test_more_than_thirty_classes_are_a_table_only(size, drawn):
    labels = [*(f"c{index}" for index in range(size)), "background"]
    matrix = [[1] * len(labels) for _ in labels]
    shown = confusion(run_with(metrics={"confusion": {"labels": labels, "matrix": matrix}}))
    assert bool(shown["drawing"]) is drawn
    assert shown["worst"]
    assert shown["classes"] == size


def test_the_dataset_can_come_from_either_file():
    report = {"dataset": "d.yaml", "splits": {"train": {"images": 1234, "instances": 0}}, "summary": []}
    shown = dataset(run_with(dataset_report=report))
    assert shown["columns"] == ["images", "objects"]
    assert shown["splits"] == [("train", ["1,234", "0"])]
    assert dataset(run_with()) is None


def test_a_setting_that_is_null_false_or_zero_is_shown_as_such():
    effective = {"values": {"freeze": None, "amp": False, "seed": 0, "classes": [0, 2]}, "differences": []}
    shown = settings(run_with(record={"effective_config": effective}))
    assert shown["effective"] == [("freeze", "null"), ("amp", "false"), ("seed", "0"), ("classes", "[0, 2]")]
    assert shown["differences"] == []


def test_the_estimate_is_held_against_what_it_took():
    shown = dict(provenance(run_with(record=record_of(estimate={"seconds": 100, "actual_seconds": 150})))["run"])
    assert shown["Took"] == "2 min 30 s (+50% against the estimate)"
    shown = dict(provenance(run_with(record=record_of(estimate={"seconds": 100, "actual_seconds": None})))["run"])
    assert "Took" not in shown


def test_an_approval_tells_its_facts_in_words():
    first, second = provenance(run_with(record=record_of()))["approvals"]
    assert first["facts"] == "device cpu, epochs 60, images train 255, images val 73"
    assert second["facts"] == "device cpu, epochs 60, estimated 6 min 42 s"
    assert second["mark"][0] == "neutral"


def test_a_run_outside_git_says_so():
    record = record_of()
    record["provenance"]["git"] = None
    assert ("Commit", "not in a git repository", "") in provenance(run_with(record=record))["code"]


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["yololab", "epochs=3"], "yololab epochs=3"),
        (["/usr/bin/yololab", "name=it's"], """yololab 'name=it'"'"'s'"""),
        (["/x/site-packages/yololab/__main__.py", "train"], "python -m yololab train"),
        (["train.py", "--x", "a b"], "train.py --x 'a b'"),
        ([], ""),
    ],
)
def test_the_command_can_be_pasted_into_a_shell(words, line):
    assert typed_command(words) == line


@pytest.mark.parametrize(
    ("folder", "directory", "shown"),
    [
        ("/p/outputs/training/a", "/p", "outputs/training/a"),
        ("/p/outputs/a", "/elsewhere", "/p/outputs/a"),
        ("/p/outputs/a", "", "/p/outputs/a"),
        ("/projects2/a", "/projects", "/projects2/a"),
    ],
)
def test_a_run_is_named_from_where_the_command_was_run(folder, directory, shown):
    assert relative_path(Path(folder), directory) == shown


def test_the_rerun_command_quotes_its_path():
    record = {"provenance": {"working_directory": "/p"}}
    shown = repeat(run_with(record=record, folder=RunFolder(Path("/p/my runs/a"))))
    assert shown["rerun"] == "yololab rerun 'my runs/a'"


@pytest.mark.parametrize(
    ("recorded", "told"),
    [
        ("plain text", ["plain text"]),
        ([{"time": "", "text": "a"}, "b"], ["a", "b"]),
        ("", None),
        ([], None),
        (None, None),
    ],
)
def test_notes_may_be_a_list_or_text(recorded, told):
    shown = notes(run_with(record={"notes": recorded}))
    assert (shown and [note["text"] for note in shown["notes"]]) == told
