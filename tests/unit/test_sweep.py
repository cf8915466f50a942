"""Planning and summarising a sweep."""

from __future__ import annotations

import csv
import io

import pytest

from yololab.errors import InputError
from yololab.record import Record, Status
from yololab.runfolder import RunFolder
from yololab.screen import Screen
from yololab.stages.approve import Answer, Approval, GateName
from yololab.sweep.approvals import Agreement, answered_by_parent, estimated_by_parent, save_agreement
from yololab.sweep.plan import grid, swept_keys
from yololab.sweep.summary import rank, summarise_sweep


def test_grid_is_every_combination_with_the_last_key_fastest():
    assert grid(["lr0=0.1,0.2", "model=yolo26n,yolo26s", "epochs=1"]) == [
        ["lr0=0.1", "model=yolo26n", "epochs=1"],
        ["lr0=0.1", "model=yolo26s", "epochs=1"],
        ["lr0=0.2", "model=yolo26n", "epochs=1"],
        ["lr0=0.2", "model=yolo26s", "epochs=1"],
    ]
    assert swept_keys(["lr0=0.1,0.2", "epochs=1"]) == ["lr0"]


def test_hydras_sweep_functions_work():
    assert grid(["batch=range(2,8,2)"]) == [["batch=2"], ["batch=4"], ["batch=6"]]
    assert grid(["lr0=choice(0.1,0.2)"]) == [["lr0=0.1"], ["lr0=0.2"]]


def test_a_continuous_range_needs_a_search():
    with pytest.raises(InputError, match="continuous"):
        grid(["lr0=interval(0.1,0.2)"])


def trial(folder, number, value, status=Status.COMPLETE):
    record = Record(RunFolder(folder / str(number)))
    record.path.parent.mkdir(parents=True)
    record.begin({"task": "detect"})
    if value is not None:
        record.update(evaluation={"mAP50-95": value, "mAP50": value + 0.1})
    if status is not Status.RUNNING:
        record.finish(status, None if status is Status.COMPLETE else {"message": "boom\nmore", "kind": "JobError"})


def test_summary_of_complete_failed_killed_and_missing_trials(tmp_path):
    trial(tmp_path, 0, 0.3)
    trial(tmp_path, 1, None, Status.FAILED)
    trial(tmp_path, 2, None, Status.RUNNING)
    trial(tmp_path, 3, 0.5)
    overrides = [[f"lr0=0.{n}", "epochs=1"] for n in range(5)]
    rows = summarise_sweep(tmp_path, overrides, ["lr0"], Screen(quiet=True))
    assert [row["status"] for row in rows] == ["complete", "failed", "failed", "complete", "not started"]
    assert [row["trial"] for row in rank(rows)][:2] == [3, 0]
    assert rows[1]["error"] == "boom"
    assert "without a final status" in rows[2]["error"]
    assert Record(RunFolder(tmp_path / "2")).read()["status"] == "failed"
    table = list(csv.DictReader(io.StringIO((tmp_path / "summary.csv").read_text())))
    assert [row["lr0"] for row in table] == ["0.0", "0.1", "0.2", "0.3", "0.4"]
    assert table[3]["mAP50-95"] == "0.5"
    assert table[1]["mAP50-95"] == ""


def test_trials_take_only_what_the_parent_said_yes_to(tmp_path):
    assert answered_by_parent(tmp_path) == {}
    answers = (
        Approval(GateName.CPU, {}, Answer.YES, "user:ada", "now"),
        Approval(GateName.LONG, {}, Answer.NO, "user:ada", "now"),
    )
    save_agreement(tmp_path, Agreement(answers, ({"seconds": 3.0},)))
    assert answered_by_parent(tmp_path) == {"cpu": "sweep, user:ada"}
    assert estimated_by_parent(tmp_path, 0) == {"seconds": 3.0}
    assert estimated_by_parent(tmp_path, 1) is None
