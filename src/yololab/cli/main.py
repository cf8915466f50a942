"""The command line: translate it, call the command, return its exit code. PyTorch is not imported here."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import yololab
from yololab.cli.table import COMMANDS, SYNTAX
from yololab.config.arguments.flags import COMPLETION, answered_by_hydra, config_dirs
from yololab.config.arguments.translate import OVERVIEW, Translation, translate
from yololab.config.folders import group_options, use_config_dir
from yololab.errors import InputError, Problem
from yololab.host.signals import forget_interrupt, interrupted_by_signals
from yololab.terminal.output import exit_code_of, open_streams, print_text

if TYPE_CHECKING:
    from yololab.cli.request import Request
    from yololab.terminal.screen import Screen


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code.

    Args:
        argv: What stands after `yololab`; that of the process by default.
    """
    open_streams()
    with interrupted_by_signals():
        code = exit_code_of(lambda: _run(list(sys.argv[1:] if argv is None else argv)))
        forget_interrupt()
        return code


def _run(tokens: list[str]) -> int:
    working_directory = Path.cwd()
    for folder in config_dirs(tokens):
        use_config_dir(working_directory / Path(folder).expanduser())
    groups = group_options(working_directory)
    translation = translate(tokens, SYNTAX, groups, working_directory)
    if translation.help:
        from yololab.cli.help import command_help, overview

        print_text(overview(groups) if translation.help == OVERVIEW else command_help(translation.help))
        return 0
    if translation.version:
        print_text(f"yololab {yololab.__version__}\n")
        return 0
    if translation.problems:
        raise InputError([*translation.problems, *_problems_of_config(translation)])
    if COMPLETION in translation.hydra_flags and translation.overrides[:1] in (("query=bash",), ("query=fish",)):
        from yololab.cli.completion import complete

        separator = " " if translation.overrides == ("query=bash",) else "\n"
        print_text(separator.join(complete(os.environ.get("COMP_LINE", ""), groups, working_directory)) + "\n")
        return 0
    if answered_by_hydra(translation.hydra_flags):
        from yololab.config.hydra.app import hydra_flags

        if {"--cfg", "--info"} & {*translation.hydra_flags} and not translation.multirun:
            from yololab.config.hydra.compose import compose_experiment

            compose_experiment(translation.overrides)
        print_text(hydra_flags([*translation.hydra_flags, *translation.overrides]))
        return 0
    command = COMMANDS[translation.command]
    from yololab.terminal.screen import Screen

    screen = Screen(quiet=translation.json or "--csv" in translation.flags)
    if command.slow:
        screen.begin(("yololab", *tokens))
    with screen.working("yololab"):
        with screen.working("start", "reading the settings"):
            request = _request(translation, screen, ("yololab", *tokens), working_directory)
            module = import_module(f"yololab.cli.commands.{command.module}")
        # Also by a recipe, in Hydra's own way.
        multirun = translation.multirun or (command.multirun and request.composed.is_multirun)
        run: Callable[[Request], int] = module.run_multirun if multirun else module.run
        try:
            return run(request)
        finally:
            if command.leaves_runs:
                # A sweep's settings are no experiment; where its results lie does not vary.
                places = tuple(item for item in request.overrides if item.startswith("paths."))
                _keep_page(replace(request, overrides=places) if multirun else request)


def _keep_page(request: Request) -> None:
    """Write the page of all runs again, where there is one; it never takes the place of how the command ended."""
    with suppress(InputError, OSError):
        if request.tree.index.is_file():
            from yololab.sweep.leaderboard.page import keep_page

            keep_page(request.tree, request.experiment.paths.cache)


def _request(translation: Translation, screen: Screen, command: tuple[str, ...], working_directory: Path) -> Request:
    """Compose the settings of a command: a mistake is told before the command, and PyTorch, is imported."""
    from yololab.cli.request import Request, check_operands

    request = Request(
        operands=translation.operands,
        overrides=translation.overrides,
        as_json=translation.json,
        command=command,
        working_directory=working_directory,
        task=translation.task,
        screen=screen,
        flags=translation.flags,
    )
    if not translation.multirun and not SYNTAX[translation.command].filters:
        check_operands(translation.command, request)
    return request


def _problems_of_config(translation: Translation) -> list[Problem]:
    """Return what else is wrong, so that a mistyped line is mended in one go."""
    from yololab.config.hydra.compose import compose_experiment

    if translation.multirun:
        return []
    try:
        compose_experiment(translation.overrides)
    except InputError as error:
        return list(error.problems)
    return []
