"""Notes are added, never replaced."""

from __future__ import annotations

import json

from yololab.cli.main import main
from yololab.files.paths import RunFolder
from yololab.files.record import Record


def test_notes_are_kept_in_their_order(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    run = RunFolder(tmp_path / "outputs/training/a_1")
    run.path.mkdir(parents=True)
    Record(run).begin({}, notes="first")
    assert main(["note", "a_1", "second, lr0=0.1", "--json"]) == 0
    content = json.loads(capsys.readouterr().out)
    assert [note["text"] for note in content["notes"]] == ["first", "second, lr0=0.1"]
    assert [note["text"] for note in Record(run).read()["notes"]] == ["first", "second, lr0=0.1"]


def test_an_empty_note_and_a_folder_without_a_record_are_refused(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    run = RunFolder(tmp_path / "outputs/training/a_1")
    run.path.mkdir(parents=True)
    assert main(["note", "a_1", "text"]) == 2
    Record(run).begin({})
    assert main(["note", "a_1", "  "]) == 2
    assert "an empty note" in capsys.readouterr().err
    assert Record(run).read()["notes"] == []


def test_tags_are_added_and_taken_away(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    run = RunFolder(tmp_path / "outputs/training/a_1")
    run.path.mkdir(parents=True)
    Record(run).begin({})
    assert main(["note", "a_", "tag=good, to-repeat"]) == 0
    assert main(["note", "a_1", "tag=good,paper,-to-repeat", "--json"]) == 0
    assert json.loads(capsys.readouterr().out.partition("\n")[2])["tags"] == ["good", "paper"]
    for wrong in ("tag=", "tag=a!b", "tag=" + "x" * 60, "tag=a,,b"):
        assert main(["note", "a_1", wrong]) == 2
    assert Record(run).read()["tags"] == ["good", "paper"]
