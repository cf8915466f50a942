"""Stopping on a signal: the first one lets a training end its batch, the second stops at once.

SIGINT and SIGTERM come from people and from every system; SIGUSR1 and SIGUSR2 are how clusters tell a job that its time
is nearly over, and how often they say so means nothing: only the first two insist when they come again.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from types import FrameType

from yololab.errors import InterruptedRunError

SIGNALS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGUSR1", "SIGUSR2") if hasattr(signal, name))
NOTICES = tuple(getattr(signal, name) for name in ("SIGUSR1", "SIGUSR2") if hasattr(signal, name))
INTERRUPTED = "interrupted; what was reached is saved"


@contextmanager
def handled(numbers: Iterable[int], handler: Callable[[int, FrameType | None], object] | None = None) -> Iterator[None]:
    """Handle signals, and put back what handled them before; outside the main thread Python allows no handlers.

    Args:
        numbers: The signals.
        handler: Who is called; None leaves that as it is, and only makes good what the block changes.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, handler) if handler else signal.getsignal(number) for number in numbers}
    try:
        yield
    finally:
        for number, old in before.items():
            signal.signal(number, old)


class StopSignal:
    """Whether the user (or the system) asked the job to stop.

    Outside of `waiting_for_batch` the first signal already raises: there is nothing that must be finished first.
    """

    def __init__(self) -> None:
        self.requested = False
        self._gentle = False
        self._insisted = False

    def __call__(self) -> bool:
        """Return whether a stop was requested."""
        return self.requested

    @contextmanager
    def listening(self) -> Iterator[StopSignal]:
        """Handle the signals while the job runs."""
        with handled(SIGNALS, self._handle):
            yield self

    @contextmanager
    def waiting_for_batch(self) -> Iterator[None]:
        """Let the first signal only set the request: the training polls it and ends with a checkpoint."""
        self._gentle = True
        try:
            yield
        finally:
            self._gentle = False
        if self.requested:
            raise InterruptedRunError(INTERRUPTED)

    @contextmanager
    def at_prompt(self) -> Iterator[None]:
        """Give Ctrl-C its ordinary meaning while a question is open: it answers no."""
        with handled([signal.SIGINT], signal.default_int_handler):
            yield

    def _handle(self, number: int, frame: FrameType | None) -> None:
        del frame
        insists = number not in NOTICES
        if self.requested and not insists:
            return
        at_once = not self._gentle or self._insisted
        self.requested = True
        self._insisted |= insists
        if at_once:
            # No Exception: it must pass through whatever code the signal happens to meet.
            raise KeyboardInterrupt(signal.Signals(number).name)
