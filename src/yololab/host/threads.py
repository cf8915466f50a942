"""How many threads compute: chosen from what the machine has free, corrected from how long the steps take.

The threads of a training wait for each other thousands of times a step. One that has to share its core holds up all of
them, so that fewer threads are often faster beside another process. `Governor` decides, from observations alone.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from statistics import fmean
from typing import Any

# A count is judged by its mean over so many steps and seconds, without the first: it chooses algorithms anew.
FEWEST_STEPS = 2
LEAST_SECONDS = 0.5
# So much of a step (summed over the threads) spent waiting for a core means that there are too many threads.
CONTENDED = 0.2
# A count that uses so little of what it used at its best is held up by something that nobody can name: a quota.
UNEXPLAINED = 0.5
IDLE_CORE = 0.6
# What another count must be worth. Fewer threads at the same pace leave more to others.
FEWER_GAIN, MORE_GAIN = 0.0, 0.05
# A trial is given up at once when a step takes so many times as long as before.
GIVEN_UP = 1.6
# After a trial that failed: seconds, and steps, until the next in that direction; doubled each time.
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS, PAUSE_STEPS = 5.0, 300.0, 20


@dataclass(frozen=True)
class Step:
    """What was seen of one step. None is what the system does not tell.

    Attributes:
        wall: Its seconds.
        cpu: CPU seconds of the process, all threads together.
        waited: Seconds that its threads were ready to run and had no core, all together.
        idle: Cores that nobody used meanwhile, of those that the process may use.
    """

    wall: float
    cpu: float
    waited: float | None = None
    idle: float | None = None


@dataclass(frozen=True)
class _Trial:
    """Another count that is being tried: what is left when it fails."""

    back: int
    pace: float


def free_threads(free: float | None, most: int) -> int:
    """Return with how many threads to begin.

    Args:
        free: Cores that nobody else uses; None when nobody knows.
        most: The most that may be used.

    >>> free_threads(1.9, 2), free_threads(1.1, 2), free_threads(0.2, 2), free_threads(None, 2)
    (2, 1, 1, 2)
    """
    return most if free is None else max(1, min(most, int(free + 0.4)))


def threads_limit(cores: int, environment: Mapping[str, str], ours: str) -> int:
    """Return the most threads that may be used: the cores, or fewer when the user's `OMP_NUM_THREADS` says so.

    Args:
        cores: Cores that the process may use.
        environment: The variables of the process.
        ours: Name of the variable that holds what we have set ourselves; that is no wish of the user.

    >>> threads_limit(8, {"OMP_NUM_THREADS": "3,1"}, "OURS"), threads_limit(8, {"OMP_NUM_THREADS": "x"}, "OURS")
    (3, 8)
    >>> threads_limit(8, {"OMP_NUM_THREADS": "2", "OURS": "2"}, "OURS")
    8
    """
    asked = environment.get("OMP_NUM_THREADS", "")
    first = asked.split(",")[0].strip()  # a list names a number for each level of nesting
    if asked == environment.get(ours) or not first.isdecimal() or int(first) < 1:
        return cores
    return min(cores, int(first))


def undisturbed_seconds(step: Step, threads: int) -> float:
    """Return how long a step would have taken if its threads had not waited for cores.

    Waiting of several threads at a time is counted several times, so the CPU time is the other bound: no step of n
    threads is shorter than an n-th of it.

    Args:
        step: The step.
        threads: How many threads computed.

    >>> undisturbed_seconds(Step(wall=2.0, cpu=0.8, waited=1.2), threads=1)
    0.8
    >>> undisturbed_seconds(Step(wall=2.0, cpu=1.0, waited=2.6), threads=2)
    0.5
    >>> undisturbed_seconds(Step(wall=2.0, cpu=1.0), threads=2)
    2.0
    """
    if step.waited is None or step.waited <= CONTENDED * step.wall:
        return step.wall
    return min(step.wall, max(step.cpu / threads, step.wall - step.waited))


def thread_counts(recorded: Any) -> dict[str, int]:
    """Return number of threads → batches, as a record has it; what is none of that is left out.

    >>> thread_counts({"2": 120, "x": None}), thread_counts(None)
    ({'2': 120}, {})
    """
    items = recorded.items() if isinstance(recorded, Mapping) else ()
    return {str(threads): batches for threads, batches in items if type(batches) is int}


def threads_text(counts: Mapping[str, int]) -> str:
    """Write which numbers of threads were used, the most used first.

    Args:
        counts: Number of threads → batches that were computed with it.

    >>> threads_text({"2": 120}), threads_text({"1": 40, "2": 1200})
    ('2', '2 for 1,200 batches, 1 for 40')
    """
    (first, most), *others = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])) or [("unknown", 0)]
    return ", ".join([f"{first} for {most:,} batches", *(f"{n} for {k:,}" for n, k in others)]) if others else first


def threads_differ(counts: Mapping[str, int], fixed: int | None) -> list[str]:
    """Return what keeps a repeated training from having the same last digits, a line each.

    Args:
        counts: Number of threads → batches that were computed with it, when it was trained first.
        fixed: The number that its settings fix; None where it follows the machine.

    >>> threads_differ({"2": 120}, None)
    []
    """
    if fixed is not None or len(counts) < 2:
        return []
    used = f"threads: {threads_text(counts)} then, as others used the cores"
    return [f"{used}; now as many as are free, so that the last digits may differ (device.threads=N fixes them)"]


@dataclass
class Governor:
    """Chooses the number of threads for steps that are alike, one after the other; pure, it knows only what it is told.

    What is seen says when another number is worth a try; only the pace of the steps decides whether it stays. A try
    that fails is not repeated soon.

    Attributes:
        most: The most threads.
        threads: How many compute now.

    >>> governor = Governor(most=2, threads=2)
    >>> beside_a_busy_process = Step(wall=1.0, cpu=1.2, waited=0.8, idle=0.0)
    >>> [governor.observe(beside_a_busy_process) for _ in range(4)]
    [2, 2, 1, 1]
    """

    most: int
    threads: int
    _window: list[Step] = field(default_factory=list)
    _fresh: bool = True
    _trial: _Trial | None = None
    _clock: float = 0.0
    _pauses: dict[bool, float] = field(default_factory=dict)
    _not_before: dict[bool, float] = field(default_factory=dict)
    _best_use: dict[int, float] = field(default_factory=dict)

    def observe(self, step: Step) -> int:
        """Take note of a step with `threads` threads; return with how many the next one computes."""
        self._clock += step.wall
        trial = self._trial
        if trial is not None and step.wall > GIVEN_UP * trial.pace:
            self._fail(trial)
        elif self._fresh and step.wall < 4 * LEAST_SECONDS:  # in a long one the beginning does not count
            self._fresh = False
        else:
            self._fresh = False
            self._window.append(step)
            if len(self._window) >= FEWEST_STEPS and sum(each.wall for each in self._window) >= LEAST_SECONDS:
                self._decide()
        return self.threads

    def _decide(self) -> None:
        """Decide on a whole window."""
        window, self._window = self._window, []
        pace, trial = fmean(step.wall for step in window), self._trial
        if trial is not None:
            gain = FEWER_GAIN if self.threads < trial.back else MORE_GAIN
            self._trial = None
            if pace > (1 - gain) * trial.pace:
                self._fail(trial)
            else:
                self._pauses.pop(self.threads > trial.back, None)
            return
        contended, free = self._contended(window, pace), _free(window)
        fewer = self.threads - 1 if free is None else min(self.threads - 1, int(free + 0.4))
        if contended and self.threads > 1 and self._due(more=False):
            self._try(max(1, fewer, self.threads // 2), pace)
        elif self.threads < self.most and self._due(more=True):
            idle = _mean([step.idle for step in window])
            # Beside more processes than cores each thread has its share, and more of them have more.
            if idle is None or idle >= IDLE_CORE or contended:
                self._try(min(self.most, self.threads + max(1, int((idle or 0.0) + 0.4))), pace)

    def _contended(self, window: list[Step], pace: float) -> bool:
        """Return whether the threads wait for cores, or use less of them than they once did for no reason known."""
        waited, use = _mean([step.waited for step in window]), fmean(step.cpu for step in window) / pace
        best = self._best_use[self.threads] = max(use, self._best_use.get(self.threads, 0.0))
        return (waited is not None and waited > CONTENDED * pace) or use < UNEXPLAINED * best

    def _due(self, more: bool) -> bool:
        return self._clock >= self._not_before.get(more, 0.0)

    def _try(self, threads: int, pace: float) -> None:
        self._trial, self.threads, self._fresh = _Trial(self.threads, pace), threads, True

    def _fail(self, trial: _Trial) -> None:
        """Go back to the count before, and leave the direction alone for a while."""
        more = self.threads > trial.back
        pause = self._pauses.get(more, FIRST_PAUSE_SECONDS)
        self._pauses[more] = min(2 * pause, LONGEST_PAUSE_SECONDS)
        self._not_before[more] = self._clock + max(pause, PAUSE_STEPS * trial.pace)
        self.threads, self._trial, self._window, self._fresh = trial.back, None, [], True


def _mean(values: list[float | None]) -> float | None:
    """Return the mean; None as soon as one is unknown."""
    known = [value for value in values if value is not None]
    return fmean(known) if known and len(known) == len(values) else None


def _free(window: list[Step]) -> float | None:
    """Return the cores that others left us: idle ones and our own."""
    idle = _mean([step.idle for step in window])
    return None if idle is None else idle + fmean(step.cpu / step.wall for step in window if step.wall > 0)
