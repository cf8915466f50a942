"""One `key=value` of the command line, or one line of an arguments file, as an override of Hydra."""

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from yololab.config.arguments.options import FREE_GROUPS, expand_home, is_forgotten_sweep, option_text
from yololab.config.arguments.values import read_value, split_commas
from yololab.config.hydra.grammar import OPEN, PARAMS, quote
from yololab.config.nearest import nearest
from yololab.config.reading import allowed
from yololab.config.renamed import current_name
from yololab.config.settings import Kind, Setting
from yololab.config.train_arguments.arguments import TOP_LEVEL_GROUPS, TRAIN_ARGUMENTS, read_argument
from yololab.config.train_arguments.refusals import refusal
from yololab.errors import InputError, Problem
from yololab.text import one_of

# Free text of ours: never a list, never a sweep, and `${` is nothing special in it.
VERBATIM = frozenset({"notes"})

_SWEEP = re.compile(r"(choice|range|interval|glob|tag|sort|shuffle)\s*\(.*\)", re.DOTALL)
_CHOICE = re.compile(r"choice\s*\((.*)\)", re.DOTALL)
_CAST = re.compile(r"(int|float|str|bool|json_str)\s*\(.*\)", re.DOTALL)


@dataclass(frozen=True)
class Assignment:
    """A `key=value` as it was written.

    Attributes:
        key: The key, without mark and package.
        text: The value.
        mark: Hydra's mark before the key: `+`, `++`, or nothing.
        package: Hydra's package after the key, with its `@`, or nothing.
    """

    key: str
    text: str
    mark: str = ""
    package: str = ""

    @property
    def target(self) -> str:
        """What is set: of two assignments with one target the later one counts."""
        return self.key + self.package


def override_of(assignment: Assignment, groups: Mapping[str, Collection[str]], multirun: bool) -> str | None:
    """Return the override for an assignment, or None when it asks for nothing.

    Args:
        assignment: What was written.
        groups: The config groups with the names of their options.
        multirun: Whether commas and Hydra's functions mean a sweep.

    Raises:
        InputError: The assignment cannot be carried out.
    """
    key = current_name(assignment.key)
    mark = assignment.mark or ("++" if key.startswith(OPEN) else "")
    assignment = replace(assignment, key=key, mark=mark)
    if key == "hydra":
        raise InputError(Problem(key, f"{assignment.text!r}", "one of its keys, e.g. hydra.job.name=…"))
    group, _, name = key.partition(".")
    if group in TOP_LEVEL_GROUPS and name:
        found = f"{group} chooses a file; what stands in it are arguments of their own"
        close = next(iter(nearest(name, TRAIN_ARGUMENTS)), "<argument>")
        raise InputError(Problem(key, found, remedy=f"write {close}={assignment.text}"))
    problem = refusal(key, read_value(assignment.text))
    if problem is not None:
        raise InputError(problem)
    if key in TRAIN_ARGUMENTS and TRAIN_ARGUMENTS[key].owner != "user" and key not in FREE_GROUPS:
        return None
    return f"{assignment.mark}{assignment.target}={_value_text(key, assignment.text, groups, multirun)}"


def file_override_of(key: str, value: Any, groups: Mapping[str, Collection[str]]) -> str | None:
    """Return the override for a line of an arguments file, or None when it asks for nothing.

    A file may be a full copy of Ultralytics' own, so what it leaves at Ultralytics' default is never refused.

    Raises:
        InputError: The line cannot be carried out.
    """
    argument = TRAIN_ARGUMENTS.get(key)
    if key in VERBATIM:
        return f"{key}={quote('' if value is None else str(value), literal=True)}"
    if argument is None:
        close = nearest(key, TRAIN_ARGUMENTS)
        remedy = f"did you mean {' or '.join(close)}?" if close else "remove the line"
        raise InputError(refusal(key, value) or Problem(key, "no train argument", remedy=remedy))
    if key in FREE_GROUPS:
        return None if value is None else f"{key}={option_text(str(value), key, groups.get(key, ()))}"
    if argument.owner != "user":
        problem = None if value == argument.default else refusal(key, value)
        if problem is not None:
            raise InputError(problem)
        return None
    return f"{key}={_checked_text(argument, value)}"


