"""Freeing the disk: what goes, and above all what stays."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from sweep_samples import LATENCY, write_sweep, write_trial

from yololab.cli.main import main
from yololab.files.record import Record
from yololab.files.record_content import Status
from yololab.sweep.results.cleaning import delete, losing_weights, plan_cleaning, remove_weights
from yololab.sweep.results.finalize import finalize_sweep
from yololab.sweep.results.summary import read_summary
from yololab.sweep.state import Objective, SweepFolder, TrialStatus
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
        path.relative_to(folder.path).as_posix() for path in losing_weights(folder, read_summary(folder), **options)[0]
    ]


def test_only_weights_of_trials_that_ended_and_lost(project):
    assert names(project) == ["0/weights/best.pt", "0/weights/last.pt", "2/weights/last.pt"]
    assert names(project, failed=True)[-1] == "3/weights/last.pt"


def test_keeping_the_best_deletes_nothing_else(project):
    before = files(project.path)
    freed = remove_weights(project, losing_weights(project, read_summary(project))[0])
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
    place.write_text(json.dumps({"schema_version": 1, "version": "1", "run": str(folder.trial(3).path)}))
    assert {name.partition("/")[0] for name in names(folder)} == {"2"}


def left_of(folder, *projects):
    """What a sweep's trials keep, and why, by their numbers."""
    plan = plan_cleaning(folder.path, folder.path / "cache", *projects)
    assert delete(plan) == plan.size
    return {int(line.split()[1].rstrip(":")): line for line in plan.left}


def damage(file: Path, **changes):
    file.write_text(json.dumps(json.loads(file.read_text()) | changes))


@pytest.mark.parametrize(
    "changes",
    [
        {"number": ".."},
        {"number": 1},
        {"number": "0"},
        {"number": None},
        {"state": "perhaps"},
        {"objectives": "best"},
        {"overrides": 3},
        {"owner": {"pid": "x"}},
        {"params": []},
        {"schema_version": 2},
    ],
)
def test_a_damaged_trial_keeps_its_weights_and_costs_its_own_row(changes, project):
    damage(project.trial(0).trial, **changes)
    left = left_of(project)
    assert list(left) == [0]
    assert "trial.json" in left[0]
    assert project.trial(0).best.is_file()
    assert project.trial(1).best.is_file()
    assert not project.trial(3).last.exists()
    rows = {row.trial: row for row in read_summary(project).rows}
    assert [str(rows[number].status) for number in range(4)] == ["failed", "complete", "pruned", "failed"]
    assert "trial.json" in rows[0].error


def test_a_trial_whose_result_is_unreadable_may_be_the_best_one(project):
    project.trial(0).metrics.write_text("{")
    assert "how good it is" in left_of(project)[0]


def test_what_becomes_a_baseline_while_somebody_is_asked_stays(project):
    plan = plan_cleaning(project.path, project.path / "cache")
    assert main(["promote", "multirun/demo/0"]) == 0
    assert delete(plan) < plan.size
    assert project.trial(0).best.is_file()


@pytest.mark.parametrize("what", ["moved", "copied", "damaged", "another root"])
def test_what_a_baseline_was_made_of_stays(what, project, tmp_path, monkeypatch, tmp_path_factory):
    other = tmp_path_factory.mktemp("other")
    assert main(["promote", "multirun/demo/0", *([f"paths.root={other}"] if what == "another root" else [])]) == 0
    folder = project
    if what == "moved":
        monkeypatch.chdir(other)
        tmp_path.rename(other / "moved")
        folder = SweepFolder(other / "moved/multirun/demo")
    elif what == "copied":  # into a project that knows nothing of it
        shutil.copytree(project.path, other / "multirun/demo", symlinks=True)
        folder = SweepFolder(other / "multirun/demo")
    elif what == "damaged":
        for file in tmp_path.rglob("provenance.json"):
            file.write_text("{")
    assert 0 in left_of(folder)
    assert folder.trial(0).best.is_file()


def test_a_trial_that_is_a_link_keeps_its_weights(project, tmp_path):
    project.trial(0).path.rename(tmp_path / "on another disk")
    project.trial(0).path.symlink_to(tmp_path / "on another disk")
    left_of(project)
    assert (tmp_path / "on another disk/weights/best.pt").is_file()
    (tmp_path / "multirun/07").mkdir()
    assert project.numbers() == [0, 1, 2, 3]


def test_one_damaged_sweep_does_not_keep_the_others(project, tmp_path):
    shutil.copytree(project.path, tmp_path / "multirun/other")
    damage(tmp_path / "multirun/other/sweep.json", objectives=[])
    plan = plan_cleaning(tmp_path, tmp_path / "cache")
    assert {item.sweep for item in plan.items} == {project.path}
    assert any("multirun/other" in line for line in plan.left)


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


@pytest.mark.heavy
def test_a_sweep_is_promoted_compared_listed_and_reported_by_its_winner(project, tmp_path, capsys):
    assert main(["promote", "multirun/demo", "--json"]) == 0
    promoted = json.loads(capsys.readouterr().out)
    provenance = json.loads((Path(promoted["baseline"]) / "provenance.json").read_text())
    assert provenance["run"] == str(project.trial(1).path)
    assert main(["compare", "multirun/demo/best", "multirun/demo/0", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["verdict"] == "IMPROVED"
    assert main(["runs"]) == 0
    shown = capsys.readouterr().out
    assert "2 complete, 1 pruned, 1 failed" in shown
    assert main(["runs", "trials=true"]) == 0
    assert "★ multirun/demo/1" in capsys.readouterr().out
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
