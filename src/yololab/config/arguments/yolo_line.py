"""The tokens of a command line, read one after the other: by `yolo`'s rules, or as the operands of a file command."""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from yololab.config.arguments.commands import MODES, SPECIAL_COMMANDS, TASK_MODELS, Syntax, count_problem
from yololab.config.arguments.flags import Flags
from yololab.config.arguments.overrides import VERBATIM, Assignment
from yololab.config.arguments.values import merge_tokens, read_value
from yololab.config.nearest import nearest
from yololab.config.reading import allowed
from yololab.config.settings import Kind
from yololab.config.train_arguments.arguments import TRAIN_ARGUMENTS, USER_ARGUMENTS
from yololab.config.train_arguments.refusals import refusal
from yololab.errors import Problem
from yololab.text import one_of

_ASSIGNMENT = re.compile(
    r"\s*(?P<mark>\+{0,2})(?P<key>[A-Za-z_$][\w$-]*(?:[./][\w$-]+)*)(?P<package>@[\w.$:]*)?\s*=(?P<text>.*)", re.DOTALL
)
_DELETION = re.compile(r"~[A-Za-z_$][\w$-]*(?:[./][\w$-]+)*(@[\w.$:]*)?(=.*)?", re.DOTALL)
_PLAIN_ASSIGNMENT = re.compile(r"\+{0,2}[A-Za-z_]\w*(\.\w+)*=.*", re.DOTALL)
_OLD_SWITCHES = ("half", "int8", "end2end", "nms")  # Ultralytics takes these bare as well
_MODEL_FILE = re.compile(r".*\.(pt|pth|onnx|engine|torchscript)", re.IGNORECASE | re.DOTALL)

Commands = Mapping[str, Syntax]
Groups = Mapping[str, Collection[str]]


@dataclass
class Line:
    """What the tokens of a line say.

    Attributes:
        command: The sub-command, when one is named.
        operands: The operands of a file command.
        flags: The flags of a file command that are its own.
        assignments: Every `key=value` by what it sets.
        deletions: Hydra's `~key` tokens.
        files: The arguments files that `cfg=` names, in their order.
        mode: The mode of `yolo`, when one is named.
        task: The task, when one is named.
        help: Whether the token `help` stands there.
        version: Whether the token `version` stands there.
        problems: Tokens that mean nothing.
    """

    command: str | None = None
    operands: list[str] = field(default_factory=list)
    flags: list[str] = field(default_factory=list)
    assignments: dict[str, Assignment] = field(default_factory=dict)
    deletions: list[str] = field(default_factory=list)
    files: list[str] = field(default_factory=list)
    mode: Any = None
    task: str | None = None
    help: bool = False
    version: bool = False
    problems: list[Problem] = field(default_factory=list)


def read_line(flags: Flags, commands: Commands, groups: Groups) -> Line:
    """Read the tokens that are no flags.

    Args:
        flags: The flags of the line, and its other tokens.
        commands: The commands with their syntax.
        groups: The config groups with the names of their options.
    """
    line = Line(problems=list(flags.problems))
    tokens = flags.tokens
    if len(tokens) == 2 and tokens[0] == "help" and tokens[1] in commands:
        line.command, line.help = tokens[1], True
    elif tokens and tokens[0] in commands and commands[tokens[0]].operands is not None:
        _read_operands(flags, commands[tokens[0]], line)
    else:
        _read_tokens(_joined(tokens, commands, groups, line), commands, groups, line)
        if line.command is not None:
            for key in sorted(commands[line.command].own & line.assignments.keys()):
                line.operands.append(f"{key}={line.assignments.pop(key).text}")
    return line


def _read_operands(flags: Flags, syntax: Syntax, line: Line) -> None:
    """Read the tokens of a file command: operands, and `key=value`."""
    name, *tokens = flags.tokens
    line.command = name
    strange = [flag for flag in flags.hydra if flag.startswith("--")]
    own: list[str] = []
    for token in tokens:
        bare = token.removeprefix("--")
        is_text = syntax.text_operand == len(line.operands)
        if not syntax.filters and not is_text and bare.partition("=")[0] in syntax.own and "=" in bare:
            own.append(bare)
        elif syntax.filters and _PLAIN_ASSIGNMENT.fullmatch(bare):
            line.operands.append(bare)
        elif not is_text and token in syntax.flags:
            line.flags.append(token)
        elif not is_text and _PLAIN_ASSIGNMENT.fullmatch(bare):
            _assign(bare, line)
        elif not is_text and token.startswith("--"):
            strange.append(token)
        elif token in ("help", "version") and not line.operands:
            setattr(line, token, True)
        else:
            line.operands.append(token)
    problem = count_problem(name, syntax, line.operands)
    line.problems += [problem] if problem else []
    line.operands += own
    remedy = f"`yololab {name} --help` lists its flags"
    line.problems += [Problem(flag, f"no flag of {name}", syntax.usage, remedy) for flag in strange]


