"""Why a key is refused that Ultralytics takes, and what to use instead."""

from pathlib import Path
from typing import Any

import yaml

from yololab.config.train_arguments.arguments import TRAIN_ARGUMENTS
from yololab.errors import Problem

# Key → reason, remedy, and the harmless values, which ask for nothing.
_REFUSALS: dict[str, dict[str, Any]] = yaml.load(
    Path(__file__).with_name("refusals.yaml").read_text(encoding="utf-8"), yaml.CSafeLoader
)
for _row in TRAIN_ARGUMENTS.values():
    if _row.owner == "export":
        _remedy = f"use export.{_row.name}=…"
        _REFUSALS[_row.name] = {"reason": "exports have their own settings", "remedy": _remedy}
    elif _row.owner == "predict":
        _remedy = f"leave it out, or use `yolo predict … {_row.name}=…`"
        _REFUSALS[_row.name] = {"reason": "no training reads it", "remedy": _remedy, "harmless": [_row.default]}


def refusal(name: str, value: Any) -> Problem | None:
    """Return why `name=value` is refused, with the replacement, or None when it may stand.

    A refused key may carry the one value that asks for nothing, such as `save=True` or `mode=train`.
    """
    refused = _REFUSALS.get(name)
    if refused is None or any(type(value) is type(item) and value == item for item in refused.get("harmless", ())):
        return None
    return Problem(name, f"{value!r} cannot be set: {refused['reason']}", remedy=refused["remedy"])
