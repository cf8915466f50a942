"""The schema as a tree of defaults, and the keys in it."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, fields, is_dataclass
from enum import StrEnum
from typing import Any

from yololab.config.schema import GROUP_CLASSES, OWN_SETTINGS
from yololab.config.settings import settings_of
from yololab.config.train_arguments.arguments import USER_ARGUMENTS, TrainArguments
from yololab.findings import CHECKS


def default_tree() -> dict[str, Any]:
    """Return the schema's defaults as a plain tree: what stands first in the defaults list."""
    own = {name: _plain(item.default) for name, item in OWN_SETTINGS.items()}
    return asdict(TrainArguments()) | own | {"dry_run": False}


def known_keys() -> list[str]:
    """Return every key that can be set, in dotted form."""
    severities = [f"check.severity.{name}" for name in CHECKS]
    return sorted([*USER_ARGUMENTS, *OWN_SETTINGS, *_dotted(GROUP_CLASSES), *severities])


def _dotted(groups: Mapping[str, Any]) -> Iterator[str]:
    """Return the keys of groups and of the groups in them."""
    for group, cls in groups.items():
        for name, item in settings_of(cls).items():
            yield f"{group}.{name}"
            if is_dataclass(item.kind):
                yield from _dotted({f"{group}.{name}": item.kind})


def _plain(value: Any) -> Any:
    """Return a default as YAML holds it."""
    if is_dataclass(value) and not isinstance(value, type):
        return {item.name: _plain(getattr(value, item.name)) for item in fields(value)}
    return value.value if isinstance(value, StrEnum) else value
