"""Reading an engine's settings into a dataclass of its own: unknown names and wrong types, all at once."""

from __future__ import annotations

import types
import typing
from collections.abc import Mapping
from dataclasses import fields
from typing import Any, TypeVar

from yololab.config.nearest import nearest
from yololab.errors import InputError, Problem
from yololab.text import one_of

Settings = TypeVar("Settings")

# What a field of a settings class says of its limit: `jobs: int = field(default=1, metadata=AT_LEAST_1)`.
_MINIMUM = "minimum"
AT_LEAST_1 = {_MINIMUM: 1}

_WORDS = {
    int: "a whole number",
    float: "a number",
    str: "text",
    bool: "true or false",
    list: "a list",
    dict: "a mapping of names to values",
}


def read_settings(cls: type[Settings], where: str, values: Mapping[str, Any]) -> Settings:
    """Return `values` as an instance of a dataclass.

    Args:
        cls: The dataclass: its annotations are `int`, `float`, `str`, `bool`, lists of those, or one of these and None.
        where: What stands before each name in a message.
        values: The settings.

    Raises:
        InputError: Every unknown name and every value of a wrong type; a number below 0, or below what its field says.
    """
    hints = typing.get_type_hints(cls)
    names = {item.name: item.metadata.get(_MINIMUM, 0) for item in fields(cls)}  # type: ignore[arg-type]
    problems, read = [], dict[str, Any]()
    for name, value in values.items():
        if name not in names:
            close = nearest(name, list(names))
            remedy = f"did you mean {' or '.join(close)}?" if close else ""
            problems.append(Problem(f"{where}.{name}", "unknown setting", one_of(names), remedy))
            continue
        allowed = _allowed(hints[name], value, names[name])
        if allowed:
            problems.append(Problem(f"{where}.{name}", f"{value!r}", allowed))
        else:
            read[name] = value
    if problems:
        raise InputError(problems)
    return cls(**read)


def _allowed(hint: Any, value: Any, minimum: float) -> str:
    """Return what would have been allowed; empty when the value is right."""
    options = typing.get_args(hint) if isinstance(hint, types.UnionType) else (hint,)
    if value is None and type(None) in options:
        return ""
    (kind,) = [option for option in options if option is not type(None)]
    kind = typing.get_origin(kind) or kind
    accepted: tuple[type, ...] = {float: (int, float), list: (list, tuple)}.get(kind, (kind,))
    is_right = isinstance(value, accepted) and (kind is bool or not isinstance(value, bool))
    if is_right and kind in (int, float) and value < minimum:
        is_right = False
    suffix = " or null" if type(None) in options else ""
    return "" if is_right else _WORDS[kind] + (f" of at least {minimum}" if kind in (int, float) else "") + suffix
