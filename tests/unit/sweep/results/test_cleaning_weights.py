"""Freeing the disk: what goes, and above all what stays."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from sweep_samples import LATENCY, write_sweep, write_trial

from yololab.cli.main import main
from yololab.files.record import Record
from yololab.files.record_content import Status
from yololab.sweep.results.cleaning import losing_weights, remove_weights
from yololab.sweep.results.finalize import finalize_sweep
from yololab.sweep.results.summary import read_summary
from yololab.sweep.state import Objective, TrialStatus
from yololab.terminal.screen import Screen


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A project with a finished sweep of four trials; the second one won."""
    folder = write_sweep(tmp_path / "multirun/demo", budget=4)
    write_trial(folder, 0, {"lr0": 0.1}, 0.4)
    write_trial(folder, 1, {"lr0": 0.2}, 0.9)
    pruned = write_trial(folder, 2, {"lr0": 0.3}, noted=TrialStatus.PRUNED, status=Status.PRUNED)
    failed = write_trial(folder, 3, {"lr0": 0.4}, noted=TrialStatus.FAILED, status=Status.FAILED, error="boom")
    for run in (pruned, failed):
        run.weights.mkdir()
        run.last.write_bytes(b"x" * 100)
    finalize_sweep(folder, Screen(quiet=True))
    monkeypatch.chdir(tmp_path)
    return folder


def files(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def names(folder, **options):
    return [
        path.relative_to(folder.path).as_posix() for path in losing_weights(folder, read_summary(folder), **options)
    ]


def test_only_weights_of_trials_that_ended_and_lost(project):
    assert names(project) == ["0/weights/best.pt", "0/weights/last.pt", "2/weights/last.pt"]
    assert names(project, failed=True)[-1] == "3/weights/last.pt"


def test_keeping_the_best_deletes_nothing_else(project):
    before = files(project.path)
    freed = remove_weights(project, losing_weights(project, read_summary(project)))
    assert freed == 1600
    assert before - files(project.path) == {"0/weights/best.pt", "0/weights/last.pt", "2/weights/last.pt"}
    record = Record(project.trial(0)).read()
    assert record["weights_removed"]["files"] == ["best.pt", "last.pt"]
    assert record["status"] == "complete"


def test_the_setting_is_followed_only_when_the_trials_have_ended(tmp_path):
    folder = write_sweep(tmp_path / "multirun/demo", budget=2, search={"keep": "best"})
    for number, found in enumerate((0.4, 0.9)):
        run = write_trial(folder, number, {"lr0": number}, found)
        Record(run).update(winner={"error": None})
    finalize_sweep(folder, Screen(quiet=True))
    assert folder.trial(0).best.is_file(), "a sweep that was stopped keeps everything"
    finalize_sweep(folder, Screen(quiet=True), finish=True)
    assert not folder.trial(0).best.is_file()
    assert folder.trial(0).metrics.is_file()
    assert folder.trial(1).best.is_file()
    assert json.loads(folder.summary.read_text())["winner"]["trial"] == 1


def test_the_pareto_front_and_what_was_promoted_stay(tmp_path):
    folder = write_sweep(tmp_path / "multirun/demo", objectives=(Objective("mAP50-95", "maximize"), LATENCY), budget=4)
    for number, (found, speed) in enumerate(((0.5, 5.0), (0.9, 9.0), (0.4, 9.0), (0.3, 9.0))):
        write_trial(folder, number, {"lr0": number}, found, speed_ms={"inference": speed})
    place = tmp_path / "outputs/baselines/animals/detect/provenance.json"
    place.parent.mkdir(parents=True)
    place.write_text(json.dumps({"schema_version": 1, "model_path": str(folder.trial(3).best)}))
    assert {name.partition("/")[0] for name in names(folder)} == {"2"}


def test_links_are_neither_followed_nor_deleted(project, tmp_path):
    outside = tmp_path / "precious.pt"
    outside.write_bytes(b"p")
    project.trial(0).best.unlink()
    project.trial(0).best.symlink_to(outside)
    elsewhere = tmp_path / "weights"
    elsewhere.mkdir()
    (elsewhere / "mine.pt").write_bytes(b"m")
    project.trial(2).last.unlink()
    project.trial(2).weights.rmdir()
    project.trial(2).weights.symlink_to(elsewhere)
    assert names(project) == ["0/weights/last.pt"]
    assert remove_weights(project, [outside, elsewhere / "mine.pt", project.trial(0).best]) == 0
    assert outside.is_file()
    assert (elsewhere / "mine.pt").is_file()


def test_a_sweep_is_promoted_compared_listed_and_reported_by_its_winner(project, tmp_path, capsys):
    assert main(["promote", "multirun/demo", "--json"]) == 0
    promoted = json.loads(capsys.readouterr().out)
    provenance = json.loads((Path(promoted["baseline"]) / "provenance.json").read_text())
    assert provenance["run"] == str(project.trial(1).path)
    assert main(["compare", "multirun/demo/best", "multirun/demo/0", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["verdict"] == "IMPROVED"
    assert main(["runs"]) == 0
    shown = capsys.readouterr().out
    assert "best of its sweep" in shown
    assert "2 complete, 1 pruned, 1 failed" in shown
    project.report.unlink()
    project.summary.unlink()
    project.best.unlink()
    assert main(["report", "multirun/demo"]) == 0
    assert project.report.is_file()
    assert project.best.is_symlink()


def test_a_sweep_without_a_complete_trial_is_not_promoted(tmp_path, monkeypatch, capsys):
    folder = write_sweep(tmp_path / "multirun/demo", budget=1)
    write_trial(folder, 0, {"lr0": 0.1}, noted=TrialStatus.FAILED, status=Status.FAILED, error="boom")
    monkeypatch.chdir(tmp_path)
    assert main(["promote", "multirun/demo"]) == 2
    assert "none of them complete" in capsys.readouterr().err