def _joined(tokens: Sequence[str], commands: Commands, groups: Groups, line: Line) -> list[str]:
    """Join `--key value`, lone `=` and opened brackets into single tokens."""
    paired: list[str] = []
    remaining = iter([*tokens, None])
    token = next(remaining)
    while token is not None:
        following = next(remaining)
        key = token.removeprefix("--")
        is_key = token.startswith("--") and "=" not in token
        if is_key and following is not None and _is_value_of(key, following, commands, groups):
            token, following = f"{key}={following}", next(remaining)
        paired.append(token)
        token = following
    try:
        return merge_tokens(paired, VERBATIM)
    except ValueError as error:
        line.problems.append(Problem(str(error), "a bracket without its partner", "as many [ as ]"))
        return []


def _is_value_of(key: str, token: str, commands: Commands, groups: Groups) -> bool:
    """Return whether `token` after `--key` is the value of `key`."""
    if token.startswith(("=", "--")) or _PLAIN_ASSIGNMENT.fullmatch(token):
        return False
    argument = TRAIN_ARGUMENTS.get(key)
    if argument is None:
        return key in groups or key in VERBATIM or "." in key or refusal(key, token) is not None
    value = token.rstrip(",").lower()
    if argument.kind is Kind.BOOL:
        return value in ("true", "false", "none", "null")
    if not isinstance(argument.default, bool):
        return True
    return value in ("true", "false", *argument.choices) or not (argument.choices or token in (*commands, *TASK_MODELS))


def _read_tokens(tokens: Sequence[str], commands: Commands, groups: Groups, line: Line) -> None:
    """Read the tokens of a command that takes overrides, one after the other as `yolo` does."""
    for written in tokens:
        token = written.removeprefix("--")
        match = _ASSIGNMENT.fullmatch(token)
        if match is None or match["key"] not in VERBATIM:
            token = token.removesuffix(",")
        argument = TRAIN_ARGUMENTS.get(token)
        if match or "=" in token or _DELETION.fullmatch(token):
            _assign(token, line)
        elif token in TASK_MODELS:
            line.task = token
        elif token in commands:
            _take_command(token, commands[token], line)
        elif token in MODES:
            line.mode = token
        elif token.lower() in ("help", "version"):
            setattr(line, token.lower(), True)
        elif token.lower() in SPECIAL_COMMANDS:
            remedy = SPECIAL_COMMANDS[token.lower()]
            line.problems.append(Problem(token, "a command of yolo, not of yololab", remedy=remedy))
        elif (argument is not None and isinstance(argument.default, bool)) or token in _OLD_SWITCHES:
            _assign(f"{token}=True", line)
        elif token:
            line.problems.append(_stray(token, commands, groups))


def _take_command(name: str, syntax: Syntax, line: Line) -> None:
    if syntax.operands is not None:
        line.problems.append(Problem(name, "a command of its own, which comes first", syntax.usage))
    elif line.command not in (None, name):
        line.problems.append(Problem(name, f"a second command, after {line.command}", "one command"))
    else:
        line.command = name


def _assign(token: str, line: Line) -> None:
    """Note a `key=value`; the last one of a key counts, the first of several files."""
    if _DELETION.fullmatch(token):
        line.deletions.append(token)
        return
    match = _ASSIGNMENT.fullmatch(token)
    if match is None:
        line.problems.append(Problem(token, "no key before the `=`", "key=value"))
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
        line.problems.append(Problem("task", f"{text!r}", one_of(TASK_MODELS)))
    elif key == "cfg" and value is not None:
        line.files.append(str(value))
    elif key not in ("task", "cfg"):
        line.assignments[assignment.target] = assignment


def _stray(token: str, commands: Commands, groups: Groups) -> Problem:
    """Return the problem of a token that is no command, no task, no switch and no `key=value`."""
    argument = TRAIN_ARGUMENTS.get(token)
    if argument is not None:
        return Problem(token, "no value", allowed(argument), f"write {token}=<value>")
    if token in groups:
        return Problem(token, "no value", one_of(sorted(groups[token])), f"write {token}=<option>")
    if _MODEL_FILE.fullmatch(token):
        return Problem(token, "a file without a key", remedy=f"write model={token}")
    if token.lower().endswith((".yaml", ".yml")):
        return Problem(token, "a file without a key", remedy=f"write data={token}, model={token} or cfg={token}")
    key, colon, value = token.partition(":")
    if colon and key in {*TRAIN_ARGUMENTS, *groups}:
        return Problem(token, "no key=value", remedy=f"write {key}={value or '<value>'}")
    close = nearest(token, [*commands, *USER_ARGUMENTS, *groups])
    remedy = f"did you mean {' or '.join(close)}?" if close else "`yololab --help` lists the commands"
    return Problem(token, "no command, and no key=value", remedy=remedy)
