"""The screens of `--help`: one for all commands, and one for each."""

from __future__ import annotations

import pytest

from yololab.cli.help import command_help, folded, in_sizes, overview, setting_summary
from yololab.cli.table import COMMANDS, EXIT_CODES
from yololab.config.folders import group_options

SCREEN = 50


@pytest.fixture(autouse=True)
def wide_terminal(monkeypatch):
    monkeypatch.setenv("COLUMNS", "100")


def test_the_overview_names_every_command_group_and_exit_code(tmp_path):
    groups = group_options(tmp_path)
    text = overview(groups)
    assert len(text.splitlines()) <= SCREEN
    lines = text.splitlines()
    for name, command in COMMANDS.items():
        assert any(line.startswith(f"  {name} ") and command.summary[:30] in line for line in lines), name
    for group in groups:
        assert any(line.startswith(f"  {group} ") for line in lines), group
    for code, meaning in EXIT_CODES.items():
        assert f"{code} {meaning}" in text


@pytest.mark.parametrize("name", COMMANDS)
def test_each_command_has_a_screen_of_its_own(name):
    text, command = command_help(name), COMMANDS[name]
    assert len(text.splitlines()) <= SCREEN
    assert text.startswith(f"yololab {name}")
    words = " ".join(text.split())
    assert command.summary[1:] in words
    assert command.summary[0].upper() + command.summary[1:20] in words
    for argument in command.arguments or ():
        assert f"  {argument} " in text
    for key in command.settings:
        assert f"  {key.partition('.')[0]}" in text or key == "train"
    for code in (0, 2, 130, *command.exit_codes):
        assert f"\n  {code} " in text
    for line, _ in command.examples:
        assert f"yololab {name} {line}".rstrip() in text
    assert ("--json" in text) is (command.json is not None)
    assert ("-m, --multirun" in text) is command.multirun


def test_the_meaning_of_a_setting_is_that_of_the_schema():
    assert setting_summary("baseline.tolerance").startswith("The drop of the primary metric")
    assert setting_summary("baseline.guards").endswith("stops at the gate.")  # over several lines of the docstring
    assert setting_summary("device") == "Where the job runs."


def test_options_are_folded():
    assert folded(["b", "b-c", "b-d", "bx", "e_f"]) == ["b[-c|-d]", "bx", "e_f"]
    assert folded(in_sizes([f"y{size}{tail}" for size in ["1l", "1m", "1n", "1s", "1x"] for tail in ("", "-seg")])) == [
        "y1[lmnsx][-seg]"
    ]
