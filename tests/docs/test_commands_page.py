"""The reference page of the commands is what the table of commands says."""

from __future__ import annotations

from pathlib import Path

from yololab.cli.reference import commands_page
from yololab.cli.table import COMMANDS

PAGE = Path(__file__).parents[2] / "docs/reference/commands.md"


def test_the_page_is_current():
    assert PAGE.read_text(encoding="utf-8") == commands_page(), (
        "write it again: python -m yololab.cli.reference > docs/reference/commands.md"
    )


def test_every_command_and_every_documented_key_is_on_it():
    page = PAGE.read_text(encoding="utf-8")
    for name, command in COMMANDS.items():
        assert f"\n## {name}\n" in page
        for key in command.json or ():
            assert f"| `{key}` |" in page
