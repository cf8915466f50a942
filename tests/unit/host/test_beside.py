"""Work beside a process: what fails or is late is known."""

import os
import signal
import sys
import time

import pytest

from yololab.host.beside import begin

pytestmark = [pytest.mark.process, pytest.mark.skipif(sys.platform != "linux", reason="elsewhere nothing is forked")]


def soon() -> float:
    return time.monotonic() + 20


def test_another_process_does_it(tmp_path):
    by = tmp_path / "by"
    beside = begin(lambda: by.write_text(str(os.getpid())))
    assert beside is not None
    assert beside.wait(soon())
    assert int(by.read_text()) != os.getpid()


@pytest.mark.parametrize("work", [lambda: 1 / 0, lambda: os.kill(os.getpid(), signal.SIGKILL)])
def test_work_that_fails_is_not_done(work):
    beside = begin(work)
    assert beside is not None
    assert not beside.wait(soon())


def test_what_is_late_is_ended_and_not_done():
    beside = begin(lambda: time.sleep(60))
    assert beside is not None
    assert beside.look() is None
    assert not beside.wait(time.monotonic())
