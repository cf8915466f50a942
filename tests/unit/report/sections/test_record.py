"""The sections that show the record as it is: checklist, config, notes, and how to repeat a run."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from report_samples import complete_run, html_of, run_with

from yololab.files.paths import RunFolder
from yololab.report.run_files import load_run
from yololab.report.sections.record import checklist, notes, relative_path, repeat, settings, typed_command


def test_each_item_has_its_mark_and_its_evidence(tmp_path):
    run = load_run(complete_run(tmp_path / "run"))
    run.record["verification"] = {
        "checks": [
            {"check": "loss decreased", "passed": True, "evidence": "1.5 to 0.5"},
            {"check": "metrics saved", "passed": False},
            {"check": "exported model works", "passed": None, "evidence": None},
            {"passed": "yes"},
        ]
    }
    items = re.findall(r"<b>(.*?)</b> <span.*?>(.*?)</span><br><span.*?>(.*?)</span>", html_of("Verification", run))
    assert [mark for _, mark, _ in items] == ["passed", "failed", "undecided", "undecided"]
    assert [evidence for _, _, evidence in items] == ["1.5 to 0.5", "", "", ""]
    assert items[3][0] == "—"


def test_nothing_verified_is_no_section(tmp_path):
    run = load_run(complete_run(tmp_path / "run"))
    run.record["verification"] = None
    assert checklist(run) is None


def test_a_setting_that_is_null_false_or_zero_is_shown_as_such():
    effective = {"values": {"freeze": None, "amp": False, "seed": 0, "classes": [0, 2]}, "differences": []}
    shown = settings(run_with(record={"effective_config": effective}))
    assert [key for key, _ in shown["effective"]] == ["freeze", "amp", "seed", "classes"]
    html = html_of("Config", run_with(record={"effective_config": effective}))
    assert re.findall("<dd>(.*?)</dd>", html) == ["null", "false", "0", "[0, 2]"]
    assert shown["differences"] == []


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
