"""Torch's threads: as many as the machine has free when a job begins to compute, corrected between its steps."""

import os
from collections import Counter
from functools import cache
from typing import Any

from yololab.host.cores import usable_cores
from yololab.host.load import CoreMeter, StepMeter
from yololab.host.threads import Governor, free_threads, threads_limit

# What we have set as OMP_NUM_THREADS: child processes inherit it, and must not take it for the user's wish.
OURS = "YOLOLAB_OMP_NUM_THREADS"
# Threads that wait for each other look again and again for a while before they sleep. Where a core is shared, one that
# looks keeps the one it waits for from running: GNU's library (Linux) looks for milliseconds, LLVM's and Intel's
# (macOS, Windows) for 200 ms. So short a look, about 0.3 ms and 1 ms, spans what lies between two operations of torch.
WAITING = {"GOMP_SPINCOUNT": "10000", "KMP_BLOCKTIME": "1"}
_WAITING_POLICIES = {"OMP_WAIT_POLICY", *WAITING}


@cache
def machine() -> CoreMeter:
    """Return the meter of the cores; the first call begins to look at them."""
    return CoreMeter()


# What a forked process uses of the cores is none of what its parent has used.
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=machine.cache_clear)


def limit() -> int:
    """Return the most threads that may compute: cores, a quota, and the user's `OMP_NUM_THREADS`."""
    return threads_limit(usable_cores(), os.environ, OURS)


def openmp_variables() -> dict[str, str]:
    """Return what OpenMP's library must find in the environment when torch loads it; what the user has set stays."""
    variables = {} if _WAITING_POLICIES & os.environ.keys() else dict(WAITING)
    if "OMP_NUM_THREADS" not in os.environ:  # Ultralytics sets 1 when nobody has set anything
        variables |= dict.fromkeys(("OMP_NUM_THREADS", OURS), str(usable_cores()))
    return variables


def set_threads(threads: int | None) -> int:
    """Set the number of torch's threads, now and whenever Ultralytics selects a CPU as its device.

    Each `select_device` of Ultralytics (in training, evaluation and export) sets torch to its own constant, which is
    one less than the machine's cores whatever the process may use; that constant is what is replaced here.

    Args:
        threads: The number; None for as many as there are free cores.

    Returns:
        The number that was set.
    """
    count = threads or free_threads(machine().free(), limit())
    _set(count)
    return count


class ComputeThreads:
    """Torch's threads over the steps of one job: a fixed number, or one that follows the machine.

    Autograd computes on a CPU in the thread that asks for it, and images are loaded there, too: the number holds for
    all of a step. Another number can change the last bits of a sum.

    Args:
        threads: The number; None follows the machine.

    Attributes:
        count: How many compute now.
        used: Number of threads → steps that were computed with it.
    """

    def __init__(self, threads: int | None) -> None:
        self.count = set_threads(threads)
        self._governor = None if threads is not None else Governor(limit(), self.count)
        self.used: Counter[str] = Counter()
        self._meter = StepMeter(machine())
        self._running = False

    def begin(self, device: Any) -> None:
        """Note that a step begins; on another device than a CPU nothing is to be corrected.

        Args:
            device: torch's device.
        """
        self._running = self._governor is not None and device.type == "cpu"
        if self._running:
            self._meter.begin()

    def end(self) -> None:
        """Note that a step is over, and set with how many threads the next one computes."""
        self.used[str(self.count)] += 1
        if not self._running or self._governor is None:
            return
        self._running = False
        count = self._governor.observe(self._meter.end())
        if count != self.count:
            self.count = count
            _set(count)


def _set(count: int) -> None:
    import torch
    from ultralytics.utils import torch_utils

    torch_utils.NUM_THREADS = count
    torch.set_num_threads(count)
