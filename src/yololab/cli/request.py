"""What a command is given: the translated command line and its surroundings."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from keyword import iskeyword
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from yololab.cli.table import COMMANDS, Takes
from yololab.config.nearest import nearest
from yololab.config.schema import ExperimentConfig
from yololab.errors import InputError, Problem
from yololab.files.paths import OutputTree, similar_path
from yololab.files.run_names import find_run, is_pattern
from yololab.terminal.output import print_json
from yololab.terminal.screen import Screen

if TYPE_CHECKING:
    from yololab.config.hydra.compose import Composed


Own = TypeVar("Own")


@dataclass(frozen=True)
class Request:
    """One command of the user.

    Attributes:
        operands: Its arguments that are no settings: run folders, files, text.
        overrides: Its settings, in Hydra's syntax.
        as_json: Print one JSON document instead of text.
        command: The command line as it was typed.
        working_directory: The user's folder.
        task: The task that the command line names (`detect train …`); None when it names none.
        screen: Where to print; silent when a program reads the output.
        flags: The flags of the command that are its own.
    """

    operands: tuple[str, ...]
    overrides: tuple[str, ...]
    as_json: bool
    command: tuple[str, ...]
    working_directory: Path
    task: str | None = None
    screen: Screen = field(default_factory=Screen)
    flags: frozenset[str] = frozenset()

    @cached_property
    def composed(self) -> Composed:
        """The composed config of the settings; Hydra is imported for the commands that have some."""
        from yololab.config.hydra.compose import compose_experiment

        return compose_experiment(self.overrides)

    @property
    def experiment(self) -> ExperimentConfig:
        """The typed config of the settings."""
        return self.composed.experiment

    @cached_property
    def tree(self) -> OutputTree:
        """The results of the project."""
        return OutputTree.of_project(self.experiment.paths.root, self.working_directory, to_write=False)

    @property
    def path(self) -> Path:
        """The folder or file that the first operand names: a path, or a name as `yololab runs` prints it."""
        return find_run(self.tree, self.operands[0], self.working_directory)

    def own_settings(self, declared: type[Own], texts: Sequence[str]) -> tuple[Own, OutputTree]:
        """Return what a command reads as `key=value` that is no setting of an experiment, and the project's results.

        Args:
            declared: The dataclass of these settings; a name of Python's own stands there with a `_` behind it.
            texts: The operands; those without `=` are passed over.

        Raises:
            InputError: Every unknown key and every value that is not right.
        """
        from yololab.config.arguments.values import read_value
        from yololab.config.validation import read_own

        given = dict(text.split("=", 1) for text in texts if "=" in text)
        values = {f"{key}_" if iskeyword(key) else key: read_value(text) for key, text in given.items()}
        own, paths = read_own(declared, values)
        return own, OutputTree.of_project(paths.root, self.working_directory)

    def print_json(self, content: Mapping[str, Any] | Sequence[Any]) -> None:
        """Print a JSON document, when one is asked for."""
        if self.as_json:
            print_json(content)


def _unread(name: str, given: Collection[str]) -> list[Problem]:
    """Return a problem for each setting that a command does not read; a line of `yolo` may hold its arguments."""
    command = COMMANDS[name]
    if "train" in command.settings:
        return []
    if command.arguments is None:
        given = [key for key in given if key.startswith(("hydra", "search"))]
    allowed = f"{', '.join(command.settings)}; `yololab {name} --help` explains them"
    read = tuple(f"{key}." for key in command.settings)
    return [
        Problem(key, f"`yololab {name}` does not read it", allowed)
        for key in sorted(given)
        if not f"{key}.".startswith(read) and not any(prefix.startswith(f"{key}.") for prefix in read)
    ]


def check_operands(name: str, request: Request) -> None:
    """Compose the settings of a command, and look whether the files and folders are there that its operands name.

    Raises:
        InputError: All that is wrong with the settings, or what is missing.
    """
    tree = request.tree
    problems = _unread(name, request.experiment.overridden)
    arguments = list(COMMANDS[name].arguments or ())
    arguments += arguments[-1:] * (len(request.operands) - len(arguments))  # the last one may be repeated
    for argument, text in zip(arguments, request.operands, strict=False):
        if argument.is_text or Takes.SOURCE in argument.takes or text.partition("=")[0] in COMMANDS[name].own_settings:
            continue
        if Takes.PATTERN in argument.takes and is_pattern(text):
            continue
        try:
            if find_run(tree, text, request.working_directory).exists():
                continue
        except InputError as error:
            problems += error.problems
            continue
        problems.append(missing_operand(text, argument.meaning, tree, request.working_directory))
    if problems:
        raise InputError(problems)


def missing_operand(text: str, meaning: str, tree: OutputTree, working_directory: Path) -> Problem:
    """Return the problem of an operand that names nothing, with what may have been meant.

    Args:
        text: The operand.
        meaning: What it may be.
        tree: The project's results.
        working_directory: Where relative paths start.
    """
    similar = similar_path(text, working_directory)
    close = [similar] if similar else nearest(text, [path.name for path in tree.training.glob("*")])
    remedy = f"did you mean {' or '.join(close)}?" if close else "`yololab runs` lists what there is"
    return Problem(text, "no such file or folder", meaning, remedy)
