"""The engines by name. One more is a module with a `make_executor`, a row here, and conf/hydra/launcher/<name>.yaml."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import Any

from yololab.errors import InputError, Problem
from yololab.sweep.executor import BODY, Executor, Resources

# name → the module whose `make_executor(settings, resources, body)` makes it; imported when it is chosen.
ENGINES = {"local": "yololab.sweep.local"}


def make_executor(
    engine: str, settings: Mapping[str, Any], resources: Resources, body: Sequence[str] = BODY
) -> Executor:
    """Return an engine.

    Args:
        engine: Its name.
        settings: Its own settings, as they stand in its launcher's config.
        resources: What each trial gets.
        body: The command of a trial, without the folder.

    Raises:
        InputError: There is no such engine, or a setting is wrong.
    """
    if engine not in ENGINES:
        raise InputError(Problem("hydra/launcher", f"{engine!r}", f"one of {', '.join(ENGINES)}"))
    make: Callable[[Mapping[str, Any], Resources, Sequence[str]], Executor] = import_module(
        ENGINES[engine]
    ).make_executor
    return make(settings, resources, body)
