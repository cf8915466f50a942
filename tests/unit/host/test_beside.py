"""Work beside a process: what it finds comes back, what fails or is late is known."""

import os
import signal
import sys
import time

import pytest

from yololab.host.beside import begin

pytestmark = [pytest.mark.process, pytest.mark.skipif(sys.platform != "linux", reason="elsewhere nothing is forked")]


def soon() -> float:
    return time.monotonic() + 20


def test_what_another_process_finds_comes_back():
    beside = begin(lambda: {"by": os.getpid(), "much": b"x" * 200_000})
    assert beside is not None
    assert beside.wait(soon())
    assert beside.found["by"] != os.getpid()
    assert len(beside.found["much"]) == 200_000


@pytest.mark.parametrize("work", [lambda: 1 / 0, lambda: os.kill(os.getpid(), signal.SIGKILL), lambda: lambda: None])
def test_work_that_fails_is_not_done(work):
    beside = begin(work)
    assert beside is not None
    assert not beside.wait(soon())


def test_what_is_late_is_ended_and_not_done():
    beside = begin(lambda: time.sleep(60))
    assert beside is not None
    assert beside.look() is None
    assert not beside.wait(time.monotonic())
