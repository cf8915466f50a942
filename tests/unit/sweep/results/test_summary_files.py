"""The summary of a running sweep: written after each trial, read anew only where something has changed."""

from __future__ import annotations

import csv
import json
import os
from dataclasses import replace

import pytest
from sweep_samples import write_sweep, write_trial

from yololab.sweep.results import rows
from yololab.sweep.results.finalize import finalize_sweep
from yololab.sweep.results.summary_files import SummaryWriter, write_summary
from yololab.sweep.state import TrialStatus
from yololab.terminal.screen import Screen


@pytest.fixture
def reads(monkeypatch):
    """The numbers of the trials whose files are read."""
    found: list[int] = []
    read_row = rows.read_row

    def counted(folder, entry, objectives):
        found.append(entry.number)
        return read_row(folder, entry, objectives)

    monkeypatch.setattr(rows, "read_row", counted)
    return found


class Warnings(Screen):
    """A screen that keeps its warnings."""

    def __init__(self) -> None:
        super().__init__(quiet=True)
        self.seen: list[str] = []

    def warn(self, text: str) -> None:
        self.seen.append(text)


def following(folder, clock=lambda: 0.0):
    """Return what writes the summary; by a clock that stands still, writing takes no time."""
    return SummaryWriter(folder, folder.read_settings(), Warnings(), clock)


def end(folder, writer, number, found=0.5):
    write_trial(folder, number, {"lr0": number}, found)
    writer.changed(folder.read_trial(number))


def without_times(content: dict) -> dict:
    return {key: value for key, value in content.items() if key != "written"}


def test_only_the_trial_that_has_ended_is_read(tmp_path, reads):
    folder = write_sweep(tmp_path / "sweep", budget=4)
    writer = following(folder)
    for number in range(4):
        end(folder, writer, number)
    assert reads == [0, 1, 2, 3]
    assert writer.screen.seen == []
    found = json.loads(folder.summary.read_text())
    assert [row["trial"] for row in found["trials"]] == [0, 1, 2, 3]
    write_summary(folder)
    assert without_times(found) == without_times(json.loads(folder.summary.read_text())), "as when all are read anew"
    assert len(list(csv.DictReader(folder.summary_table.open()))) == 4


def test_what_another_parent_has_changed_is_seen(tmp_path, reads):
    folder = write_sweep(tmp_path / "sweep", budget=4)
    writer = following(folder)
    run = write_trial(folder, 0, {"lr0": 0}, noted=TrialStatus.RUNNING, status=None)
    end(folder, writer, 1)
    assert [row["status"] for row in json.loads(folder.summary.read_text())["trials"]] == ["not started", "complete"]
    write_trial(folder, 0, {"lr0": 0}, 0.9)
    end(folder, writer, 2)
    assert [row["status"] for row in json.loads(folder.summary.read_text())["trials"]] == ["complete"] * 3
    assert reads == [0, 1, 0, 2]
    before = run.metrics.stat()
    content = json.loads(run.metrics.read_text())
    run.metrics.write_text(json.dumps(content | {"mAP50-95": 0.123456789}))
    os.utime(run.metrics, ns=(before.st_atime_ns, before.st_mtime_ns + 1))
    end(folder, writer, 3)
    assert json.loads(folder.summary.read_text())["trials"][0]["objectives"] == [0.123456789]
    assert reads == [0, 1, 0, 2, 0, 3]


def test_nothing_is_written_before_a_trial_has_ended(tmp_path, reads):
    folder = write_sweep(tmp_path / "sweep", budget=4)
    writer = following(folder)
    write_trial(folder, 0, {"lr0": 0}, noted=TrialStatus.RUNNING, status=None)
    writer.changed(folder.read_trial(0))
    writer.tick({}, {})
    assert reads == []
    assert not folder.summary.exists()


def test_short_trials_share_a_summary_that_takes_long_to_write(tmp_path, reads):
    folder = write_sweep(tmp_path / "sweep", budget=4)
    # it takes a second, of which fifty must pass until the next
    moments = iter([0.0, 0.0, 1.0, 5.0, 50.9, 51.0, 51.0, 52.0])
    writer = following(folder, lambda: next(moments))
    for number in range(3):
        end(folder, writer, number)
    assert reads == [0]
    writer.tick({}, {})
    assert reads == [0, 1, 2]
    assert len(json.loads(folder.summary.read_text())["trials"]) == 3
    writer = following(folder)
    writer.tick({}, {})
    assert reads == [0, 1, 2], "nothing has ended since it follows"


def test_a_damaged_trial_has_a_row_that_says_so(tmp_path):
    folder = write_sweep(tmp_path / "sweep", budget=4)
    writer = following(folder)
    write_trial(folder, 7, {"lr0": 7}, 0.5)
    (folder.trial(7).path / "trial.json").write_text("{")
    end(folder, writer, 0)
    assert writer.screen.seen == []
    found = {row["trial"]: row for row in json.loads(folder.summary.read_text())["trials"]}
    assert (found[0]["status"], found[7]["status"]) == ("complete", "failed")
    assert "trial.json" in found[7]["error"]


def test_a_summary_that_cannot_be_written_costs_one_warning(tmp_path):
    folder = write_sweep(tmp_path / "sweep", budget=4)
    writer = following(folder)
    folder.summary.mkdir()
    end(folder, writer, 0)
    end(folder, writer, 1)
    (warning,) = writer.screen.seen
    assert warning.startswith("summary.json and summary.csv cannot be written: ")


def test_at_the_end_a_summary_that_cannot_be_written_costs_no_result(tmp_path):
    folder = write_sweep(tmp_path / "sweep", budget=1)
    write_trial(folder, 0, {"lr0": 0.1}, 0.5)
    folder.summary.mkdir()
    screen = Warnings()
    assert finalize_sweep(folder, screen).winner.trial == 0
    assert folder.best.readlink().as_posix() == "0"
    assert any("summary.json and summary.csv were not written" in text for text in screen.seen)


def test_a_status_of_the_summary_is_that_of_the_trial(tmp_path):
    folder = write_sweep(tmp_path / "sweep", budget=1)
    write_trial(folder, 0, {"lr0": 0.1}, noted=TrialStatus.PRUNED)
    folder.write_trial(replace(folder.read_trial(0), status=TrialStatus.FAILED))
    write_summary(folder)
    assert json.loads(folder.summary.read_text())["counts"] == {"failed": 1}
