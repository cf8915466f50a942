"""yololab: experiments for Ultralytics YOLO that are checked before, compared with a baseline, and recorded.

From Python: `run_experiment`, `sweep`, `check`, `estimate`, `evaluate`, `compare`, … (see `yololab.api`), imported on
first use.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.2.0"
__all__ = [
    "__version__",
    "check",
    "compare",
    "estimate",
    "evaluate",
    "extend",
    "labels",
    "load_experiment",
    "load_sweep",
    "predict",
    "resume",
    "run_experiment",
    "sweep",
]

if TYPE_CHECKING:
    from yololab.api import (
        check,
        compare,
        estimate,
        evaluate,
        extend,
        labels,
        load_experiment,
        load_sweep,
        predict,
        resume,
        run_experiment,
        sweep,
    )


def __getattr__(name: str) -> Any:
    """Import the Python interface on first use, so that `yololab --help` does not pay for it."""
    if name in __all__:
        return getattr(import_module("yololab.api"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    """Return what there is, also before it is imported."""
    return sorted({*globals(), *__all__})
