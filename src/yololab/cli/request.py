"""What a command is given: the translated command line and its surroundings."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from yololab.config.compose import Composed, compose_experiment
from yololab.config.schema import ApprovalConfig, ExperimentConfig
from yololab.errors import InputError, Problem
from yololab.files.json_files import plain
from yololab.files.paths import OutputTree
from yololab.job.prepare import usable_root
from yololab.terminal.screen import Screen


@dataclass(frozen=True)
class Request:
    """One command of the user.

    Attributes:
        operands: Its words that are no settings: run folders, files, text.
        overrides: Its settings, in Hydra's syntax.
        as_json: Print one JSON document instead of text.
        command: The command line as it was typed.
        working_directory: The user's folder.
        quiet: Print nothing.
        task: The task that the command line names (`detect train …`); None when it names none.
    """

    operands: tuple[str, ...]
    overrides: tuple[str, ...]
    as_json: bool
    command: tuple[str, ...]
    working_directory: Path
    quiet: bool = False
    task: str | None = None

    def compose(self) -> Composed:
        """Compose the config of the command's settings."""
        return compose_experiment(self.overrides)

    def screen(self, *, verbose: bool = False) -> Screen:
        """Return the screen of the command; silent when a program reads the output."""
        return Screen(quiet=self.quiet or self.as_json, verbose=verbose)

    def expect_operands(self, usage: str, minimum: int, maximum: int) -> Sequence[str]:
        """Return the operands when their number is right.

        Args:
            usage: How the command is written.
            minimum: Operands at least.
            maximum: Operands at most.

        Raises:
            InputError: There are too few or too many.
        """
        if not minimum <= len(self.operands) <= maximum:
            given = " ".join(self.operands) or "nothing"
            raise InputError(Problem("command line", f"{len(self.operands)} operands ({given})", f"yololab {usage}"))
        return self.operands

    def path_of(self, word: str) -> Path:
        """Return the folder or file that a word names: a path, or a name as `yololab runs` prints it."""
        path = (self.working_directory / Path(word).expanduser()).resolve()
        if path.exists():
            return path
        tree = OutputTree(usable_root(self.compose().experiment, self.working_directory))
        return next((named for named in (tree.training / word, tree.root / word) if named.exists()), path)

    def print_json(self, content: Mapping[str, Any] | Sequence[Any]) -> None:
        """Print a JSON document."""
        sys.stdout.write(json.dumps(plain(content), indent=2, ensure_ascii=False) + "\n")


def answering(given: ExperimentConfig, frozen: ApprovalConfig) -> ApprovalConfig:
    """Return who answers in a run that is made or continued from its frozen config: what was said now goes first."""
    keys = {key.partition(".")[2] for key in given.overridden if key.partition(".")[0] == "approval"}
    return given.approval if "" in keys else replace(frozen, **{key: getattr(given.approval, key) for key in keys})


def tree_of(composed: Composed, working_directory: Path) -> OutputTree:
    """Return the project's results."""
    return OutputTree(usable_root(composed.experiment, working_directory))
