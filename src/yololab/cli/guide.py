"""What an assistant needs to know: `guide.md`, with what the table of commands says in its place.

`yololab guide` prints it. `python -m yololab.cli.guide` writes it anew to `skills/yololab/SKILL.md` and `AGENTS.md`.
"""

from pathlib import Path

from yololab.cli.table import COMMANDS, EXIT_CODES, SYNTAX, Autonomy, Command
from yololab.files.atomic import write_text

# How the skill is found: also by the words of who asks in Spanish.
_FRONT = """\
---
name: yololab
description: >-
  Train, fine-tune, evaluate, compare and sweep Ultralytics YOLO models with yololab: check the dataset, estimate the
  cost, ask before spending, compare with the baseline statistically. Use for "train a YOLO model",
  "run an experiment", "is the new model better", "tune hyperparameters"; "entrenar modelo", "correr experimento",
  "comparar con el baseline".
---

"""
_AGENTS = """\
<!-- Written by `python -m yololab.cli.guide`. Who changes yololab itself reads CONTRIBUTING.md first. -->

"""
_AUTONOMY = {Autonomy.FREE: "Unasked, at any time", Autonomy.ASK: "Only after a yes"}


def skill() -> str:
    """Return the text as a skill: with the words by which it is found before it."""
    return _FRONT + guide()


def guide() -> str:
    """Return the text, in Markdown."""
    text = Path(__file__).with_name("guide.md").read_text(encoding="utf-8")
    pieces = {
        "autonomy": "\n".join(f"- {meaning}: {_named(autonomy)}." for autonomy, meaning in _AUTONOMY.items()),
        "exit_codes": "\n".join(f"| {code} | {meaning} |" for code, meaning in EXIT_CODES.items()),
        "commands": "\n\n".join(_entry(name, command) for name, command in COMMANDS.items()),
    }
    for name, piece in pieces.items():
        text = text.replace(f"{{{name}}}", piece)
    return text


def guide_files() -> dict[str, str]:
    """Return the files of a checkout that hold the text: place below its root → content."""
    return {"skills/yololab/SKILL.md": skill(), "AGENTS.md": _AGENTS + guide()}


def _named(autonomy: Autonomy) -> str:
    """Return the commands of a kind."""
    return ", ".join(f"`{name}`" for name, command in COMMANDS.items() if command.autonomy == autonomy)


def _entry(name: str, command: Command) -> str:
    """Return a command: what is typed, what it does, an example, and what it prints as JSON."""
    line, meaning = command.examples[0]
    lines = [
        f"### {name}\n\n`{SYNTAX[name].usage}` — {command.summary}. {command.details}".rstrip(),
        f"\nExample: `{f'yololab {name} {line}'.rstrip()}`, {meaning}.",
    ]
    if command.json:
        lines.append(f"\n`--json`: {'a list of ' if command.json_rows else ''}{', '.join(command.json)}.")
    return "\n".join(lines)


if __name__ == "__main__":
    for place, content in guide_files().items():
        write_text(Path(__file__).parents[3] / place, content)
