"""The words of a command line, read one after the other: by `yolo`'s rules, or as the operands of a file command."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from yololab.cli.table import COMMANDS, MODES, SPECIAL_WORDS, TASK_MODELS, count_problem
from yololab.config.arguments.flags import Flags
from yololab.config.arguments.overrides import VERBATIM, Assignment
from yololab.config.arguments.values import merge_words, read_value
from yololab.config.train_arguments.kinds import Kind
from yololab.config.train_arguments.table import TRAIN_ARGUMENTS, nearest, refusal, user_arguments
from yololab.errors import Problem

_ASSIGNMENT = re.compile(
    r"\s*(?P<mark>\+{0,2})(?P<key>[A-Za-z_$][\w$-]*(?:[./][\w$-]+)*)(?P<package>@[\w.$:]*)?\s*=(?P<text>.*)", re.DOTALL
)
_DELETION = re.compile(r"~[A-Za-z_$][\w$-]*(?:[./][\w$-]+)*(@[\w.$:]*)?(=.*)?", re.DOTALL)
_PLAIN_ASSIGNMENT = re.compile(r"\+{0,2}[A-Za-z_]\w*(\.\w+)*=.*", re.DOTALL)
_OLD_SWITCHES = ("half", "int8", "end2end", "nms")  # Ultralytics takes these bare as well
_MODEL_FILE = re.compile(r".*\.(pt|pth|onnx|engine|torchscript)", re.IGNORECASE | re.DOTALL)


@dataclass
class Line:
    """What the words of a line say.

    Attributes:
        command: The sub-command, when one is named.
        operands: The operands of a file command.
        assignments: Every `key=value` by what it sets.
        deletions: Hydra's `~key` words.
        files: The arguments files that `cfg=` names, in their order.
        mode: The mode of `yolo`, when one is named.
        task: The task, when one is named.
        help: Whether the word `help` stands there.
        version: Whether the word `version` stands there.
        problems: Words that mean nothing.
    """

    command: str | None = None
    operands: list[str] = field(default_factory=list)
    assignments: dict[str, Assignment] = field(default_factory=dict)
    deletions: list[str] = field(default_factory=list)
    files: list[str] = field(default_factory=list)
    mode: Any = None
    task: str | None = None
    help: bool = False
    version: bool = False
    problems: list[Problem] = field(default_factory=list)


def read_line(flags: Flags, groups: Mapping[str, Collection[str]]) -> Line:
    """Read the words that are no flags.

    Args:
        flags: The flags of the line, and its other words.
        groups: The config groups with the names of their options.
    """
    line = Line(problems=list(flags.problems))
    first = COMMANDS.get(flags.words[0]) if flags.words else None
    if first is not None and first.operands is not None:
        _read_operands(flags, line)
    else:
        _read_words(_joined(flags.words, groups, line), groups, line)
    return line


def _read_operands(flags: Flags, line: Line) -> None:
    """Read the words of a file command: operands, and `key=value`."""
    name, *words = flags.words
    line.command = name
    for word in words:
        bare = word.removeprefix("--")
        is_text = COMMANDS[name].text_operand == len(line.operands)
        if not is_text and _PLAIN_ASSIGNMENT.fullmatch(bare):
            _assign(bare, line)
        elif not is_text and word.startswith("--"):
            line.problems.append(Problem(word, f"no flag of {name}", COMMANDS[name].usage))
        elif word in ("help", "version") and not line.operands:
            setattr(line, word, True)
        else:
            line.operands.append(word)
    problem = count_problem(name, tuple(line.operands))
    if problem is not None:
        line.problems.append(problem)
    for flag in flags.hydra:
        if flag.startswith("--"):
            line.problems.append(Problem(flag, f"no flag of {name}", COMMANDS[name].usage))


def _joined(words: Sequence[str], groups: Mapping[str, Collection[str]], line: Line) -> list[str]:
    """Join `--key value`, lone `=` and opened brackets into single words."""
    paired: list[str] = []
    index = 0
    while index < len(words):
        word = words[index]
        following = words[index + 1] if index + 1 < len(words) else None
        index += 1
        if word.startswith("--") and "=" not in word and following is not None:
            key = word.removeprefix("--")
            if _is_value_of(key, following, groups):
                word = f"{key}={following}"
                index += 1
        paired.append(word)
    try:
        return merge_words(paired, VERBATIM)
    except ValueError as error:
        line.problems.append(Problem(str(error), "a bracket without its partner", "as many [ as ]"))
        return []


def _is_value_of(key: str, word: str, groups: Mapping[str, Collection[str]]) -> bool:
    """Return whether `word` after `--key` is the value of `key`."""
    if word.startswith(("=", "--")) or _PLAIN_ASSIGNMENT.fullmatch(word):
        return False
    argument = TRAIN_ARGUMENTS.get(key)
    if argument is None:
        return key in groups or key in VERBATIM or "." in key or refusal(key, word) is not None
    value = word.rstrip(",").lower()
    if argument.kind is Kind.BOOL:
        return value in ("true", "false", "none", "null")
    if not isinstance(argument.default, bool):
        return True
    return value in ("true", "false", *argument.choices) or not (argument.choices or word in (*COMMANDS, *TASK_MODELS))


def _read_words(words: Sequence[str], groups: Mapping[str, Collection[str]], line: Line) -> None:
    """Read the words of a command that takes overrides, one after the other as `yolo` does."""
    for written in words:
        word = written.removeprefix("--")
        match = _ASSIGNMENT.fullmatch(word)
        if match is None or match["key"] not in VERBATIM:
            word = word.removesuffix(",")
        argument = TRAIN_ARGUMENTS.get(word)
        if match or "=" in word:
            _assign(word, line)
        elif _DELETION.fullmatch(word):
            line.deletions.append(word)
        elif word in TASK_MODELS:
            line.task = word
        elif word in COMMANDS:
            _take_command(word, line)
        elif word in MODES:
            line.mode = word
        elif word.lower() in ("help", "version"):
            setattr(line, word.lower(), True)
        elif word.lower() in SPECIAL_WORDS:
            remedy = SPECIAL_WORDS[word.lower()]
            line.problems.append(Problem(word, "a command of yolo, not of yololab", remedy=remedy))
        elif (argument is not None and isinstance(argument.default, bool)) or word in _OLD_SWITCHES:
            _assign(f"{word}=True", line)
        elif word:
            line.problems.append(_stray(word, groups))


def _take_command(word: str, line: Line) -> None:
    if COMMANDS[word].operands is not None:
        line.problems.append(Problem(word, "a command of its own, which comes first", COMMANDS[word].usage))
    elif line.command not in (None, word):
        line.problems.append(Problem(word, f"a second command, after {line.command}", "one command"))
    else:
        line.command = word


def _assign(word: str, line: Line) -> None:
    """Note a `key=value`; the last one of a key counts, the first of several files."""
    if _DELETION.fullmatch(word):
        line.deletions.append(word)
        return
    match = _ASSIGNMENT.fullmatch(word)
    if match is None:
        line.problems.append(Problem(word, "no key before the `=`", "key=value"))
        return
    key = match["key"]
    text = match["text"] if key in VERBATIM else match["text"].strip()
    assignment = Assignment(key, text, match["mark"], match["package"] or "")
    value = read_value(text)
    if key == "mode":
        line.mode = value
    elif key == "task" and value in TASK_MODELS:
        line.task = value
    elif key == "task" and value is not None:
        line.problems.append(Problem("task", f"{text!r}", f"one of {', '.join(TASK_MODELS)}"))
    elif key == "cfg" and value is not None:
        line.files.append(str(value))
    elif key not in ("task", "cfg"):
        line.assignments[assignment.target] = assignment


def _stray(word: str, groups: Mapping[str, Collection[str]]) -> Problem:
    """Return the problem of a word that is no command, no task, no switch and no `key=value`."""
    argument = TRAIN_ARGUMENTS.get(word)
    if argument is not None:
        return Problem(word, "no value", argument.allowed, f"write {word}=<value>")
    if word in groups:
        return Problem(word, "no value", f"one of {', '.join(sorted(groups[word]))}", f"write {word}=<option>")
    if _MODEL_FILE.fullmatch(word):
        return Problem(word, "a word without a key", remedy=f"write model={word}")
    if word.lower().endswith((".yaml", ".yml")):
        return Problem(word, "a word without a key", remedy=f"write data={word}, model={word} or cfg={word}")
    close = nearest(word, [*COMMANDS, *user_arguments(), *groups])
    remedy = f"did you mean {' or '.join(close)}?" if close else "`yololab --help` lists the commands"
    return Problem(word, "no command, and no key=value", remedy=remedy)
