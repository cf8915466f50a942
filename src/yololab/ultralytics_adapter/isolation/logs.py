"""Ultralytics' own lines, led into ours.

Its logger writes to the standard output that was there at its import and passes nothing on; its progress bars write
control characters directly. While a bridge is open both are silent, and every line goes to the bridge's sink.
"""

import logging
import re
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from types import ModuleType

from yololab.ultralytics_adapter.isolation.patching import replaced

LOGGER_NAME = "ultralytics"
STDOUT_HANDLER = "ultralytics.utils.set_logging"

_ESCAPE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_LINE_ENDS = re.compile(r"[\r\n]+")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


class _Bridge(logging.Handler):
    """Hands each line of a record to a sink."""

    def __init__(self, sink: Callable[[int, str], None]) -> None:
        super().__init__()
        self.sink = sink

    def emit(self, record: logging.LogRecord) -> None:
        """Hand over the record's lines, without colours and other control characters."""
        try:
            for line in plain_lines(record.getMessage()):
                self.sink(record.levelno, line)
        except Exception:  # as in every handler of `logging`: a failing sink must not end a training
            self.handleError(record)


@dataclass
class _Taken:
    """What open bridges have taken from Ultralytics, to be given back when the last one closes."""

    bridges: list[_Bridge] = field(default_factory=list)
    handlers: list[logging.Handler] = field(default_factory=list)
    level: int | None = None
    verbose: bool | None = None


_taken = _Taken()


def plain_lines(text: str) -> list[str]:
    r"""Return the lines of a text without escape sequences, other control characters, and empty lines.

    >>> plain_lines("\n\x1b[34mtrain:\x1b[0m done\rnext\n")
    ['train: done', 'next']
    """
    lines = (_CONTROL.sub("", line).rstrip() for line in _LINE_ENDS.split(_ESCAPE.sub("", text)))
    return [line for line in lines if line]


def first_line(error: BaseException) -> str:
    """Return the first line of what an error says; its type when it says nothing."""
    return next(iter(plain_lines(str(error))), type(error).__name__)


@contextmanager
def ultralytics_log(sink: Callable[[int, str], None]) -> Iterator[None]:
    """Send Ultralytics' log lines to `sink(level, line)` instead of standard output, and keep its progress bars still.

    It can be opened before Ultralytics is imported, and inside another one: then both receive the lines. On leaving the
    last one, Ultralytics' own handler is put back. What ends one of its threads goes to `sink` too: it draws plots in
    threads, and fails at a box turned inside out, which costs a picture and not the job.

    Args:
        sink: Receives the level of `logging` and one line of text, free of control characters.
    """
    logger, bridge = logging.getLogger(LOGGER_NAME), _Bridge(sink)
    logger.addHandler(bridge)
    _taken.bridges.append(bridge)
    silence()
    before = threading.excepthook

    def tell(ended: threading.ExceptHookArgs) -> None:
        if ended.exc_value is not None:
            for line in plain_lines("".join(traceback.format_exception(ended.exc_value))):
                sink(logging.WARNING, line)

    threading.excepthook = tell
    try:
        yield
    finally:
        threading.excepthook = before
        logger.removeHandler(bridge)
        _taken.bridges.remove(bridge)
        if not _taken.bridges:
            _give_back(logger)


def bridge_is_open() -> bool:
    """Return whether somebody receives Ultralytics' lines."""
    return bool(_taken.bridges)


def silence() -> None:
    """Take Ultralytics' own outlets, when a bridge is open; called again after its import, which makes them."""
    if not _taken.bridges:
        return
    logger = logging.getLogger(LOGGER_NAME)
    for handler in [handler for handler in logger.handlers if handler.name == STDOUT_HANDLER]:
        logger.removeHandler(handler)
        _taken.handlers.append(handler)
    if _taken.level is None:
        _taken.level = logger.level
    logger.setLevel(logging.INFO)
    module = _loaded()
    if module is not None:
        if _taken.verbose is None:
            _taken.verbose = module.__dict__["VERBOSE"]
        module.__dict__["VERBOSE"] = False


@contextmanager
def quiet_root() -> Iterator[None]:
    """Keep what a library says to the root logger off the screen: onnxruntime's advice on quantisation.

    A first line to a root logger without handlers would also give it one, for good.
    """
    root, silent = logging.getLogger(), logging.NullHandler()
    root.addHandler(silent)
    try:
        yield
    finally:
        root.removeHandler(silent)


@contextmanager
def quiet_progress() -> Iterator[None]:
    """Keep progress bars from writing: each one asks for `ultralytics.utils.VERBOSE` when it is made."""
    module = _loaded()
    with replaced(module, {"VERBOSE": False}) if module else nullcontext():
        yield


@contextmanager
def joined_threads() -> Iterator[None]:
    """Wait on leaving for the threads that were started within: Ultralytics draws its plots in threads of their own."""
    known = set(threading.enumerate())
    try:
        yield
    finally:
        for thread in set(threading.enumerate()) - known:
            if not thread.daemon:
                thread.join()


@contextmanager
def muted() -> Iterator[None]:
    """Drop Ultralytics' lines for a moment: those that announce what an exception says too."""
    logger = logging.getLogger(LOGGER_NAME)
    before, logger.disabled = logger.disabled, True
    try:
        yield
    finally:
        logger.disabled = before


def _give_back(logger: logging.Logger) -> None:
    """Put back what was taken; of several handlers the newest, as Ultralytics itself keeps only one."""
    for handler in _taken.handlers[-1:]:
        logger.addHandler(handler)
    if _taken.level is not None and _taken.handlers:
        logger.setLevel(_taken.level or logging.INFO)
    module = _loaded()
    if module is not None and _taken.verbose is not None:
        module.__dict__["VERBOSE"] = _taken.verbose
    _taken.handlers.clear()
    _taken.level = _taken.verbose = None


def _loaded() -> ModuleType | None:
    """Return Ultralytics' module of globals when it has been imported."""
    return sys.modules.get("ultralytics.utils")
