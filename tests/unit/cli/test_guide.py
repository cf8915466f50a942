"""The text for assistants says what the table of commands says, and a checkout holds it as it is."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from yololab.cli.guide import guide, guide_files, skill
from yololab.cli.table import COMMANDS, EXIT_CODES, Autonomy

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize("place", guide_files())
def test_the_files_are_current(place):
    assert (ROOT / place).read_text(encoding="utf-8") == guide_files()[place], (
        "write them again: python -m yololab.cli.guide"
    )


def test_it_names_every_command_its_keys_and_every_exit_code():
    text = guide()
    for name, command in COMMANDS.items():
        assert f"\n### {name}\n" in text
        assert all(key in text for key in command.json or ())
        assert f"`{name}`" in text.partition("Only after a yes")[command.autonomy == Autonomy.ASK and 2]
    assert all(f"| {code} | {meaning} |" in text for code, meaning in EXIT_CODES.items())
    assert not re.search(r"\{\w+\}", text.partition("## The commands")[0]), "a piece that was not filled in"


def test_what_spends_or_deletes_is_asked_for():
    asked = {name for name, command in COMMANDS.items() if command.autonomy == Autonomy.ASK}
    assert {"train", "promote", "clean", "resume", "rerun", "track"} <= asked


def test_the_commands_that_it_shows_exist():
    shown = re.findall(r"yololab (\w+)(?: |`)", guide())
    assert {word for word in shown if word not in COMMANDS} <= {"guide"}


def test_a_skill_begins_with_what_it_is_found_by():
    _, front, text = skill().split("---\n", 2)
    found = yaml.safe_load(front)
    assert found["name"] == "yololab"
    assert "entrenar modelo" in found["description"]
    assert len(found["description"]) <= 1024, "the most that a skill's description may have"
    assert text.strip() == guide().strip()
