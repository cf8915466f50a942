"""Where a run comes from, read without changing anything."""

from __future__ import annotations

import json
import subprocess

import pytest

from yololab.host.provenance import collect_provenance, git_diff, git_state, hardware, packages, what_differs


@pytest.fixture
def repository(tmp_path):
    def git(*words: str) -> None:
        subprocess.run(["git", *words], cwd=tmp_path, check=True, capture_output=True)

    git("init", "-b", "main")
    git("config", "user.email", "a@example.org")
    git("config", "user.name", "a")
    (tmp_path / "a.txt").write_text("one\n")
    git("add", ".")
    git("commit", "-m", "first")
    return tmp_path


@pytest.mark.process
def test_a_clean_repository_has_no_diff(repository):
    state = git_state(repository)
    assert (state["branch"], state["dirty"], state["diff_sha256"], state["untracked_files"]) == ("main", False, None, 0)
    assert len(state["commit"]) == 40


@pytest.mark.process
def test_changes_and_new_files_make_it_dirty(repository):
    (repository / "b.txt").write_text("new")
    assert git_state(repository)["untracked_files"] == 1
    assert git_state(repository)["diff_sha256"] is None
    (repository / "a.txt").write_text("two\n")
    state = git_state(repository)
    assert state["dirty"]
    assert "+two" in git_diff(repository)
    (repository / "a.txt").write_text("three\n")
    assert git_state(repository)["diff_sha256"] != state["diff_sha256"]


@pytest.mark.process
def test_outside_of_a_repository_there_is_nothing(tmp_path):
    assert git_state(tmp_path) is None
    assert git_diff(tmp_path) == ""


@pytest.mark.process
def test_all_of_it_is_plain_json(tmp_path):
    found = collect_provenance(tmp_path, ["yololab", "lr0=0.1"], 3, ("GPU",))
    assert json.loads(json.dumps(found)) == found
    assert found["command"] == ["yololab", "lr0=0.1"]
    assert found["seeds"] == {"seed": 3}
    assert found["hardware"]["gpus"] == ["GPU"]
    assert found["hardware"]["cores"] >= 1
    assert packages()["numpy"]


@pytest.mark.process
def test_what_changed_is_named_and_what_did_not_is_not():
    then = {
        "packages": {"torch": "2.4", "old": "1"},
        "git": {"commit": "a"},
        "hardware": hardware() | {"cpu": "another"},
    }
    now = {"packages": {"torch": "2.5", "new": "1"}, "git": {"commit": "a"}, "hardware": hardware()}
    lines = what_differs(then, now)
    assert [line.split(":")[0] for line in lines] == ["package new", "package old", "package torch", "cpu"]
    assert what_differs(now, now) == []


@pytest.mark.process
def test_an_empty_record_of_then_is_no_error():
    now = {"packages": {}, "git": None, "hardware": hardware()}
    assert {line.split(":")[0] for line in what_differs({}, now)} == {"cpu", "cores", "gpus", "os", "python"}
