"""Processes that share the work of a scan: reading labels holds Python's lock, so threads would wait for each other.

They are forked, as PyTorch's loaders are on Linux: nothing is imported anew, no `__main__` is run a second time, and
what is to be done need not be sent. Each does every n-th task and sends what it found through a pipe of its own, which
the parent reads in turn: results come in order, and a process that is ahead waits at its full pipe. Where processes
cannot be forked the work is done in this one.
"""

import ctypes
import multiprocessing
import os
import pickle
import signal
import sys
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import TypeVar

_PR_SET_PDEATHSIG = 1
_SIGNALS = (signal.SIGINT, signal.SIGTERM)

Task = TypeVar("Task")
Found = TypeVar("Found")


def shared_out(work: Callable[[Task], Found], tasks: Sequence[Task], workers: int) -> Generator[tuple[Task, Found]]:
    """Do `work` on each of some tasks; returns each task, in their order, with what was found.

    The tasks of a process that cannot be started, or that was killed (for its memory, say), are done in this one.

    Args:
        work: What is done; its result must be picklable.
        tasks: The tasks.
        workers: Processes at most.
    """
    workers = min(workers, len(tasks))
    if workers < 2 or sys.platform != "linux" or multiprocessing.current_process().daemon:
        yield from ((task, work(task)) for task in tasks)
        return
    parent = os.getpid()
    started: list[tuple[BaseProcess, Connection] | None] = []
    try:
        with _interrupted_later():
            for number in range(workers):
                started.append(_start(work, tasks[number::workers], parent))
        for number, task in enumerate(tasks):
            place = started[number % workers]
            yield task, work(task) if place is None else _received(place[1], work, task)
    finally:
        for process, results in filter(None, started):
            process.kill()  # it only reads; and one that was stopped would not heed anything milder
            process.join()
            results.close()


@contextmanager
def _interrupted_later() -> Iterator[None]:
    """Let Ctrl-C wait: it reaches a process that is being forked, too, before that can say how to take it."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _start(work: Callable[[Task], Found], tasks: Sequence[Task], parent: int) -> tuple[BaseProcess, Connection] | None:
    """Start a process and return it with the end of the pipe that its results come from; None when that fails."""
    context = multiprocessing.get_context("fork")
    try:
        results, sending = context.Pipe(duplex=False)
    except OSError:  # too many open files
        return None
    process = context.Process(target=_work_through, args=(work, tasks, sending, parent), daemon=True)
    try:
        process.start()
    except OSError:  # too many processes, or no memory
        results.close()
        return None
    finally:
        sending.close()  # the process has the only other end: reading ends when it does
    return process, results


def _received(results: Connection, work: Callable[[Task], Found], task: Task) -> Found:
    """Return what a process found for a task; raises what it raised."""
    try:
        found: Found | BaseException = pickle.loads(results.recv_bytes())
    except (EOFError, OSError):
        return work(task)
    if isinstance(found, BaseException):
        raise found
    return found


def _work_through(work: Callable[[Task], Found], tasks: Sequence[Task], sending: Connection, parent: int) -> None:
    """Do tasks and send what is found; signals are the parent's business, and so is the end."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it ended before that took effect
        os._exit(1)
    for task in tasks:
        try:
            found: Found | Exception = work(task)
        except Exception as error:
            found = error
        sending.send_bytes(pickle.dumps(found, pickle.HIGHEST_PROTOCOL))
