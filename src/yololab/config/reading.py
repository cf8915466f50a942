"""How a setting is read: one reader for each kind of value, for the settings of a run and of its engine alike.

A reader takes a setting and a value, and returns the value as it is used, or raises `ValueError`. Where Ultralytics
checks an argument before the training (`check_cfg` in `ultralytics/cfg/__init__.py`), its reader accepts the same
values; where Ultralytics meets a bad one only during the training, or never, the reader refuses it at once.
"""

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import is_dataclass
from enum import StrEnum
from functools import cache
from typing import Any, TypeGuard, TypeVar

from yololab.config.nearest import nearest, unknown_key
from yololab.config.settings import Kind, Setting, settings_of
from yololab.errors import InputError, Problem, noting
from yololab.text import one_of

Group = TypeVar("Group")

_MODULE = re.compile(r"\d+(\.\w+)+")
# Ultralytics' names of a precision, as `QUANTIZE_ALIASES` in `ultralytics/cfg/__init__.py` maps them.
PRECISIONS: dict[str, int | str] = {
    **dict.fromkeys(("8", "int8", "w8a8"), 8),
    **dict.fromkeys(("16", "fp16", "w16a16"), 16),
    **dict.fromkeys(("32", "fp32", "w32a32"), 32),
    "w8a16": "w8a16",
    "w8a32": "w8a32",
}


def read(setting: Setting, where: str, value: Any) -> Any:
    """Return the value of a setting as it is used (`1e2` epochs are 100).

    Args:
        setting: What may be said.
        where: The setting's place in a message, e.g. `search.trials`.
        value: The value, as YAML or the command line gave it.

    Raises:
        InputError: The value is of a wrong type or out of range; of a group, everything that is wrong with it.
    """
    if value is None and setting.optional:
        return None
    if setting.reader is not None:
        return setting.reader(where, value)
    if is_dataclass(setting.kind):
        return read_group(setting.kind, where, value)
    try:
        return _read_value(setting, value)
    except (ValueError, OverflowError):
        raise InputError(Problem(where, f"{value!r}", allowed(setting), _mending(setting, where, value))) from None


def read_group(cls: type[Group], where: str, values: Any) -> Group:
    """Return a group of settings as an instance of the dataclass that declares them.

    Args:
        cls: The dataclass.
        where: The group's place, which stands before each name in a message.
        values: Name → value; what is missing keeps its default.

    Raises:
        InputError: Every unknown name and every value that is not right.
    """
    kind: Any = cls
    declared = _declared(kind)
    if not isinstance(values, Mapping):
        remedy = f"set one of its keys, e.g. `{where}.{next(iter(declared))}=…`"
        raise InputError(Problem(where, f"{values!r}", "a group of settings", remedy))
    problems: list[Problem] = []
    found = {}
    for name, value in values.items():
        with noting(problems):
            if name not in declared:
                raise InputError(unknown_key(str(name), declared, f"{where}."))
            found[name] = read(declared[name], f"{where}.{name}", value)
    if problems:
        raise InputError(problems)
    return cls(**found)


@cache
def _declared(cls: Any) -> Mapping[str, Setting]:
    """Return the settings of a class, found out once: its annotations take longer to read than its values."""
    return settings_of(cls)


def allowed(setting: Setting) -> str:
    """Return what is allowed, as an error message says it."""
    kind = setting.kind
    text = one_of(member.value for member in kind) if _is_enum(kind) else _KINDS[kind][1]
    return (text if isinstance(text, str) else text(setting)) + (", or null" if setting.optional else "")


def _read_value(setting: Setting, value: Any) -> Any:
    kind = setting.kind
    if _is_enum(kind):
        # YAML reads a bare `no` or `off` as false; none of our words is a boolean.
        _accept(isinstance(value, str))
        return kind(value)
    return _KINDS[kind][0](setting, value)


def _is_enum(kind: Any) -> TypeGuard[type[StrEnum]]:
    return isinstance(kind, type) and issubclass(kind, StrEnum)


