"""The option that a config group gets for the value that a user wrote.

`model`, `data` and `device` also take what Ultralytics takes there: a file, a name of its own, a device. Such a free
value is carried by an encoded option name (`grammar.encode_free`), so that single values and sweeps look alike.
"""

import re
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

from yololab.config.arguments.values import read_value, split_commas
from yololab.config.hydra.grammar import encode_free, quote
from yololab.errors import InputError, Problem

# The names under which Ultralytics offers pretrained weights, without `.pt` (`GITHUB_ASSETS_STEMS` in
# `ultralytics/utils/downloads.py`), as far as they can be trained.
_CHECKPOINT = re.compile(
    r"yolo(v8|11|12|26)[nsmlx](-(cls|seg|sem|pose|obb|depth|oiv7|world|worldv2|distill|sem-ade20k|objv1-150|objv1-seg"
    r"|grayscale|pose-p6))?"
    r"|yolov(3u|3-sppu|3-tinyu|5[nsmlx]6?u|9[tsmce]|9[ce]-seg|10[nsmblx])"
    r"|yoloe-(v8|11|26)[nsmlx]-seg(-pf)?|rtdetr-[lx]|yolo_nas_[sml]"
)
# The names of Ultralytics' classification datasets, which have no YAML file: folders.
_CLASS_FOLDERS = re.compile(
    r"caltech(101|256)|cifar100?|fashion-mnist|mnist(160)?|imagenet(100?)?|image(nette|woof)(160|320)?"
)
_DEVICE = re.compile(r"-?\d+|cpu|mps(:\d+)?|(cuda|npu|xpu)(:\d+)?")
_SUFFIX = re.compile(r"\.[A-Za-z]\w*$")


def option_text(text: str, group: str, options: Collection[str]) -> str:
    """Return the option of `group` that `text` asks for, in Hydra's override grammar.

    Args:
        text: One value, as the user wrote it.
        group: The group's name.
        options: The names of the group's options, shipped and the user's.

    Raises:
        InputError: It asks for none, or for several.
    """
    if "${" in text:
        return quote(text)
    return _CHOOSE.get(group, _choose_option)(group, text, options)


def is_forgotten_sweep(group: str, text: str) -> bool:
    """Return whether a value with commas, in a line without `-m`, is several values rather than one with a comma in it.

    A path may hold a comma (`data=/a,b/data.yaml`); several files or several bare names are several values.
    """
    parts = split_commas(text)
    if len(parts) < 2 or group == "device":
        return False
    if group not in _CHOOSE:
        return True
    return all(_SUFFIX.search(part) for part in parts) or not any(_is_file(part) for part in parts)


def expand_home(text: str) -> str:
    """Return `text` with a leading `~` replaced by the home folder, which shells do not do after `key=`."""
    return str(Path(text).expanduser()) if text == "~" or text.startswith("~/") else text


def _is_file(text: str) -> bool:
    return any(letter in text for letter in "./\\~")


def _choose_option(_group: str, text: str, options: Collection[str]) -> str:
    value = text if text in options else read_value(text)
    if value is None:
        lowered = text.lower()
        return lowered if lowered in options else "null"
    if isinstance(value, list) or text.startswith("["):
        return text
    return quote(value if isinstance(value, str) else text)


def _choose_model(group: str, text: str, options: Collection[str]) -> str:
    if _CHECKPOINT.fullmatch(text) and text not in options:
        return encode_free(f"{text}.pt")
    return _choose_file(group, text, options)


def _choose_data(group: str, text: str, options: Collection[str]) -> str:
    if _CLASS_FOLDERS.fullmatch(text) and text not in options:
        return encode_free(text)
    return _choose_file(group, text, options)


def _choose_file(group: str, text: str, options: Collection[str]) -> str:
    value = read_value(text)
    if value is None:
        remedy = f"leave it out for the default, or name the {group}"
        raise InputError(Problem(group, f"{text!r}", "an option, or a file", remedy))
    if isinstance(value, list) or (text.startswith("[") and text.endswith("]")):
        remedy = f"for several, `yololab -m {group}=<first>,<second>` makes one run each"
        raise InputError(Problem(group, f"{text!r} is a list", "one value: a run has one", remedy))
    name = value if isinstance(value, str) else text
    return encode_free(expand_home(name)) if _is_file(name) else _choose_option(group, name, options)


def _choose_device(_group: str, text: str, options: Collection[str]) -> str:
    if text.lower() in options:
        return quote(text.lower())
    devices = _device_names(read_value(text))
    known = all(_DEVICE.fullmatch(name) for name in devices)
    return encode_free(",".join(devices)) if known else quote(text)


def _device_names(value: Any) -> list[str]:
    """Return the devices one by one; none at all leaves the choice to Ultralytics."""
    if isinstance(value, list):
        return [name for item in value for name in _device_names(item)]
    plain = "" if value is None else re.sub(r"[\s'\"()\[\]]", "", str(value)).lower()
    return [name for name in plain.split(",") if name]


_CHOOSE: dict[str, Callable[[str, str, Collection[str]], str]] = {
    "model": _choose_model,
    "data": _choose_data,
    "device": _choose_device,
}
FREE_GROUPS = frozenset(_CHOOSE)
