"""Python's search for garbage, kept away from what is imported: millions of objects, and none of them is garbage."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


class _Process:
    """What is known of this process."""

    ours = False


def own_process() -> None:
    """Say that this process is a command of ours: what it has imported is never looked through again."""
    _Process.ours = True


@contextmanager
def importing() -> Iterator[None]:
    """Look for no garbage while something large is imported.

    Afterwards a process of our own leaves all that there is alone. In one of somebody else (a notebook), what is there
    can become garbage later.
    """
    before = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if _Process.ours:
            gc.freeze()
        if before:
            gc.enable()