def _mending(setting: Setting, where: str, value: Any) -> str:
    """Return how a refused value could be written, when it shows what was meant."""
    if isinstance(value, str):
        try:
            number = _read_value(setting, float(value))
        except ValueError:
            close = nearest(value, setting.choices)
            return f"did you mean {where}={close[0]}?" if close else ""
        return f"write it as a number: {where}={number}"
    if setting.kind in (Kind.FLOAT, Kind.INT, float, int) and isinstance(value, (list, tuple)) and value:
        return f"several values are a sweep: yololab -m {where}={','.join(map(str, value))}"
    if setting.kind is Kind.IMGSZ and isinstance(value, (list, tuple)) and all(isinstance(x, int) for x in value):
        return f"Ultralytics would train at the larger side: {where}={max(value, default=setting.default)}"
    return ""


def _accept(condition: bool) -> None:
    if not condition:
        raise ValueError


def _is_finite(value: Any) -> bool:
    return isinstance(value, int) or (isinstance(value, float) and math.isfinite(value))


def _number(setting: Setting, value: Any) -> int | float:
    _accept(_is_finite(value))
    _accept(setting.at_least is None or value >= setting.at_least)
    _accept(setting.at_most is None or value <= setting.at_most)
    # To Ultralytics false is 0, as in `mosaic=False`; the record shows the number.
    return int(value) if isinstance(value, bool) else value


def _whole(setting: Setting, value: Any) -> int:
    _accept(not isinstance(value, float) or value.is_integer())
    return int(_number(setting, value))


def _bool(_setting: Setting, value: Any) -> bool:
    _accept(isinstance(value, bool))
    return bool(value)


def _text(setting: Setting, value: Any) -> str:
    _accept(isinstance(value, str) and value != "")
    if not setting.choices:
        return str(value)
    spelling = {choice.lower(): choice for choice in setting.choices}
    _accept(value.lower() in spelling)
    return spelling[value.lower()]


def _switch(setting: Setting, value: Any) -> bool | str:
    return value if isinstance(value, bool) else _text(setting, value)


def _batch(setting: Setting, value: Any) -> int | float:
    if isinstance(value, float) and 0 < value < 1:
        return value
    count = _whole(setting, value)
    _accept(count == -1 or count >= 1)
    return count


def _class_ids(_setting: Setting, value: Any) -> int | list[int]:
    ids = list(value) if isinstance(value, (list, tuple)) else [value]
    _accept(bool(ids) and all(type(item) is int and item >= 0 for item in ids))
    return ids if isinstance(value, (list, tuple)) else ids[0]


def _layers(_setting: Setting, value: Any) -> int | list[int | str]:
    if isinstance(value, (list, tuple)):
        # A module's name begins with its layer; another one would freeze nothing, without a word.
        _accept(all((type(item) is int and item >= 0) or bool(_MODULE.fullmatch(str(item))) for item in value))
        return list(value)
    _accept(isinstance(value, int) and value >= 0)
    return int(value)


def _image_size(setting: Setting, value: Any) -> int:
    if isinstance(value, (list, tuple)):
        # Ultralytics trains `640,480` at 640 and says so in one line of its log.
        _accept(bool(value) and all(side == value[0] for side in value))
        value = value[0]
    _accept(not isinstance(value, bool))
    return _whole(setting, int(value) if isinstance(value, str) and value.isdecimal() else value)


def _run_name(_setting: Setting, value: Any) -> str | None:
    _accept(isinstance(value, (str, int, float)) and not isinstance(value, bool))
    name = str(value).strip()
    _accept(name not in ("", ".", "..") and not any(letter in '/\\:*?"<>|' or ord(letter) < 32 for letter in name))
    # Ultralytics' `name=model` asks for the model's own name, which is what a run without a name gets here.
    return None if name == "model" else name


def _precision(_setting: Setting, value: Any) -> int | str:
    _accept(str(value).lower() in PRECISIONS)
    return PRECISIONS[str(value).lower()]


