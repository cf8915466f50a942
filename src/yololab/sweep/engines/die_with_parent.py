"""Becomes the body of a trial that ends with its parent.

Started as `python -m yololab.sweep.engines.die_with_parent PARENT SIGNAL COMMAND…`, it turns into COMMAND. A trial must
not outlive whoever looks after it: it would meet its successor in the same folder.
"""

import os
import signal
import sys

from yololab.host.parent import tie_to


def await_body() -> None:
    """Until the body listens, and for all that it starts: a cluster's notice must not end them."""
    signal.signal(signal.SIGUSR2, signal.SIG_IGN)


def main(parent: int, number: int, command: list[str]) -> None:
    """Tie this process to its parent and become `command`.

    Args:
        parent: The number of the process that started this one.
        number: The signal that the system sends when the parent is gone.
        command: A program and its arguments.
    """
    tie_to(parent, number)
    await_body()
    os.execvp(command[0], command)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:])
