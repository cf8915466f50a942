"""A process that ends with the one that started it."""

import ctypes
import os
import sys

_PR_SET_PDEATHSIG = 1  # prctl(2)


def tie_to(parent: int, number: int) -> None:
    """Let this process end with its parent.

    Args:
        parent: The number of the process that started this one.
        number: The signal that the system sends when the parent is gone.

    Raises:
        SystemExit: It is gone already.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, number)
    if os.getppid() != parent:  # it died in between
        raise SystemExit(1)