def _value_text(key: str, text: str, groups: Mapping[str, Collection[str]], multirun: bool) -> str:
    """Return the value part of an override."""
    argument = TRAIN_ARGUMENTS.get(key)
    if key in VERBATIM:
        return quote(text, literal=True)
    if key.startswith(PARAMS):
        return quote(text.strip("'\""))  # what varies, which is one text here
    if argument is not None and argument.kind is Kind.NAME:
        return _checked_text(argument, None if text.lower() in ("none", "null") else text)
    is_group = key in groups or key in FREE_GROUPS or "/" in key
    if not text and (argument is not None or is_group) and key != "device":
        raise InputError(Problem(key, "no value", _allowed(key, groups), f"write {key}=<value>"))
    element: Callable[[str], str]
    if is_group:
        element = partial(option_text, group=key, options=groups.get(key, ()))
        forgotten = is_forgotten_sweep(key, text)
    elif argument is not None:
        element, forgotten = partial(_argument_element, argument=argument), _is_forgotten_list(argument, text)
    else:
        element, forgotten = _setting_element, isinstance(read_value(text), list) and len(split_commas(text)) > 1
    if multirun:
        return _sweep_text(text, element)
    if forgotten or _SWEEP.fullmatch(text):
        remedy = f"`yololab -m {key}={text}` makes one run for each"
        raise InputError(Problem(key, f"{text!r} is several values", _allowed(key, groups), remedy))
    return element(text)


def _allowed(key: str, groups: Mapping[str, Collection[str]]) -> str:
    if key in groups:
        return one_of(sorted(groups[key]))
    return allowed(TRAIN_ARGUMENTS[key]) if key in TRAIN_ARGUMENTS else "one value"


def _sweep_text(text: str, element: Callable[[str], str]) -> str:
    """Return a sweep: Hydra's functions as they are, and each of several values read by itself."""
    choice = _CHOICE.fullmatch(text)
    if choice is not None:
        return f"choice({','.join(element(part) for part in split_commas(choice[1]))})"
    return ",".join(part if _SWEEP.fullmatch(part) else element(part) for part in split_commas(text))


def _argument_element(text: str, argument: Setting) -> str:
    """Read an argument of Ultralytics by its own rules."""
    if _CAST.fullmatch(text):
        return text
    value = _read_items(text) if argument.takes_list else read_value(text)
    if isinstance(value, str) and "${" in value:
        return quote(value)
    return _checked_text(argument, expand_home(value) if isinstance(value, str) else value)


def _read_items(text: str) -> Any:
    """Read the value of an argument that takes a list: `0,1` and `[0,23.cv2]` are lists too."""
    value = read_value(text)
    if not isinstance(value, str):
        return value
    inner = text[1:-1] if text.startswith("[") and text.endswith("]") else text
    parts = split_commas(inner)
    return value if inner == text and len(parts) < 2 else [read_value(part) for part in parts if part]


def _is_forgotten_list(argument: Setting, text: str) -> bool:
    is_path = argument.kind in (Kind.STR, Kind.SWITCH) and not argument.choices
    return not argument.takes_list and not is_path and len(split_commas(text)) > 1


def _checked_text(argument: Setting, value: Any) -> str:
    return quote(read_argument(argument.name, value), literal=True)


def _setting_element(text: str) -> str:
    """Read a setting of ours or of Hydra's: a literal, or Hydra's own grammar in brackets, or text."""
    # `none` is a value of ours (`baseline.gate=none`); null is written `null` or `None`.
    value = text if text == "none" else read_value(text)
    is_container = text[:1] + text[-1:] in ("[]", "{}")
    if _CAST.fullmatch(text) or (is_container and isinstance(value, str)):
        return text
    try:
        return quote(expand_home(value) if isinstance(value, str) else value)
    except ValueError:
        return text
