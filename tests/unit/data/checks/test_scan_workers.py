"""Tests of the processes that share a scan."""

import os
import signal
import sys
from contextlib import closing

import pytest

from yololab.data.checks import scan_workers
from yololab.data.checks.scan_workers import shared_out

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="processes are forked on Linux only")
PARENT = os.getpid()


def double(task: int) -> tuple[int, bool]:
    """Double a number; tell whether another process did."""
    return 2 * task, os.getpid() != PARENT


@pytest.mark.process
@pytest.mark.parametrize("workers", [2, 3, 50])
def test_results_come_in_order_from_processes(workers):
    assert list(shared_out(double, range(20), workers)) == [(task, (2 * task, True)) for task in range(20)]


@pytest.mark.parametrize(("tasks", "workers"), [(range(20), 1), (range(1), 4), (range(0), 4)])
def test_what_is_not_worth_a_process_is_done_here(tasks, workers):
    assert list(shared_out(double, tasks, workers)) == [(task, (2 * task, False)) for task in tasks]


@pytest.mark.process
def test_the_tasks_of_a_killed_process_are_done_here():
    def work(task: int) -> int:
        if task == 5 and os.getpid() != PARENT:
            os.kill(os.getpid(), signal.SIGKILL)
        return 2 * task

    assert [found for _, found in shared_out(work, range(12), 2)] == [2 * task for task in range(12)]


@pytest.mark.process
def test_an_error_of_a_process_is_raised_here():
    def work(task: int) -> float:
        return 1 / (task - 3)

    results = shared_out(work, range(12), 2)
    with pytest.raises(ZeroDivisionError):
        list(results)


@pytest.mark.process
def test_no_process_outlives_the_one_who_asked(monkeypatch):
    started = []
    start = scan_workers._start
    monkeypatch.setattr(scan_workers, "_start", lambda *given: started.append(start(*given)) or started[-1])
    with closing(shared_out(lambda task: bytes(10**6), range(100), 2)) as results:
        assert next(results)[0] == 0
    assert [process.is_alive() for process, _ in started] == [False, False]


@pytest.mark.process
@pytest.mark.parametrize("started", [0, 1])
def test_what_no_process_can_be_started_for_is_done_here(monkeypatch, started):
    forks = iter([os.fork] * started)

    def fork() -> int:
        try:
            return next(forks)()
        except StopIteration:
            raise BlockingIOError from None

    monkeypatch.setattr(os, "fork", fork)
    found = list(shared_out(double, range(12), 2))
    assert [result for _, (result, _) in found] == [2 * task for task in range(12)]
    assert sum(elsewhere for _, (_, elsewhere) in found) == 6 * started


@pytest.mark.process
def test_a_stopped_process_is_ended_too():
    def work(task: int) -> int:
        if task == 1:
            os.kill(os.getpid(), signal.SIGSTOP)
        return task

    with closing(shared_out(work, range(12), 2)) as results:
        assert next(results) == (0, 0)
