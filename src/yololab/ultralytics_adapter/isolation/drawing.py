"""Charts that a process of its own draws: matplotlib takes seconds of one core, and nothing of a job needs them."""

import logging
import os
import signal
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from yololab.host.parent import tie_to
from yololab.ultralytics_adapter.isolation.logs import LOGGER_NAME, first_line
from yololab.ultralytics_adapter.isolation.patching import replaced

# A chart takes half a second. A process that never ends was forked from among threads at the wrong moment.
_PATIENCE_SECONDS, _LOOK_SECONDS = 20.0, 0.02
# Next to a training it takes what is left over.
_NICE = 5

Draw = Callable[[], Any]

log = logging.getLogger(LOGGER_NAME)


# The processes that draw for each job that is open, and what they draw.
_open: list[dict[int, list[Draw]]] = []


@contextmanager
def drawing_aside() -> Iterator[None]:
    """Have the charts of `charts` drawn beside the job, and wait for them on leaving.

    Where no process can be forked (other systems than Linux), and outside of this, they are drawn on the spot.
    """
    running: dict[int, list[Draw]] = {}
    _open.append(running)
    try:
        yield
    finally:
        _open.pop()
        _wait(running)


@contextmanager
def charts() -> Iterator[None]:
    """Draw on leaving, and together, an evaluation's charts, by matplotlib alone; after an error nothing is drawn.

    Those of a training read by polars, whose threads a forked process has lost: it would wait for them for ever.
    """
    from ultralytics.utils import metrics

    waiting: list[Draw] = []

    def later(draw: Callable[..., Any]) -> Callable[..., None]:
        return lambda *arguments, **keywords: waiting.append(lambda: draw(*arguments, **keywords))

    matrix = metrics.ConfusionMatrix
    with (
        replaced(metrics, {name: later(getattr(metrics, name)) for name in ("plot_pr_curve", "plot_mc_curve")}),
        replaced(matrix, {"plot": later(matrix.plot)}),
    ):
        yield
    if waiting:
        _draw(waiting)


def _draw(waiting: list[Draw]) -> None:
    """Draw charts in a process of their own, or here."""
    process = _fork() if _open and sys.platform == "linux" else None
    if process is None:
        for draw in waiting:
            draw()
    elif process:
        _open[-1][process] = waiting
    else:
        _end_with(waiting)


def _fork() -> int | None:
    """Return the number of a new process, 0 in it, None where the system has no room for one."""
    with warnings.catch_warnings(), suppress(OSError):
        warnings.simplefilter("ignore", DeprecationWarning)  # of threads: what is drawn needs none of them
        return os.fork()
    return None


def _end_with(waiting: list[Draw]) -> None:
    """Draw, and end this process: with 0 when all was drawn. What went wrong is told where it is drawn again."""
    code = 1
    try:
        tie_to(os.getppid(), signal.SIGKILL)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        logging.disable()
        os.nice(_NICE)
        for draw in waiting:
            draw()
        code = 0
    finally:
        os._exit(code)


def _wait(running: dict[int, list[Draw]]) -> None:
    """Wait for charts; those that were not drawn are drawn here, and cost a warning if that fails, too."""
    until = time.monotonic() + _PATIENCE_SECONDS
    while running:
        for process, waiting in list(running.items()):
            code = _ended(process, late=time.monotonic() > until)
            if code is None:
                continue
            del running[process]
            if code:
                _draw_again(waiting)
        if running:
            time.sleep(_LOOK_SECONDS)


def _ended(process: int, late: bool) -> int | None:
    """Return the exit code of a process, None while it runs; one that is late is ended."""
    with suppress(ProcessLookupError):
        if late:
            os.kill(process, signal.SIGKILL)
    try:
        done, status = os.waitpid(process, 0 if late else os.WNOHANG)
    except ChildProcessError:  # somebody else has waited for all children
        return 0
    return os.waitstatus_to_exitcode(status) if done else None


def _draw_again(waiting: list[Draw]) -> None:
    """Draw what a process could not, one by one."""
    for draw in waiting:
        try:
            draw()
        except Exception as error:
            log.warning(f"a chart was not drawn: {type(error).__name__}: {first_line(error)}")
