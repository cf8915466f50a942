"""What `--json` prints has the keys that the table documents, and no others."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from yololab.cli.main import main
from yololab.cli.table import COMMANDS

FIXTURE = Path(__file__).parents[2] / "data/v0_1_0"


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A project of one run, and of whatever a test takes besides."""
    folder = tmp_path / "project"
    copy("data", folder)
    copy("outputs/training/detect_2*", folder)
    monkeypatch.chdir(folder)
    return folder


def copy(pattern: str, project: Path) -> Path:
    """Copy a part of the fixture to the same place in the project."""
    source = next(path for path in sorted(FIXTURE.glob(pattern)) if not path.is_symlink())
    return shutil.copytree(source, project / source.relative_to(FIXTURE), symlinks=True, dirs_exist_ok=True)


def printed(capsys, *tokens: str, code: int = 0):
    assert main([*tokens, "--json"]) == code, capsys.readouterr().err
    return json.loads(capsys.readouterr().out)


def run_of(project: Path, name: str) -> str:
    (found,) = (project / "outputs/training").glob(f"{name}_2*")
    return found.name


def test_runs(project, capsys):
    copy("outputs", project)
    rows = printed(capsys, "runs")
    assert len(rows) > 5
    measured = {"mAP50", "mAP50-95", "precision", "recall"}
    for row in rows:
        assert row.keys() >= COMMANDS["runs"].json.keys()
    (detection,) = [row for row in rows if row["run"] == run_of(project, "detect")]
    assert detection.keys() == COMMANDS["runs"].json.keys() | measured


def test_compare_with_records(project, capsys):
    found = printed(capsys, "compare", run_of(project, "detect"), run_of(project, "detect"), "baseline.gate=none")
    assert found.keys() >= COMMANDS["compare"].json.keys()


def test_compare_of_bare_numbers_has_just_these_keys(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    content = {"mAP50": 0.6, "mAP50-95": 0.4, "precision": 0.7, "recall": 0.5}
    Path("now.json").write_text(json.dumps(content))
    found = printed(capsys, "compare", "now.json", "now.json")
    assert found.keys() == COMMANDS["compare"].json.keys()
    assert Path(found["path"]).is_file()


def test_promote(project, capsys):
    found = printed(capsys, "promote", run_of(project, "detect"))
    assert found.keys() == COMMANDS["promote"].json.keys()
    assert Path(found["baseline"]).is_dir()


def test_note(project, capsys):
    found = printed(capsys, "note", run_of(project, "detect"), "one more")
    assert found.keys() == COMMANDS["note"].json.keys()
    assert found["notes"][-1]["text"] == "one more"


def test_report(project, capsys):
    run = run_of(project, "detect")
    found = printed(capsys, "report", run)
    assert found.keys() == COMMANDS["report"].json.keys()
    assert Path(found["report"]).is_file()
    for file, title in (("comparison.json", "<h2>Arms</h2>"), ("dataset_report.json", "<h2>Dataset</h2>")):
        alone = project / f"only {file}"
        alone.mkdir()
        shutil.copy(Path(found["report"]).parent / file, alone)
        assert title in Path(printed(capsys, "report", str(alone))["report"]).read_text(encoding="utf-8")


def test_clean(project, capsys):
    sweep = copy("multirun/[!s]*_2*", project)
    found = printed(capsys, "clean", str(sweep), "approval=auto")
    assert found.keys() == COMMANDS["clean"].json.keys()


def test_resume_of_a_complete_run(project, capsys):
    found = printed(capsys, "resume", run_of(project, "detect"))
    assert found.keys() == COMMANDS["resume"].json.keys() == COMMANDS["rerun"].json.keys()
    assert (found["status"], found["exit_code"]) == ("complete", 0)
