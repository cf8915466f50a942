"""Settings that no kind describes: a reader for each, which takes the setting's place and the value that was given."""

import math
import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from yololab.config.nearest import unknown_key
from yololab.errors import InputError, Problem
from yololab.extensions import Point, extensions
from yololab.findings import CHECKS, RATINGS
from yololab.text import one_of

TRACKERS = ("clearml", "comet", "dvc", "mlflow", "tensorboard", "trackio", "wandb")


def read_subset(where: str, value: Any) -> int | float:
    """Read a ratio in (0, 1], or a count of images above 1."""
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not number or not (0 < value <= 1 or (value > 1 and float(value).is_integer())):
        raise InputError(Problem(where, f"{value!r}", "a ratio in (0, 1] or a whole number of images above 1"))
    return int(value) if value > 1 else float(value)


def read_source(where: str, value: Any) -> str:
    """Read the name of one dataset; a list would be several trainings in one."""
    if not isinstance(value, str) or not value.strip():
        remedy = "one training has one dataset; for several, `-m data=a.yaml,b.yaml` makes one run each"
        allowed = "a data.yaml, a folder, or a name that Ultralytics ships"
        raise InputError(Problem(where, f"{value!r}", allowed, remedy))
    return value


def read_device(where: str, value: Any) -> str | None:
    """Read Ultralytics' device string; a number or a list of numbers is turned into it."""
    if isinstance(value, (list, tuple)) and all(isinstance(item, int) for item in value):
        return ",".join(str(item) for item in value) or None
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        raise InputError(Problem(where, f"{value!r}", "cpu, mps, the number of a GPU, or several: 0,1"))
    return str(value).replace(" ", "").removeprefix("cuda:") or None


def read_threads(where: str, value: Any) -> int | None:
    """Read a number of threads; `auto` is as good as nothing."""
    if value == "auto":
        return None
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise InputError(Problem(where, f"{value!r}", "auto, or a whole number of at least 1"))
    return value


def read_severity(where: str, value: Any) -> dict[str, str | None]:
    """Read how bad a check's findings are, for each check that is rated anew."""
    if not isinstance(value, Mapping):
        raise InputError(Problem(where, f"{value!r}", f"{where}.<check>=<{'|'.join(RATINGS)}>"))
    # YAML reads a bare `off` as false
    rated = {str(name): "off" if rating is False else rating for name, rating in value.items() if rating is not None}
    checks = {*CHECKS, *extensions(Point.CHECKS)}
    problems = [unknown_key(name, CHECKS, f"{where}.") for name in rated if name not in checks]
    problems += [
        Problem(f"{where}.{name}", f"{rating!r}", one_of(RATINGS))
        for name, rating in rated.items()
        if name in checks and rating not in RATINGS
    ]
    if problems:
        raise InputError(problems)
    return dict.fromkeys(CHECKS) | rated


def read_limits(where: str, value: Any, at_least: float = -math.inf, at_most: float = math.inf) -> dict[str, float]:
    """Read a number for each name."""
    if not isinstance(value, Mapping):
        raise InputError(Problem(where, f"{value!r}", "names with their limits: {cat:0.5,dog:0.4}"))
    allowed = "a number" if math.isinf(at_least) else f"a number from {at_least:g} to {at_most:g}"
    problems = [
        Problem(f"{where}.{name}", f"{limit!r}", allowed)
        for name, limit in value.items()
        if isinstance(limit, bool) or not isinstance(limit, (int, float)) or not at_least <= limit <= at_most
    ]
    if problems:
        raise InputError(problems)
    return {str(name): limit for name, limit in value.items()}


def read_floors(where: str, value: Any) -> dict[str, float]:
    """Read a number from 0 to 1 for each class that is named."""
    return read_limits(where, value, 0, 1)


def read_tracking(where: str, value: Any) -> list[str]:
    """Read the names of trackers, each once; one name may stand alone, and `none` is none."""
    names = [value] if isinstance(value, str) else value or []
    names = [] if names in (["none"], ("none",)) else names
    allowed = f"none, or any of {', '.join(TRACKERS)}"
    if not isinstance(names, (list, tuple)):
        raise InputError(Problem(where, f"{value!r}", allowed))
    problems = [Problem(where, f"{name!r}", allowed) for name in names if name not in TRACKERS]
    if problems:
        raise InputError(problems)
    return list(dict.fromkeys(names))


class Correction(StrEnum):
    """How several primary metrics share one α."""

    HOLM = "holm"
    HIERARCHY = "hierarchy"


def read_metric_names(where: str, value: Any) -> list[str] | None:
    """Read the names of metrics, each once; one name may stand alone."""
    names = [value] if isinstance(value, str) else value
    if names is None:
        return None
    if not isinstance(names, (list, tuple)) or not names or not all(isinstance(name, str) for name in names):
        raise InputError(Problem(where, f"{value!r}", "a metric, or a list of metrics: [mAP50-95,recall]"))
    if len(set(names)) < len(names):
        raise InputError(Problem(where, f"{value!r}", "each metric once"))
    return list(names)


def read_group(where: str, value: Any) -> str | None:
    """Read what names the group of an image: a folder, a column of a CSV file, or a regular expression."""
    try:
        re.compile(str(value or ""))
    except re.error as error:
        allowed = "folder, alike, file.csv:column, or a regular expression on an image's path"
        raise InputError(Problem(where, f"{value!r}: {error}", allowed)) from None
    return str(value) if value else None


def read_threshold(where: str, value: Any) -> str:
    """Read a rule that chooses a threshold, and write it without spaces."""
    text = re.sub(r"\s", "", str(value))
    found = re.fullmatch(r"(?:f1|(?:recall|precision)>=(0?\.\d+|1(?:\.0*)?))", text)
    if found is None or (found[1] and not float(found[1])):
        allowed = "f1, or a quoted 'recall>=0.9' or 'precision>=0.95', above 0 and up to 1"
        raise InputError(Problem(where, f"{value!r}", allowed))
    return text


SLICES = ("size", "brightness", "blur", "crowding", "group", "folder")
_TABLE = re.compile(r".+\.csv:.+", re.IGNORECASE)


def read_slices(where: str, value: Any) -> list[str] | None:
    """Read by what images are told apart: words, and columns of CSV files; null for what is usual, none for nothing."""
    if value is None:
        return None
    given = value.split(",") if isinstance(value, str) else value
    allowed = f"{', '.join(SLICES)}, file.csv:column; none for no slices"
    if not isinstance(given, (list, tuple)):
        raise InputError(Problem(where, f"{value!r}", allowed))
    names = [str(name).strip() for name in given if name not in ("none", "None")]
    wrong = [name for name in names if name not in SLICES and not _TABLE.fullmatch(name)]
    if wrong:
        raise InputError([Problem(where, f"{name!r}", allowed) for name in wrong])
    return list(dict.fromkeys(names))


def read_notes(_where: str, value: Any) -> str:
    """Read any text."""
    return str(value or "")
