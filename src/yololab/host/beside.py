"""Work that a forked process does beside this one: it leaves files, and can as well be done here where that fails.

A forked process has nothing but the thread that forked it: what is done there must not wait for another one.
"""

import logging
import os
import signal
import sys
import time
import warnings
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from yololab.host.parent import tie_to

_LOOK_SECONDS = 0.02
# Next to what this process computes it takes what is left over.
_NICE = 10


class Beside:
    """Work that is being done by another process.

    Args:
        process: The number of the process.

    Attributes:
        done: Whether it has been done; None while that is not known.
    """

    def __init__(self, process: int) -> None:
        self._process = process
        self.done: bool | None = None

    def look(self) -> bool | None:
        """Return whether it has been done, without waiting; None while the process runs."""
        if self.done is None:
            self._reap(os.WNOHANG)
        return self.done

    def wait(self, until: float) -> bool:
        """Wait for its end, and end it when it is late.

        Args:
            until: When it is late, in seconds of `time.monotonic`.
        """
        while self.look() is None and time.monotonic() < until:
            time.sleep(_LOOK_SECONDS)
        if self.done is None:
            with suppress(ProcessLookupError):
                os.kill(self._process, signal.SIGKILL)
            self._reap(0)
        return bool(self.done)

    def _reap(self, how: int) -> None:
        try:
            process, status = os.waitpid(self._process, how)
        except ChildProcessError:  # somebody else has waited for all children: nobody knows how it went
            process, status = self._process, 1
        if process:
            self.done = os.waitstatus_to_exitcode(status) == 0


def begin(work: Callable[[], Any]) -> Beside | None:
    """Begin some work in a process of its own.

    Args:
        work: What is done. What it raises is not told: it is done again here.

    Returns:
        The work, on its way; None where no process can be forked, as on other systems than Linux.
    """
    if sys.platform != "linux":
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # of threads: what is done there needs none of them
            process = os.fork()
    except OSError:  # no room for one
        return None
    if not process:
        _end_with(work)
    return Beside(process)


def _end_with(work: Callable[[], Any]) -> None:
    """Do the work, and end this process: with 0 when it was done.

    It says nothing: the terminal is the parent's, and what went wrong is told where it is done again.
    """
    code = 1
    try:
        silent = os.open(os.devnull, os.O_WRONLY)
        os.dup2(silent, 1)
        os.dup2(silent, 2)
        tie_to(os.getppid(), signal.SIGKILL)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        logging.disable()
        os.nice(_NICE)
        work()
        code = 0
    finally:
        os._exit(code)
