"""`yololab clean`: what it shows, asks and deletes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from sweep_samples import write_sweep, write_trial

from yololab.cli.main import main
from yololab.files.record_content import Status
from yololab.sweep.results.finalize import finalize_sweep
from yololab.sweep.state import TrialStatus
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


def test_the_command_asks_and_without_a_terminal_deletes_nothing(project, capsys):
    before = files(project.path)
    assert main(["clean", "multirun/demo"]) == 3
    assert files(project.path) == before
    shown = capsys.readouterr()
    assert "0/weights/best.pt" in shown.out
    assert "approval=auto" in shown.err
    assert main(["clean", "multirun/demo", "approval=never"]) == 3
    assert files(project.path) == before


def test_the_command_deletes_when_told_to(project, capsys):
    assert main(["clean", "multirun/demo", "approval=auto", "--json"]) == 0
    content = json.loads(capsys.readouterr().out)
    assert content["freed_bytes"] == content["bytes"] == 1700
    assert len(content["files"]) == 4
    assert project.trial(1).best.is_file()
    assert main(["clean", "multirun/demo"]) == 0, "nothing is left to ask about"


def test_a_project_is_cleaned_with_its_caches(project, tmp_path):
    cache = tmp_path / ".yololab/cache"
    (cache / "labels").mkdir(parents=True)
    (cache / "labels/a.cache").write_bytes(b"c" * 10)
    (cache / "images-2.sqlite").write_bytes(b"s")
    (cache / "mine.txt").write_text("not ours")
    weights = tmp_path / ".yololab/weights/yolo26n.pt"
    weights.parent.mkdir()
    weights.write_bytes(b"w")
    run = tmp_path / "outputs/training/yolo26n_20260117_143000/weights/best.pt"
    run.parent.mkdir(parents=True)
    run.write_bytes(b"b")
    unfinished = write_sweep(tmp_path / "multirun/other", budget=2)
    write_trial(unfinished, 0, {"lr0": 1}, 0.5)
    write_trial(unfinished, 1, {"lr0": 2}, noted=TrialStatus.NOT_STARTED, status=None)
    assert main(["clean", ".", "approval=auto"]) == 0
    assert not (cache / "labels/a.cache").exists()
    assert not (cache / "images-2.sqlite").exists()
    for kept in (cache / "mine.txt", weights, run, unfinished.trial(0).best, project.trial(1).best):
        assert kept.is_file()
    assert not project.trial(0).best.exists()


@pytest.mark.parametrize(
    ("path", "found"), [("nowhere", "no such file or folder"), ("multirun/demo/0", "is a result, and stays")]
)
def test_what_is_no_sweep_and_no_project_is_refused(project, capsys, path, found):
    assert main(["clean", path, "approval=auto"]) == 2
    assert found in capsys.readouterr().err


def test_an_unfinished_sweep_is_refused(project, capsys):
    write_trial(project, 4, {"lr0": 0.5}, noted=TrialStatus.NOT_STARTED, status=None)
    assert main(["clean", "multirun/demo", "approval=auto"]) == 2
    assert "have not ended" in capsys.readouterr().err
    assert project.trial(0).best.is_file()
