"""Work that a forked process does beside this one: it leaves files, and can as well be done here where that fails.

A forked process has nothing but the thread that forked it: what is done there must not wait for another one.
"""

import logging
import os
import pickle
import signal
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import IO, Any, Generic, TypeVar

from yololab.host.parent import tie_to

Found = TypeVar("Found")

_LOOK_SECONDS = 0.02
# One that uses no processor for so long waits for something that a forked process does not have.
_STUCK_SECONDS = 20.0
# Next to what this process computes it takes what is left over.
_NICE = 10


class Beside(Generic[Found]):
    """Work that is being done by another process.

    Args:
        process: The number of the process.
        found: Where it puts what it finds.

    Attributes:
        done: Whether it has been done; None while that is not known.
    """

    def __init__(self, process: int, found: IO[bytes]) -> None:
        self._process, self._found = process, found
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
        return self.end()

    def wait_while_it_works(self, stuck_seconds: float = _STUCK_SECONDS) -> bool:
        """Wait for its end, however long that takes, as long as it uses the processor.

        Args:
            stuck_seconds: After so long without it is ended.
        """
        used, since = -1.0, time.monotonic()
        while self.look() is None and time.monotonic() - since < stuck_seconds:
            now = _processor_seconds(self._process)
            if now != used:
                used, since = now, time.monotonic()
            time.sleep(_LOOK_SECONDS)
        return self.end()

    def end(self) -> bool:
        """End it if it runs; return whether it was done before."""
        if self.look() is None:
            with suppress(ProcessLookupError):
                os.kill(self._process, signal.SIGKILL)
            self._reap(0)
        return bool(self.done)

    @property
    def found(self) -> Found:
        """What it has found, once it is done."""
        self._found.seek(0)
        found: Found = pickle.load(self._found)
        return found

    def _reap(self, how: int) -> None:
        try:
            process, status = os.waitpid(self._process, how)
        except ChildProcessError:  # somebody else has waited for all children: nobody knows how it went
            process, status = self._process, 1
        if process:
            self.done = os.waitstatus_to_exitcode(status) == 0


# What was begun within each `ended_together` that is open.
_open: list[list[Beside[Any]]] = []


@contextmanager
def ended_together() -> Iterator[None]:
    """End on leaving what was begun within and still runs: nobody waits for it any more."""
    running: list[Beside[Any]] = []
    _open.append(running)
    try:
        yield
    finally:
        _open.pop()
        for beside in running:
            beside.end()


def begin(work: Callable[[], Found]) -> Beside[Found] | None:
    """Begin some work in a process of its own.

    Args:
        work: What is done; what it returns must be picklable. What it raises is not told: it is done again here.

    Returns:
        The work, on its way; None where no process can be forked, as on other systems than Linux.
    """
    if sys.platform != "linux":
        return None
    found = tempfile.TemporaryFile()  # noqa: SIM115  (the work keeps it open)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # of threads: what is done there needs none of them
            process = os.fork()
    except OSError:  # no room for one
        found.close()
        return None
    if not process:
        _end_with(work, found)
    beside: Beside[Found] = Beside(process, found)
    if _open:
        _open[-1].append(beside)
    return beside


def _processor_seconds(process: int) -> float:
    """Return the seconds of the processor that a process has used; 0 when that is not known."""
    import psutil

    try:
        times = psutil.Process(process).cpu_times()
    except psutil.Error:
        return 0.0
    return float(times.user + times.system)


def _end_with(work: Callable[[], Any], found: IO[bytes]) -> None:
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
        pickle.dump(work(), found)
        found.flush()
        code = 0
    finally:
        os._exit(code)
