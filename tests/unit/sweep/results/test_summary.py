"""The summary of a sweep: true rows, an order, what can be claimed, and words for it."""

from __future__ import annotations

import csv
import io
import json

import pytest
from sweep_samples import write_comparison, write_sweep, write_trial

from yololab.files.record_content import Status
from yololab.sweep.results.summary_files import write_summary
from yololab.sweep.state import TrialStatus


@pytest.fixture
def mixed(tmp_path):
    """A sweep with a trial of every fate."""
    folder = write_sweep(tmp_path / "sweep", budget=8)
    write_trial(folder, 0, {"lr0": 0.1}, 0.35)
    write_trial(folder, 1, {"lr0": 0.2}, noted=TrialStatus.FAILED, status=Status.FAILED, error="boom\nmore")
    write_trial(folder, 2, {"lr0": 0.3}, 0.95)
    write_trial(folder, 3, {"lr0": 0.4}, noted=TrialStatus.PRUNED, status=Status.PRUNED, epochs=2)
    write_trial(folder, 4, {"lr0": 0.5}, noted=TrialStatus.NOT_STARTED, status=None)
    write_trial(folder, 5, {"lr0": 0.6}, noted=TrialStatus.INTERRUPTED, status=Status.INTERRUPTED, error="stopped")
    write_trial(folder, 6, {"lr0": 0.7}, 0.94)
    write_trial(folder, 10, {"lr0": 0.8}, noted=TrialStatus.FAILED, status=Status.RUNNING, error="killed by signal 9")
    return folder


def content_of(folder):
    return json.loads(folder.summary.read_text())


def test_a_row_a_trial_in_the_order_of_numbers(mixed):
    write_summary(mixed)
    content = content_of(mixed)
    assert content["schema_version"] == 2
    rows = content["trials"]
    assert [row["trial"] for row in rows] == [0, 1, 2, 3, 4, 5, 6, 10]
    assert [row["status"] for row in rows] == [
        "complete", "failed", "complete", "pruned", "not started", "interrupted", "complete", "failed",
    ]  # fmt: skip
    assert rows[1]["error"] == "boom"
    assert rows[7]["error"] == "killed by signal 9"
    assert rows[3]["epochs"] == 2
    assert rows[0]["metrics"]["mAP50-95"] == json.loads(mixed.trial(0).metrics.read_text())["mAP50-95"]
    assert rows[0]["metrics"]["speed_ms.inference"] == 12.5
    assert rows[0]["seconds"] == 12.5
    assert rows[0]["weights_bytes"] == 1500
    assert rows[4]["metrics"] == {}
    assert content["finished"] is False
    assert content["counts"] == {"complete": 3, "failed": 2, "pruned": 1, "not started": 1, "interrupted": 1}
    table = list(csv.DictReader(io.StringIO(mixed.summary_table.read_text())))
    assert [row["lr0"] for row in table] == ["0.1", "0.2", "0.3", "0.4", "0.5", "0.6", "0.7", "0.8"]
    assert [row["rank"] for row in table] == ["3", "", "1", "", "", "", "2", ""]
    assert table[1]["mAP50-95"] == ""
    assert table[1]["error"] == "boom"


def test_a_summary_during_the_sweep_makes_no_claim(mixed):
    summary = write_summary(mixed)
    assert summary.ranking.selection is None
    assert summary.winner.trial == 2
    assert "so far" in content_of(mixed)["answer"]
    assert content_of(mixed)["importance"] is None


def test_damaged_files_cost_a_row_its_numbers_and_nothing_else(mixed):
    mixed.trial(0).metrics.write_text("{")
    mixed.trial(2).record.write_text("[]")
    mixed.trial(6).comparison.write_text("garbage")
    mixed.trial(6).results.write_bytes(b"\xff\xfe")
    write_summary(mixed, statistics=True)
    rows = content_of(mixed)["trials"]
    assert rows[0]["metrics"] == {}
    assert rows[2]["metrics"]["mAP50"] > 0
    assert rows[6]["baseline"] is None


def test_every_trial_against_the_baseline_is_corrected_for_their_number(tmp_path):
    folder = write_sweep(tmp_path / "sweep", budget=3)
    for number, p in enumerate((0.03, 0.5, 0.9)):
        write_comparison(write_trial(folder, number, {"lr0": number}, 0.9 - number / 10), "IMPROVED", 0.02, p)
    write_summary(folder, statistics=True)
    content = content_of(folder)
    assert [row["baseline"]["p_adjusted"] for row in content["trials"]] == [pytest.approx(0.09), 1.0, 1.0]
    assert [row["baseline"]["verdict"] for row in content["trials"]] == ["INCONCLUSIVE"] * 3
    assert content["trials"][0]["baseline"]["alone"] == "IMPROVED"
    note = "0.09 after correction for 3 trials, which chance may explain; by itself IMPROVED"
    assert any(note in text for text in content["notes"])


def test_a_winner_measured_on_the_test_split_says_so(tmp_path):
    folder = write_sweep(tmp_path / "sweep", budget=2)
    write_trial(folder, 0, {"lr0": 0.1}, 0.5)
    run = write_trial(folder, 1, {"lr0": 0.2}, 0.9)
    run.test_evaluation.mkdir()
    content = json.loads(run.metrics.read_text()) | {"split": "test", "mAP50-95": 0.4321}
    (run.test_evaluation / "metrics.json").write_text(json.dumps(content))
    write_summary(folder, statistics=True)
    found = content_of(folder)
    assert found["test"]["metrics"]["mAP50-95"] == 0.4321
    assert any("On the test split, which chose neither epoch nor trial: mAP50-95 0.4321" in n for n in found["notes"])
