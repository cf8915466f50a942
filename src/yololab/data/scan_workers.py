"""Processes that share the work of a scan: reading labels holds Python's lock, so threads would wait for each other.

They are forked, as PyTorch's loaders are on Linux: nothing is imported anew, and no `__main__` is run a second time. A
small dataset is not worth a process, and where processes cannot be forked the work is done in this one.
"""

from __future__ import annotations

import ctypes
import multiprocessing
import os
import signal
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

FEWEST_IMAGES = 1000
_PR_SET_PDEATHSIG = 1

Work = Callable[[Any], Any]
_work: list[Work] = []


@contextmanager
def scan_workers(images: int, workers: int, work: Work) -> Iterator[Callable[[Sequence[Any]], Iterable[Any]]]:
    """Yield a function that does `work` on each of some tasks, in their order.

    Args:
        images: How many images there are in all.
        workers: Processes at most.
        work: What is done; its result must be picklable.
    """
    if images < FEWEST_IMAGES or workers < 2 or sys.platform != "linux":
        yield lambda tasks: map(work, tasks)
        return
    _work.append(work)
    parent = os.getpid()
    pool = multiprocessing.get_context("fork").Pool(workers, _begin, (parent,))
    try:
        yield lambda tasks: pool.imap(_do, tasks)
    finally:
        pool.terminate()
        pool.join()
        _work.pop()


def _begin(parent: int) -> None:
    """Leave signals to the parent, and end with it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it ended before we asked to be told
        os._exit(1)


def _do(task: Any) -> Any:
    """Do the work that the process was forked with."""
    return _work[-1](task)


def usable_cores() -> int:
    """Return the number of cores that this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # macOS and Windows have no affinity
        return os.cpu_count() or 1
