"""Stopping on a signal: the first one lets a training end its batch, the second stops at once.

SIGINT and SIGTERM come from people and from every system, SIGHUP from a terminal that is closed; SIGUSR1 and SIGUSR2
are how clusters tell a job that its time is nearly over. Only the first two insist when they come again.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from types import FrameType

from yololab.errors import InterruptedRunError

INSISTENT = (signal.SIGINT, signal.SIGTERM)
HANG_UP = getattr(signal, "SIGHUP", None)
NOTICES = tuple(getattr(signal, name) for name in ("SIGHUP", "SIGUSR1", "SIGUSR2") if hasattr(signal, name))
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
    # `nohup` has the closing of the terminal ignored: that stays so.
    hung_up = HANG_UP is not None and signal.getsignal(HANG_UP) is signal.SIG_IGN
    numbers = [number for number in numbers if not (hung_up and number == HANG_UP)]
    before = {number: signal.signal(number, handler) if handler else signal.getsignal(number) for number in numbers}
    try:
        yield
    finally:
        for number, old in before.items():
            signal.signal(number, old)


@contextmanager
def interrupted_by_signals() -> Iterator[None]:
    """Have whatever asks a command to end come as a KeyboardInterrupt, so that it cleans up and exits with 130."""

    def interrupt(number: int, frame: FrameType | None) -> None:
        del frame
        raise KeyboardInterrupt(signal.Signals(number).name)

    with handled([*INSISTENT, *([] if HANG_UP is None else [HANG_UP])], interrupt):
        yield


def of_interrupt(error: BaseException) -> bool:
    """Return whether an error came of an interrupt: a module that was torn apart fails in what cleans up after it.

    >>> of_interrupt(KeyboardInterrupt()), of_interrupt(ValueError())
    (True, False)
    """
    met: BaseException | None = error
    while met is not None and not isinstance(met, KeyboardInterrupt):
        met = met.__cause__ or met.__context__
    return met is not None


def forget_interrupt() -> None:
    """Have Python end with the exit code that is asked for, also after an interrupt.

    A KeyboardInterrupt that passes through code which Python was given as text (`exec`, a module of C++ that starts
    Python) counts as unhandled whoever catches it later, and the process then ends by the signal. Source: CPython,
    Python/pythonrun.c: the next such code begins with a clean slate.
    """
    exec("")


class StopSignal:
    """Whether the user (or the system) asked the job to stop.

    Outside of `waiting_for_batch` the first signal already raises: there is nothing that must be finished first. What
    must not be torn apart, such as the record of an end, stands between `hold` and `release`.
    """

    def __init__(self) -> None:
        self.requested = False
        self._gentle = False
        self._insisted = False
        self._held = False
        self._came_meanwhile = False
        self._tell: Callable[[], object] = bool

    def __call__(self) -> bool:
        """Return whether a stop was requested."""
        return self.requested

    @contextmanager
    def listening(self) -> Iterator[StopSignal]:
        """Handle the signals while the job runs."""
        with handled([*INSISTENT, *NOTICES], self._handle):
            yield self

    def hold(self) -> None:
        """Let signals wait from now on until `release`."""
        self._held, self._came_meanwhile = True, False

    def release(self) -> None:
        """Let signals interrupt again.

        Raises:
            KeyboardInterrupt: One came meanwhile.
        """
        self._held = False
        if self._came_meanwhile:
            raise KeyboardInterrupt

    @contextmanager
    def waiting_for_batch(self, tell: Callable[[], object] = bool) -> Iterator[None]:
        """Let the first signal only set the request: the training polls it and ends with a checkpoint.

        Args:
            tell: Called in a thread when that signal comes: says that it was heard, and what another one does.
        """
        self._gentle, self._tell = True, tell
        try:
            yield
        finally:
            self._gentle = False
        if self.requested:
            raise InterruptedRunError(INTERRUPTED)

    def _handle(self, number: int, frame: FrameType | None) -> None:
        del frame
        insists = number not in NOTICES
        if self.requested and not insists:
            return
        at_once = not self._held and (not self._gentle or self._insisted)
        if self._gentle and not self.requested:
            # The handler may have come in the middle of a line that is being printed here.
            threading.Thread(target=self._tell, daemon=True).start()
        self.requested = True
        self._insisted |= insists
        self._came_meanwhile |= self._held
        if at_once:
            # No Exception: it must pass through whatever code the signal happens to meet.
            raise KeyboardInterrupt(signal.Signals(number).name)
