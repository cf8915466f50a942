"""The process that forks trials, as a process; what it forks is tested beside its parent's side."""

from __future__ import annotations

import os
import subprocess
import sys
from multiprocessing import Pipe

import pytest

from yololab.sweep.engines.warm import server

pytestmark = [
    pytest.mark.process,
    pytest.mark.skipif(sys.platform != "linux", reason="trials are forked on Linux only"),
]


@pytest.mark.parametrize(("another", "code"), [(0, 0), (1, 1)])
def test_it_ends_with_its_parent_and_does_not_start_without_one(another, code, tmp_path):
    ours, theirs = Pipe()
    words = (str(theirs.fileno()), str(os.getpid() + another), "yololab.sweep.engines.body", str(tmp_path))
    command = [sys.executable, "-m", server.__name__, *words]
    with subprocess.Popen(command, pass_fds=[theirs.fileno()], stderr=subprocess.DEVNULL) as process:
        theirs.close()
        if code == 0:
            assert ours.recv() is True, "it has imported the module, and has one thread"
            ours.send(None)
            assert ours.recv() == {}, "nothing that it has forked has ended"
        ours.close()
        assert process.wait(30) == code
