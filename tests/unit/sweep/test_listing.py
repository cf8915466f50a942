"""The list of runs: each with the numbers of its own task, the best first."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from sweep_samples import complete_sweep

from yololab.files.paths import OutputTree, RunFolder
from yololab.files.record import Record
from yololab.files.record_content import Status
from yololab.sweep.listing import list_runs, list_sweeps


def write(root: Path, name: str, task: str | None, **measured: float) -> None:
    record = Record(RunFolder(root / "outputs/training" / name))
    record.begin({"name": name, "provenance": {}}, "")
    record.update(task=task, evaluation=measured or None)
    record.finish(Status.COMPLETE)


def test_runs_of_several_tasks(tmp_path):
    write(tmp_path, "low", "segment", **{"mAP50-95(M)": 0.2, "mAP50-95": 0.9})
    write(tmp_path, "high", "segment", **{"mAP50-95(M)": 0.4, "mAP50-95": 0.1})
    write(tmp_path, "never measured", "segment")
    write(tmp_path, "far", "depth", delta1=0.5, rmse=2.0)
    write(tmp_path, "a class", "classify", top1=1.0, top5=1.0)
    rows = list_runs(OutputTree(tmp_path))
    assert [row["run"] for row in rows] == ["a class", "far", "high", "low", "never measured"]
    assert [(row["task"], row["metric"], row["value"]) for row in rows[:3]] == [
        ("classify", "top1", 1.0),
        ("depth", "delta1", 0.5),
        ("segment", "mAP50-95(M)", 0.4),
    ]
    assert rows[1]["rmse"] == 2.0
    assert rows[4]["value"] is None


def test_a_run_that_failed_before_its_model_was_known(tmp_path):
    write(tmp_path, "early", None)
    write(tmp_path, "late", "segment", **{"mAP50-95(M)": 0.2})
    measured, row = list_runs(OutputTree(tmp_path))
    assert measured["run"] == "late"
    assert (row["run"], row["task"], row["value"], row["mAP50-95"]) == ("early", None, None, None)


@pytest.mark.parametrize(
    ("file", "changes", "says"),
    [
        ("summary.json", {"counts": 3}, "damaged"),
        ("summary.json", {"winner": "trial 1"}, "damaged"),
        ("summary.json", {"trials": [{"trial": "x"}]}, "damaged"),
        ("summary.json", None, "no summary"),
        ("1/trial.json", {"number": "../0"}, "trial.json is damaged"),
        ("1/trial.json", {"state": ["complete"]}, "trial.json is damaged"),
        ("1/experiment_log.json", {"status": 1}, "unreadable"),
    ],
)
def test_a_damaged_file_costs_its_own_row(file, changes, says, tmp_path):
    folder = complete_sweep(tmp_path / "multirun/demo_1")
    (tmp_path / "multirun/demo_2").mkdir()
    place = folder.path / file
    place.write_text(json.dumps(json.loads(place.read_text()) | (changes or {})))
    if changes is None:
        place.unlink()
    (sweep,) = list_sweeps(OutputTree(tmp_path))
    runs = list_runs(OutputTree(tmp_path))
    assert len(runs) == len(folder.numbers())
    told = [sweep["trials"], *(row["status"] for row in runs)]
    assert sum(says in text for text in told) == 1
    assert sum(str(row["status"]).startswith("complete") for row in runs) >= 2
