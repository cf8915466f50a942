"""How long batches take: as they did, and as they would have if nobody else had used the cores."""

from dataclasses import dataclass, field

from yololab.host.load import StepMeter
from yololab.host.threads import Step, undisturbed_seconds
from yololab.ultralytics_adapter.isolation.threads import machine

# From here on a probe says that it was disturbed.
DISTURBED = 1.25


@dataclass
class Pace:
    """The times of a probe's batches.

    Attributes:
        on_cpu: Whether the cores do the work.
        threads: How many threads compute.
        times: Images of a batch → seconds of each such batch, as they were.
    """

    on_cpu: bool
    threads: int
    times: dict[int, list[float]] = field(default_factory=dict)
    _undisturbed: dict[int, list[float]] = field(default_factory=dict)
    _meter: StepMeter = field(default_factory=lambda: StepMeter(machine()))

    def begin(self) -> None:
        """Note that a batch begins, its loading included."""
        self._meter.begin()

    def end(self) -> tuple[float, float]:
        """Return the seconds of the batch, and those that it would have taken undisturbed."""
        return self.of(self._meter.end())

    def of(self, step: Step) -> tuple[float, float]:
        """Return the seconds of a step, and those that it would have taken undisturbed."""
        return step.wall, undisturbed_seconds(step, self.threads) if self.on_cpu else step.wall

    def add(self, size: int, seconds: tuple[float, float]) -> list[float]:
        """Note a batch of so many images; return the seconds of all of its size."""
        wall, undisturbed = seconds
        self._undisturbed.setdefault(size, []).append(undisturbed)
        self.times.setdefault(size, []).append(wall)
        return self.times[size]

    def for_whole_batch(self, whole: int) -> float:
        """Return the seconds of a whole batch that nothing disturbs."""
        return for_whole_batch(_timed(self._undisturbed), whole)

    def slowed(self, whole: int) -> float | None:
        """Return how many times as long the batches took as undisturbed; None when it is not worth a word."""
        factor = for_whole_batch(_timed(self.times), whole) / max(self.for_whole_batch(whole), 1e-9)
        return factor if factor >= DISTURBED else None


def _timed(times: dict[int, list[float]]) -> dict[int, list[float]]:
    """Return the times without the first of each size, which chooses algorithms and fills caches."""
    return {size: found[1:] or found for size, found in times.items()}


def for_whole_batch(times: dict[int, list[float]], whole: int) -> float:
    """Return the seconds of a whole batch: measured, or on the line through the two sizes that were.

    Args:
        times: Size of a batch → its times.
        whole: Size of a whole batch.
    """
    means = {size: sum(found) / len(found) for size, found in times.items()}
    large = max(means)
    if large == whole or len(means) == 1:
        return means[large] * whole / large
    small = min(means)
    slope = max((means[large] - means[small]) / (large - small), 0.5 * means[large] / large)
    return means[large] + slope * (whole - large)
