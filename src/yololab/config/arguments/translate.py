"""The one place that looks at the command line: its tokens become a command, operands and overrides for Hydra.

Ultralytics' own reading holds (`entrypoint` in `ultralytics/cfg/__init__.py`), so that any `yolo train …` line works:
bare booleans, spaces around `=`, trailing commas, tuples, `cfg=file.yaml`, `detect train`. Hydra's syntax works as
well: groups, dotted keys, `+`, `++`, `~`, and with `-m` sweeps. What comes out is safely quoted for Hydra.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from yololab.config.arguments.commands import TASK_MODELS, flag_problem, mode_problem
from yololab.config.arguments.flags import COMPLETION, take_flags
from yololab.config.arguments.options import expand_home
from yololab.config.arguments.overrides import Assignment, file_override_of, override_of
from yololab.config.arguments.values import read_arguments_file
from yololab.config.arguments.yolo_line import Commands, Groups, read_line
from yololab.config.hydra.grammar import encode_free
from yololab.errors import InputError, Problem
from yololab.text import one_of

DEFAULT_COMMAND = "train"
# The topic of `--help` where no command is named.
OVERVIEW = "overview"

_MULTIRUN = "MULTIRUN"
_MODES = ("RUN", _MULTIRUN)

_FileLines = dict[str, tuple[Path | None, Any]]


@dataclass(frozen=True)
class Translation:
    """What a command line says.

    Attributes:
        command: The sub-command.
        operands: The operands of a file command.
        overrides: Overrides in Hydra's grammar; at most one for a key.
        multirun: Whether `-m` asks for a sweep.
        hydra_flags: Hydra's other flags in their long form, each followed by its value.
        help: What help is asked about: a command, or `OVERVIEW`; empty when none is.
        version: Whether the version is asked for.
        json: Whether a file command is to print JSON.
        flags: The flags of a file command that are its own.
        task: The task that the line names, when it names one; the model decides which task it really is.
        problems: Everything that is wrong with the line; the overrides hold the rest of it.
    """

    command: str = DEFAULT_COMMAND
    operands: tuple[str, ...] = ()
    overrides: tuple[str, ...] = ()
    multirun: bool = False
    hydra_flags: tuple[str, ...] = ()
    help: str = ""
    version: bool = False
    json: bool = False
    flags: frozenset[str] = frozenset()
    task: str | None = None
    problems: tuple[Problem, ...] = ()


def translate(
    tokens: Sequence[str],
    commands: Commands,
    groups: Groups,
    cwd: Path,
    read_yaml: Callable[[Path], dict[str, Any]] = read_arguments_file,
) -> Translation:
    """Translate a command line.

    Args:
        tokens: What stands after the program's name.
        commands: The commands with their syntax; `train` is taken where none is named.
        groups: The config groups with the names of their options, shipped and the user's.
        cwd: The folder that `cfg=` is relative to.
        read_yaml: Reads an arguments file; raises InputError, OSError or ValueError when it cannot.
    """
    flags = take_flags(tokens)
    if COMPLETION in flags.hydra:
        return Translation(overrides=tuple(flags.tokens), hydra_flags=tuple(flags.hydra))
    line = read_line(flags, commands, groups)
    problems = list(line.problems)
    name = line.command or DEFAULT_COMMAND
    syntax = commands[name]
    in_files = _read_files(line.files, cwd, read_yaml, problems)
    file_task = _named_task(in_files, problems)
    task = line.task or file_task
    _, file_mode = in_files.pop("mode", (None, None))
    mode = line.mode or file_mode
    if mode is not None and mode != syntax.mode:
        problems.append(mode_problem(mode))
    if flags.json and not syntax.json:
        problems.append(flag_problem("--json", {name: row.json for name, row in commands.items()}))
    multirun = _is_multirun(flags.multirun, line.assignments.pop("hydra.mode", None), problems)
    if multirun and not syntax.multirun:
        problems.append(flag_problem("-m", {name: row.multirun for name, row in commands.items()}))
    overrides = list(line.deletions)
    for key, (path, value) in in_files.items():
        if key not in line.assignments:
            _add(overrides, problems, partial(file_override_of, key, value, groups), f"{path}: ")
    for assignment in line.assignments.values():
        if assignment.key in syntax.protocol:
            remedy = f"use evaluation.{assignment.key}={assignment.text}"
            problems.append(Problem(assignment.key, f"{name} measures under the pinned protocol", remedy=remedy))
            continue
        _add(overrides, problems, partial(override_of, assignment, groups, multirun))
    model = TASK_MODELS[task] if task else None
    if model is not None and "model" not in line.assignments and in_files.get("model", (None, None))[1] is None:
        overrides.append(f"model={encode_free(model)}")
    return Translation(
        command=name,
        operands=tuple(line.operands),
        overrides=tuple(overrides),
        multirun=multirun,
        hydra_flags=tuple(flags.hydra),
        help=(line.command or OVERVIEW) if flags.help or line.help else "",
        version=flags.version or line.version,
        json=flags.json,
        flags=frozenset(line.flags),
        task=task,
        problems=tuple(problems),
    )


def _is_multirun(flag: bool, mode: Assignment | None, problems: list[Problem]) -> bool:
    """Return whether a sweep is meant, by `-m` or by Hydra's own `hydra.mode`."""
    text = "" if mode is None else mode.text.upper()
    if mode is not None and (text not in _MODES or (flag and text != _MULTIRUN)):
        problems.append(Problem("hydra.mode", mode.text, one_of(_MODES), "-m is MULTIRUN; leave one of the two out"))
    return flag or text == _MULTIRUN


def _read_files(
    names: Sequence[str], cwd: Path, read_yaml: Callable[[Path], dict[str, Any]], problems: list[Problem]
) -> _FileLines:
    """Read the arguments files; of two lines for one key the first file's counts, as in Ultralytics."""
    lines: _FileLines = {}
    for name in names:
        path = cwd / expand_home(name)
        try:
            content = read_yaml(path)
        except InputError as error:
            problems += [replace(item, where=item.where.replace(str(path), f"cfg={name}")) for item in error.problems]
        except (OSError, ValueError) as error:
            problems.append(Problem(f"cfg={name}", str(error), "a YAML file of `argument: value` lines"))
        else:
            for key, value in content.items():
                if key != "cfg":
                    lines.setdefault(key, (path, value))
    return lines


def _named_task(in_files: _FileLines, problems: list[Problem]) -> str | None:
    """Take the task out of the lines of the files."""
    path, task = in_files.pop("task", (None, None))
    if task is None or task in TASK_MODELS:
        return None if task is None else str(task)
    problems.append(Problem(f"{path}: task", f"{task!r}", one_of(TASK_MODELS)))
    return None


def _add(overrides: list[str], problems: list[Problem], make: Callable[[], str | None], where: str = "") -> None:
    """Add an override, or the problems that it has."""
    try:
        override = make()
    except InputError as error:
        problems.extend(replace(problem, where=where + problem.where) for problem in error.problems)
        return
    if override is not None:
        overrides.append(override)
