"""What a shell offers at the end of a line: commands, their arguments, flags, settings and values.

The scripts that ask are Hydra's (`yololab -sc install=bash`); the answers are ours, since Hydra knows no commands. They
are read off the tables alone: composing would take a second a key press.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import fields
from enum import StrEnum
from pathlib import Path

from yololab.cli.table import COMMANDS, Argument, Command, Takes
from yololab.config.arguments.options import FREE_GROUPS
from yololab.config.arguments.translate import DEFAULT_COMMAND
from yololab.config.schema import GROUP_CLASSES
from yololab.config.settings import Kind, Setting, settings_of
from yololab.config.train_arguments.arguments import USER_ARGUMENTS
from yololab.files.paths import OutputTree
from yololab.files.record_content import Status
from yololab.sweep.leaderboard.query import ALIASES, ALL, FIELDS, METRICS, OPTIONS, TIMES
from yololab.tasks import TASKS

Groups = Mapping[str, Collection[str]]


def complete(line: str, groups: Groups, working_directory: Path) -> list[str]:
    """Return what the last token of a line may become, sorted.

    Args:
        line: What has been typed, the program's name first.
        groups: The config groups with the names of their options.
        working_directory: The folder whose runs and files are offered.
    """
    _, *tokens = line.split() or [""]
    current = tokens.pop() if tokens and not line[-1].isspace() else ""
    named = next((token for token in tokens if token in COMMANDS), None)
    command = COMMANDS[named or DEFAULT_COMMAND]
    key, equals, value = current.partition("=")
    if equals and any(Takes.FILTER in item.takes for item in command.arguments or ()):
        found = [f"{key}={item}" for item in _filter_values(key)]
    elif equals:
        values = list(_values(key, groups))
        values += _files(value, working_directory) if not values or key in FREE_GROUPS else []
        found = [f"{key}={item}" for item in values]
    elif current.startswith("-"):
        found = ["--help", *(["-m"] if command.multirun else []), *(["--json"] if command.json else []), *command.flags]
        found += ["--cfg", "--config-dir", "--info", "--version"] if command.arguments is None else []
    else:
        given = sum("=" not in token and not token.startswith("-") for token in tokens) - 1
        arguments = (command.arguments or ())[max(given, 0) :] or [
            item for item in command.arguments or () if item.repeated
        ]
        found = [*([] if named else COMMANDS), *_keys(command, current, groups)]
        found += _operands(arguments[0], current, working_directory) if arguments else []
    return sorted({item for item in found if item.startswith(current) and " " not in item})


def _keys(command: Command, current: str, groups: Groups) -> Iterator[str]:
    """Yield the settings that a command reads; those of a group only when its name stands there."""
    yield from (f"{key}=" for key in command.own_settings)
    for key in command.settings:
        if key == "train":
            yield from (f"{name}=" for name in USER_ARGUMENTS)
            yield from (f"{name}=" for name in groups)
        elif key not in GROUP_CLASSES:
            yield f"{key}="
        else:
            yield from [f"{key}="] if key in groups else []
            inside = current.startswith(f"{key}.")
            yield from (f"{key}.{item.name}=" for item in fields(GROUP_CLASSES[key])) if inside else [f"{key}."]


def _values(key: str, groups: Groups) -> Iterator[str]:
    """Yield the values of a setting that can be listed."""
    yield from groups.get(key, ())
    group, _, name = key.rpartition(".")
    setting = settings_of(GROUP_CLASSES[group]).get(name) if group in GROUP_CLASSES else USER_ARGUMENTS.get(key)
    yield from _choices(setting) if setting else ()


def _choices(setting: Setting) -> Iterator[str]:
    yield from setting.choices
    if setting.kind in (bool, Kind.BOOL, Kind.SWITCH):
        yield from ("true", "false")
    elif isinstance(setting.kind, type) and issubclass(setting.kind, StrEnum) and not isinstance(setting.kind, Kind):
        yield from (item.value for item in setting.kind)


def _filter_values(key: str) -> Iterator[str]:
    """Yield the values of a condition on runs that can be listed."""
    fixed: dict[str, Collection[str]] = {"status": [*Status, "killed", ALL], "task": TASKS, "sort": [*FIELDS, *METRICS]}
    yield from fixed.get(key, ("true", "false") if key in ("trials", "fold", "winner", "baseline") else ())


def _operands(argument: Argument, current: str, working_directory: Path) -> Iterator[str]:
    """Yield what an argument of a command may be: names of runs and sweeps, and paths."""
    yield from argument.choices
    if argument.is_text or argument.choices:
        return
    tree = OutputTree(working_directory)
    if Takes.FILTER in argument.takes:
        yield from (f"{key}=" for key in (*OPTIONS, *TIMES, *FIELDS, *ALIASES, *METRICS, *USER_ARGUMENTS))
    if {Takes.RUN, Takes.FILTER} & {*argument.takes}:
        yield from (path.name for path in tree.training.glob("*") if path.is_dir())
    if {Takes.SWEEP, Takes.FILTER} & {*argument.takes}:
        yield from (path.relative_to(tree.root).as_posix() for path in tree.multirun.glob("*") if path.is_dir())
    if current:
        yield from _files(current, working_directory)


def _files(start: str, working_directory: Path) -> Iterator[str]:
    """Yield the paths that begin with `start`; a folder ends in a slash."""
    folder, slash, name = start.rpartition("/")
    place = working_directory / Path(f"{folder}{slash}").expanduser()
    for path in place.glob("*") if start and place.is_dir() else ():
        if path.name.startswith(name):
            yield f"{folder}{slash}{path.name}{'/' if path.is_dir() else ''}"