def _scale(setting: Setting, value: Any) -> int | float | list[int | float]:
    if not isinstance(value, (list, tuple)):
        return _number(setting, value)
    _accept(len(value) == 2 and all(_is_finite(item) for item in value))
    return list(value)


def _subset(_setting: Setting, value: Any) -> int | float | list[int | float]:
    if isinstance(value, (list, tuple)):
        _accept(len(value) in (2, 3) and all(_is_share(item) for item in value) and all(value[:2]))
        return [float(item) if item in (0, 1) else item for item in value]
    _accept(_is_share(value) and value > 0)
    return 1.0 if value == 1 else value


def _is_share(value: Any) -> bool:
    return (type(value) is int and value >= 0) or (type(value) is float and 0 <= value <= 1)


def _own_number(setting: Setting, value: Any) -> float:
    """Read a number of ours: true is none, and infinity is one."""
    _accept(isinstance(value, (int, float)) and not isinstance(value, bool))
    low, high = setting.at_least, setting.at_most
    _accept((-math.inf if low is None else low) <= value <= (math.inf if high is None else high))
    return float(value)


def _own_count(setting: Setting, value: Any) -> int:
    number = _own_number(setting, value)
    _accept(number.is_integer())
    return int(number)


def _own_text(_setting: Setting, value: Any) -> str:
    _accept(isinstance(value, (str, int, float)) and not isinstance(value, bool))
    return str(value)


def _own_list(_setting: Setting, value: Any) -> list[Any]:
    _accept(isinstance(value, (list, tuple)))
    return list(value)


def _own_mapping(_setting: Setting, value: Any) -> dict[str, Any]:
    _accept(isinstance(value, Mapping))
    return {str(name): item for name, item in value.items()}


def _range(setting: Setting) -> str:
    article = "a number" if setting.kind in (Kind.FLOAT, float) else "a whole number"
    # `:g` writes 1.0 as 1, and a large int as 4.29497e+09
    low, high = (f"{limit:g}" if isinstance(limit, float) else limit for limit in (setting.at_least, setting.at_most))
    if low is not None and high is not None:
        return f"{article} from {low} to {high}"
    return article if low is None else f"{article} of at least {low}"


def _choices_or_text(setting: Setting) -> str:
    return f"one of {', '.join(setting.choices)}" if setting.choices else "text"


def _choices_or_path(setting: Setting) -> str:
    return f"true, false, or {_choices_or_text(setting) if setting.choices else 'a path'}"


# Each kind with its reader, and what is allowed.
_KINDS: dict[Kind | type, tuple[Callable[[Setting, Any], Any], str | Callable[[Setting], str]]] = {
    Kind.ANY: (lambda _, value: value, "anything"),
    Kind.BATCH: (_batch, "a whole number from 1, -1 for what fits, or the part of the GPU's memory to fill (e.g. 0.7)"),
    Kind.BOOL: (_bool, "true or false"),
    Kind.CLASSES: (_class_ids, "a class id or a list of them, e.g. [0,2]"),
    Kind.FLOAT: (_number, _range),
    Kind.FREEZE: (_layers, "a number of layers, or a list of layer numbers and module names, e.g. [0,1,23.cv2]"),
    Kind.IMGSZ: (_image_size, "one whole number from 1 on: training images are square"),
    Kind.INT: (_whole, _range),
    Kind.NAME: (_run_name, "a folder's name, without slashes"),
    Kind.QUANTIZE: (_precision, f"one of {', '.join(PRECISIONS)}"),
    Kind.SCALE: (_scale, "a number from 0 to 1, or a pair [smallest,largest]"),
    Kind.STR: (_text, _choices_or_text),
    Kind.SUBSET: (_subset, "a ratio above 0 up to 1, a count above 1, or a list of those for [train,val,test]"),
    Kind.SWITCH: (_switch, _choices_or_path),
    bool: (_bool, "true or false"),
    dict: (_own_mapping, "names with their values: {name: value}"),
    float: (_own_number, _range),
    int: (_own_count, _range),
    list: (_own_list, "a list"),
    str: (_own_text, "text"),
}
