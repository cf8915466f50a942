"""The table of commands, `commands.yaml`, typed: what each takes, reads, prints and returns, and who runs it.

Parsing, `--help`, shell completion, the shape of `--json` and the reference page in `docs/` all come from here.
"""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

import yaml

from yololab.config.arguments.commands import Syntax

_TABLE = yaml.load(Path(__file__).with_name("commands.yaml").read_text(encoding="utf-8"), yaml.CSafeLoader)
EXIT_CODES: dict[int, str] = _TABLE["exit_codes"]


class Takes(StrEnum):
    """What an argument may be."""

    RUN = "run"
    SWEEP = "sweep"
    METRICS = "metrics"
    BASELINE = "baseline"
    PLAIN = "plain"
    PATTERN = "pattern"
    PROJECT = "project"
    FILTER = "filter"
    VALUE = "value"
    TEXT = "text"
    WORD = "word"
    SOURCE = "source"
    LABELS = "labels"
    FOLDER = "folder"


class Autonomy(StrEnum):
    """Whether an assistant may run a command unasked."""

    FREE = "free"
    ASK = "ask"


@dataclass(frozen=True)
class Argument:
    """One argument of a command.

    Attributes:
        name: Its name in the usage.
        takes: What it may be.
        required: Whether it must be given.
        repeated: Whether there may be several.
        choices: The words that it may be; empty when it is none of a few.
    """

    name: str
    takes: Sequence[str]
    required: bool = True
    repeated: bool = False
    choices: Sequence[str] = ()

    def __str__(self) -> str:
        name = f'"{self.name}"' if self.is_text else self.name
        name += " …" if self.repeated else ""
        return name if self.required else f"[{name}]"

    @property
    def is_text(self) -> bool:
        """Whether it is free text, whatever stands in it."""
        return Takes.TEXT in self.takes

    @property
    def meaning(self) -> str:
        """What it may be, as the user is told."""
        return ", ".join(self.choices) or "; ".join(_TABLE["takes"][name] for name in self.takes)


@dataclass(frozen=True)
class Command:
    """One command.

    Attributes:
        module: The module below `cli/commands/` that runs it: `run(request)`, with `-m` `run_multirun(request)`.
        summary: What it does, in half a line.
        details: What else a user should know.
        arguments: Its arguments; None for a command that takes only settings.
        usual: The settings that the usage of such a command shows.
        settings: What it reads of the config: `train` is every train argument, anything else a key or a prefix.
        mode: The mode of `yolo` that it stands for.
        multirun: Whether it takes `-m`.
        slow: Whether it takes long: then a pipe is told at once that it has begun.
        flags: Its flags besides `--json` and `-m`, with their meaning.
        leaves_runs: Whether it makes a run, or changes one: then the page over all runs is written again.
        autonomy: Whether an assistant may run it unasked.
        exit_codes: The exit codes that it can return apart from 0, 2 and 130; a meaning of its own, or nothing.
        examples: Command lines, each with what it is for.
        json: The keys of the JSON document that `--json` prints, with their meaning; None where it takes no `--json`.
        json_rows: Whether the document is a list of such objects.
        own_settings: What it reads as `key=value` that is no setting of an experiment, with what each means.
    """

    module: str
    summary: str
    details: str = ""
    arguments: Sequence[Argument] | None = None
    usual: str = "[key=value …]"
    settings: Sequence[str] = ("paths",)
    mode: str | None = None
    multirun: bool = False
    slow: bool = False
    flags: Mapping[str, str] = field(default_factory=dict)
    leaves_runs: bool = False
    autonomy: str = Autonomy.ASK
    exit_codes: Mapping[int, str] = field(default_factory=dict)
    examples: Sequence[tuple[str, str]] = ()
    json: Mapping[str, str] | None = None
    json_rows: bool = False
    own_settings: Mapping[str, str] = field(default_factory=dict)

    def syntax(self, name: str) -> Syntax:
        """Return what the reader of the command line must know of the command."""
        arguments, takes = self.arguments, self.usual
        if arguments is not None:
            takes = " ".join(map(str, arguments))
        return Syntax(
            usage=f"yololab {name} {takes}".rstrip(),
            operands=None if arguments is None else (sum(item.required for item in arguments), _most(arguments)),
            text_operand=next((index for index, item in enumerate(arguments or ()) if item.is_text), None),
            mode=self.mode,
            multirun=self.multirun,
            json=self.json is not None,
            flags=frozenset(self.flags),
            own=frozenset(self.own_settings),
            filters=(bool(self.own_settings) and arguments is not None and {*self.settings} <= {"paths"})
            or any({Takes.FILTER, Takes.VALUE} & set(item.takes) for item in arguments or ()),
        )


def _most(arguments: Sequence[Argument]) -> int:
    """Return how many operands there may be."""
    return sys.maxsize if any(item.repeated for item in arguments) else len(arguments)


COMMANDS: dict[str, Command] = {
    name: Command(**row | {"arguments": [Argument(**item) for item in row["arguments"]]} if "arguments" in row else row)
    for name, row in _TABLE["commands"].items()
}
SYNTAX: dict[str, Syntax] = {name: command.syntax(name) for name, command in COMMANDS.items()}
