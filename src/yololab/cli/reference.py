"""The reference page of the commands, `docs/reference/commands.md`: `python -m yololab.cli.reference` prints it."""

import sys
from collections.abc import Mapping

from yololab.cli.help import description, exit_codes, flags, setting_name, setting_summary
from yololab.cli.table import COMMANDS, EXIT_CODES, SYNTAX, Command

_HEAD = """\
# Commands

Written by `python -m yololab.cli.reference` from the table of commands, `cli/commands.yaml`. `yololab <command> --help`
shows the same in a terminal. `yololab …` without a command is `yololab train …`. A setting is written `key=value`.

| exit code | meaning |
| --- | --- |
"""


def commands_page() -> str:
    """Return the page: every command with its arguments, flags, settings, exit codes, examples and JSON."""
    codes = "".join(f"| {code} | {meaning} |\n" for code, meaning in EXIT_CODES.items())
    return _HEAD + codes + "".join(_section(name, command) for name, command in COMMANDS.items())


def _section(name: str, command: Command) -> str:
    examples = "".join(f"{f'yololab {name} {line}'.rstrip()}  # {meaning}\n" for line, meaning in command.examples)
    settings = {setting_name(key): setting_summary(key) for key in command.settings}
    shape = "a list of objects" if command.json_rows else "an object"
    parts = [
        f"\n## {name}\n\n```text\n{SYNTAX[name].usage}\n```\n\n{description(command)}\n",
        _table("argument", {str(item): item.meaning for item in command.arguments or ()}),
        _table("flag", flags(command)),
        _table("setting", {**command.own_settings, **settings}),
        _table("exit code", {str(code): meaning for code, meaning in exit_codes(command).items()}),
        f"\n```sh\n{examples}```\n",
        f"\n`--json` prints {shape}:\n" if command.json else "",
        _table("key", command.json or {}),
    ]
    return "".join(parts)


def _table(title: str, rows: Mapping[str, str]) -> str:
    cells = {name: meaning.replace("|", r"\|") for name, meaning in rows.items()}
    lines = "".join(f"| `{name}` | {meaning} |\n" for name, meaning in cells.items())
    return f"\n| {title} | |\n| --- | --- |\n{lines}" if rows else ""


if __name__ == "__main__":
    sys.stdout.write(commands_page())
