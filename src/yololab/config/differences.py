"""What a user changed: the settings of an experiment that are not the schema's or the default hparams'."""

from dataclasses import asdict, fields, is_dataclass
from enum import StrEnum
from functools import cache
from typing import Any

import yaml

from yololab.config.defaults import default_tree
from yololab.config.folders import conf_dir
from yololab.config.schema import GROUP_CLASSES, ExperimentConfig, Speed

_DEFAULT_FILES = ("hparams/default.yaml", "augmentation/default.yaml")
# Shown in other lines: the groups' choices, and where things lie.
_NOT_SHOWN = frozenset({"model", "data", "device", "paths", "approval", "report"})


@cache
def _default_values() -> dict[str, Any]:
    """Return the defaults as a run without any override has them."""
    tree = default_tree()
    for name in _DEFAULT_FILES:
        tree |= yaml.safe_load((conf_dir() / name).read_text(encoding="utf-8"))
    return tree | {"verbose": False}


def changed_settings(config: ExperimentConfig) -> list[tuple[str, Any, Any]]:
    """Return `(key, value, default)` of everything that differs from the defaults, in the schema's order."""
    defaults = _default_values()
    changed = [
        (key, value, defaults.get(key))
        for key, value in vars(config.train).items()
        if value != defaults.get(key) and key != "name"
    ]
    for group in GROUP_CLASSES:
        if group in _NOT_SHOWN:
            continue
        for item in fields(GROUP_CLASSES[group]):
            value, default = getattr(getattr(config, group), item.name), defaults[group][item.name]
            if is_dataclass(value) and not isinstance(value, type):
                changed += [
                    (f"{group}.{item.name}.{key}", inner, default[key])
                    for key, inner in asdict(value).items()
                    if inner != default[key]
                ]
                continue
            plain = value.value if isinstance(value, StrEnum) else value
            if plain != default:
                changed.append((f"{group}.{item.name}", plain, default))
    if config.speed is not Speed.EXACT:
        changed.append(("speed", config.speed.value, Speed.EXACT.value))
    if config.model.pretrained is not True:
        changed.append(("model.pretrained", config.model.pretrained, True))
    return changed
