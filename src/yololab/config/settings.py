"""What a setting is: a field of a dataclass, its limits beside it, its meaning in the docstring of the class.

`setting(…)` declares one; `settings_of` reads a class back as `Setting`s. Everything else follows from these: what the
validation accepts and says, the defaults that Hydra composes over, and the reference page.
"""

import inspect
import re
import types
import typing
from collections.abc import Callable
from dataclasses import MISSING, dataclass, field, fields
from enum import StrEnum
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
        kind: What sort of value it takes: Ultralytics' kind, a Python type, an Enum, or a group's dataclass.
        default: The default; of an argument, Ultralytics' own.
        optional: Whether null is a value.
        at_least: Smallest number, where the kind is a number.
        at_most: Largest number, where the kind is a number.
        choices: The words it takes, when only certain ones count; upper and lower case are the same.
        owner: Who sets it: `user` (under this name), `group:<name>` (a config group), `export` (`export.<key>`),
            `framework` (yololab itself), `predict` (nobody: no training reads it).
        group: The config group whose setting of the same name counts where this one is null, if there is one.
        reader: A reader of its own, for what no kind describes: it takes the place of the setting and the value, and
            returns the value or raises `InputError`.
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
    reader: Callable[[str, Any], Any] | None = None

    @property
    def takes_list(self) -> bool:
        """Whether several values can be one value of this setting, as in `freeze=0,1`."""
        return self.kind in (Kind.CLASSES, Kind.FREEZE, Kind.IMGSZ, Kind.SCALE, Kind.SUBSET)


def setting(default: Any, **rules: Any) -> Any:
    """Return a dataclass field for a setting.

    Args:
        default: The field's default; a function makes a new one each time.
        rules: Attributes of `Setting`; what is not given follows from the annotation and the default.
    """
    return (
        field(default_factory=default, metadata=rules) if callable(default) else field(default=default, metadata=rules)
    )


def same_as(argument: Setting) -> Any:
    """Return a dataclass field with the default and the rules of another setting."""
    rules = {item.name: getattr(argument, item.name) for item in fields(Setting) if item.name not in ("name", "group")}
    return field(default=argument.default, metadata=rules)


def settings_of(cls: Any) -> dict[str, Setting]:
    """Return the settings that a dataclass declares; `X | None` in an annotation makes null a value.

    Example:
        >>> @dataclass
        ... class Limits:
        ...     epochs: int | None = setting(3, at_least=1)
        >>> settings_of(Limits)["epochs"].optional
        True
    """
    hints, found = typing.get_type_hints(cls), dict[str, Setting]()
    for item in fields(cls):
        hint, default = hints[item.name], item.default
        options = typing.get_args(hint) if isinstance(hint, types.UnionType) else (hint,)
        if item.default_factory is not MISSING:
            default = item.default_factory()
        found[item.name] = Setting(
            item.name,
            **{
                "kind": typing.get_origin(options[0]) or options[0],
                "default": default,
                "optional": type(None) in options,
                **item.metadata,
            },
        )
    return found


def meanings_of(cls: type) -> dict[str, str]:
    """Return what each setting of a dataclass means: the `Attributes` in its docstring.

    Example:
        >>> meanings_of(Setting)["optional"]
        'Whether null is a value.'
    """
    entries = re.findall(r"^ {4}(\w+): (.*(?:\n {8}.*)*)", inspect.getdoc(cls) or "", re.MULTILINE)
    return {name: " ".join(meaning.split()) for name, meaning in entries}
