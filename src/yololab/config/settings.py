"""What a setting is: a field of a dataclass, its limits beside it, its meaning in the docstring of the class.

`setting(…)` declares one; `settings_of` reads a class back as `Setting`s. Everything else follows from these: what the
validation accepts and says, the defaults that Hydra composes over, and the reference page.
"""

from __future__ import annotations

import typing
from dataclasses import dataclass, field, fields
from enum import StrEnum
from functools import cache
from typing import Any


class Kind(StrEnum):
    """What sort of value an argument of Ultralytics takes."""

    ANY = "anything"
    BATCH = "batch size"
    BOOL = "true or false"
    CLASSES = "class ids"
    FLOAT = "number"
    FREEZE = "layers"
    IMGSZ = "image size"
    INT = "whole number"
    NAME = "run name"
    QUANTIZE = "precision"
    SCALE = "scale"
    STR = "text"
    SUBSET = "part of the data"
    SWITCH = "true, false or a word"


@dataclass(frozen=True)
class Setting:
    """One setting.

    Attributes:
        name: Its name.
        kind: What sort of value it takes: one of Ultralytics' kinds, or a Python type.
        default: The default; of an argument, Ultralytics' own.
        optional: Whether null is a value.
        at_least: Smallest number, where the kind is a number.
        at_most: Largest number, where the kind is a number.
        choices: The words it takes, when only certain ones count; upper and lower case are the same.
        owner: Who sets it: `user` (under this name), `group:<name>` (a config group), `export` (`export.<key>`),
            `framework` (yololab itself), `predict` (nobody: no training reads it).
        group: The config group whose setting of the same name counts where this one is null, if there is one.
    """

    name: str
    kind: Kind | type
    default: Any = None
    optional: bool = False
    at_least: float | None = None
    at_most: float | None = None
    choices: tuple[str, ...] = ()
    owner: str = "user"
    group: str = ""

    @property
    def takes_list(self) -> bool:
        """Whether several values can be one value of this setting, as in `freeze=0,1`."""
        return self.kind in (Kind.CLASSES, Kind.FREEZE, Kind.IMGSZ, Kind.SCALE, Kind.SUBSET)


def setting(default: Any, **rules: Any) -> Any:
    """Return a dataclass field for a setting.

    Args:
        default: The field's default.
        rules: Attributes of `Setting`; what is not given follows from the annotation and the default.
    """
    return field(default=default, metadata=rules)


@cache
def settings_of(cls: type) -> dict[str, Setting]:
    """Return the settings that a dataclass declares; `X | None` in an annotation makes null a value.

    Example:
        >>> @dataclass
        ... class Limits:
        ...     epochs: int | None = setting(3, at_least=1)
        >>> settings_of(Limits)["epochs"].optional
        True
    """
    hints, found = typing.get_type_hints(cls), {}
    for item in fields(cls):
        options = typing.get_args(hints[item.name]) or (hints[item.name],)
        found[item.name] = Setting(
            item.name,
            **{"kind": options[0], "default": item.default, "optional": type(None) in options} | dict(item.metadata),
        )
    return found
