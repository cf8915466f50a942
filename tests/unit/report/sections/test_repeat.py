"""The sections of the notes and of how to repeat a run."""

from __future__ import annotations

from pathlib import Path

import pytest
from report_samples import run_with

from yololab.files.paths import RunFolder
from yololab.report.sections.repeat import notes, relative_path, repeat, typed_command


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["yololab", "epochs=3"], "yololab epochs=3"),
        (["/usr/bin/yololab", "name=it's"], """yololab 'name=it'"'"'s'"""),
        (["/x/site-packages/yololab/__main__.py", "train"], "python -m yololab train"),
        (["train.py", "--x", "a b"], "train.py --x 'a b'"),
        ([], ""),
    ],
)
def test_the_command_can_be_pasted_into_a_shell(words, line):
    assert typed_command(words) == line


@pytest.mark.parametrize(
    ("folder", "directory", "shown"),
    [
        ("/p/outputs/training/a", "/p", "outputs/training/a"),
        ("/p/outputs/a", "/elsewhere", "/p/outputs/a"),
        ("/p/outputs/a", "", "/p/outputs/a"),
        ("/projects2/a", "/projects", "/projects2/a"),
    ],
)
def test_a_run_is_named_from_where_the_command_was_run(folder, directory, shown):
    assert relative_path(Path(folder), directory) == shown


def test_the_rerun_command_quotes_its_path():
    record = {"provenance": {"working_directory": "/p"}}
    shown = repeat(run_with(record=record, folder=RunFolder(Path("/p/my runs/a"))))
    assert shown["rerun"] == "yololab rerun 'my runs/a'"


@pytest.mark.parametrize(
    ("recorded", "told"),
    [
        ("plain text", ["plain text"]),
        ([{"time": "", "text": "a"}, "b"], ["a", "b"]),
        ("", None),
        ([], None),
        (None, None),
    ],
)
def test_notes_may_be_a_list_or_text(recorded, told):
    shown = notes(run_with(record={"notes": recorded}))
    assert (shown and [note["text"] for note in shown["notes"]]) == told
