"""Stopping on a signal: the first one lets a training end its batch, the second stops at once.

SIGINT and SIGTERM come from people and from every system; SIGUSR1 and SIGUSR2 are how clusters tell a job that its time
is nearly over, and how often they say so means nothing: only the first two insist when they come again.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from yololab.errors import InterruptedRunError

SIGNALS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGUSR1", "SIGUSR2") if hasattr(signal, name))
NOTICES = tuple(getattr(signal, name) for name in ("SIGUSR1", "SIGUSR2") if hasattr(signal, name))
INTERRUPTED = "interrupted; what was reached is saved"


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
        """Handle the signals while the job runs; outside the main thread Python allows no handlers."""
        if threading.current_thread() is not threading.main_thread():
            yield self
            return
        before = {number: signal.signal(number, self._handle) for number in SIGNALS}
        try:
            yield self
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

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
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = signal.signal(signal.SIGINT, signal.default_int_handler)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, before)

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
