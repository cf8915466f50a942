"""Becomes the body of a trial that ends with its parent.

Started as `python -m yololab.sweep.engines.die_with_parent PARENT COMMAND…`, it turns into COMMAND.

On a cluster's node the body is the child of the engine's own worker. It must not outlive that worker: the trial is then
started again somewhere else, in the same folder.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1  # prctl(2)


def main(parent: int, command: list[str]) -> None:
    """Tie this process to its parent and become `command`.

    Args:
        parent: The number of the process that started this one.
        command: A program and its words.
    """
    if sys.platform == "linux":
        # SIGKILL: a training that saves its state for another minute would meet its successor.
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it died in between
        raise SystemExit(1)
    # Until the body listens, and for all that it starts: a cluster's notice must not end them.
    signal.signal(signal.SIGUSR2, signal.SIG_IGN)
    os.execvp(command[0], command)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2:])
