"""Putting something of ours in the place of a module's own, for a while."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import ModuleType
from typing import Any


@contextmanager
def replaced(module: ModuleType | type, values: Mapping[str, Any]) -> Iterator[None]:
    """Give names of a module or class other values, and put the old ones back on leaving, whatever happens.

    Args:
        module: The module or class in which the names are looked up when they are used.
        values: Name → value. Each name must exist: what has moved must not go unnoticed.

    Raises:
        AttributeError: The module has no such name.
    """
    before = {name: getattr(module, name) for name in values}
    for name, value in values.items():
        setattr(module, name, value)
    try:
        yield
    finally:
        for name, value in before.items():
            setattr(module, name, value)


@contextmanager
def preserved_environment(*names: str) -> Iterator[None]:
    """Put environment variables back on leaving, also those that were not set."""
    before = {name: os.environ.get(name) for name in names}
    try:
        yield
    finally:
        set_environment(before)


def set_environment(values: Mapping[str, str | None]) -> None:
    """Set environment variables; None takes one away."""
    for name, value in values.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value
