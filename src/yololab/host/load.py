"""What the cores of this machine do: our own seconds of them, those of others, and the waiting for them."""

import os
import time
from dataclasses import dataclass
from pathlib import Path

from yololab.host.cores import allowed_cores
from yololab.host.threads import Step

# The system counts a core's idle time in hundredths of a second: a shorter look at it says nothing.
LEAST_LOOK_SECONDS = 0.3


@dataclass(frozen=True)
class _Look:
    """One look at the cores: the time, what they were idle so far, what we have used of them, and who looks."""

    at: float
    idle: float | None
    own: float
    process: int = 0


class CoreMeter:
    """Looks at the cores that this process may use; each look tells what was since one before it."""

    def __init__(self) -> None:
        self._last = _look()
        self._idle: float | None = None
        self._free: float | None = None

    def free(self) -> float | None:
        """Return the cores that nobody else used since the last look, this process's own included; None: unknown."""
        self._refresh()
        return self._free

    def idle(self) -> float | None:
        """Return the cores that nobody at all used since the last look; None: unknown."""
        self._refresh()
        return self._idle

    def _refresh(self) -> None:
        """Look again, when the last look is long enough ago."""
        now = _look()
        seconds = now.at - self._last.at
        if seconds < LEAST_LOOK_SECONDS and now.process == self._last.process:
            return
        if now.process != self._last.process:  # forked since: what the parent has used is not ours
            self._idle = self._free = None
        elif now.idle is not None and self._last.idle is not None:
            self._idle = max(0.0, (now.idle - self._last.idle) / seconds)
            self._free = self._idle + (now.own - self._last.own) / seconds
        self._last = now


class StepMeter:
    """Measures steps of this process, one after the other.

    Args:
        cores: Looks at the cores meanwhile.

    >>> meter = StepMeter(CoreMeter())
    >>> meter.begin()
    >>> step = meter.end()
    >>> step.wall >= 0 and step.cpu >= 0
    True
    """

    def __init__(self, cores: CoreMeter) -> None:
        self._cores = cores
        self._began: tuple[float, float, float | None] | None = None

    def begin(self) -> None:
        """Note that a step begins."""
        self._began = (time.perf_counter(), time.process_time(), waited_seconds())

    def end(self) -> Step:
        """Return what was seen since the step began.

        Raises:
            RuntimeError: No step has begun.
        """
        if self._began is None:
            raise RuntimeError("no step has begun")
        (wall, cpu, waited), self._began = self._began, None
        now = waited_seconds()
        waiting = None if now is None or waited is None else max(0.0, now - waited)
        return Step(time.perf_counter() - wall, time.process_time() - cpu, waiting, self._cores.idle())


def waited_seconds(tasks: Path = Path("/proc/self/task")) -> float | None:
    """Return for how long the threads of this process were ready to run and had no core; None where nobody counts it.

    A thread that has ended takes its part with it. The second number of a thread's `schedstat` is meant
    (Documentation/scheduler/sched-stats.rst of the kernel), in nanoseconds.
    """
    try:
        threads = list(tasks.iterdir())
    except OSError:
        return None
    # One that has just ended is not known any more.
    known = [seconds for thread in threads if (seconds := thread_waited_seconds(thread)) is not None]
    return sum(known) if known else None


def thread_waited_seconds(thread: Path = Path("/proc/thread-self")) -> float | None:
    """Return for how long a thread, the calling one by default, had no core though ready; None where nobody counts."""
    try:
        return int((thread / "schedstat").read_bytes().split()[1]) / 1e9
    except (OSError, LookupError, ValueError):
        return None


def _look() -> _Look:
    """Look at the cores that this process may use."""
    ended = os.times()  # our children count as ours once they have ended: a scan of the dataset was no stranger
    own = ended.user + ended.system + ended.children_user + ended.children_system
    return _Look(time.perf_counter(), _idle_seconds(), own, os.getpid())


def _idle_seconds() -> float | None:
    """Return how long the cores that this process may use have been idle, all together; None: unknown."""
    import psutil  # here, as it takes a while and few commands ask

    try:
        cores = psutil.cpu_times(percpu=True)
        allowed = allowed_cores()
        # Cores that are switched off are missing in the list, and then its places are no numbers of cores.
        seen = [cores[number] for number in allowed] if max(allowed, default=0) < len(cores) else cores
    except (OSError, RuntimeError, psutil.Error):
        return None
    return float(sum(core.idle + getattr(core, "iowait", 0.0) for core in seen))
