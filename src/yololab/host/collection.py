"""Python's search for garbage, kept away from where there is none: what is imported, what is read of a dataset."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


class _Process:
    """What is known of this process."""

    ours = False


def own_process() -> None:
    """Say that this process is a command of ours: what it has imported is never looked through again."""
    _Process.ours = True


def leave_all_alone() -> None:
    """Let a process of our own end without a look at all that it holds: PyTorch makes a great deal."""
    if _Process.ours:
        gc.freeze()


@contextmanager
def uncollected() -> Iterator[None]:
    """Look for no garbage while many objects are made that stay."""
    before = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if before:
            gc.enable()


@contextmanager
def importing() -> Iterator[None]:
    """Look for no garbage while something large is imported.

    Afterwards a process of our own leaves all that there is alone. In one of somebody else (a notebook), what is there
    can become garbage later.
    """
    with uncollected():
        try:
            yield
        finally:
            if _Process.ours:
                gc.freeze()
