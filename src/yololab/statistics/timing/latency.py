"""How long an inference takes: times depend on each other, are skewed, and a busy machine only adds to them.

Successive batches are gathered into blocks, each with the median of its batches, and these into a few means, which
depend on each other far less than batches do (batch means; Law & Kelton, Simulation Modeling and Analysis, chapter 9).
Of the means a fifth at each end is left out, and the rest is as certain as Yuen's Winsorized variance says (1974,
Biometrika 61, 165–170), less so where neighbours are alike still. Two evaluations differ by more than their batches
know of (temperature, clock, what lies where in memory), so a share for each is added. Two models over the same images
are compared block by block, in logarithms.

While threads wait for a core, or compute on fewer of them than there are, a time says little of the model: such a block
is *disturbed*. What a measurement without enough undisturbed blocks shows can be too long, never too short.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import scipy  # its `special` takes a fifth of a second, and is imported when it is first used
from numpy.typing import NDArray

MOST_BLOCKS = 40
# Fewer leave a degree of freedom or two when the fifths are cut off.
FEWEST_BLOCKS = 6
# Blocks are gathered into so many means: what is left of their dependence is small, and a drift shows.
_MEANS = 10
_CUT = 0.2
# The standard deviation, as a share, of the typical time of one model between two evaluations on a quiet machine.
BETWEEN_EVALUATIONS = 0.02
_MOST_ALIKE = 0.8
# Of the time that threads wanted a core, what they waited for one: more is a busy machine.
_MOST_WAITING = 0.05


@dataclass(frozen=True)
class TimedBatch:
    """One batch of an evaluation.

    Attributes:
        images: How many images it has.
        seconds: How long the model took.
        waiting: The share of the time that threads wanted a core for which they waited for one; None where nobody
            counts it.
        threads: With how many threads it was computed; 0 where that does not matter.
    """

    images: int
    seconds: float
    waiting: float | None
    threads: int


@dataclass(frozen=True)
class Timing:
    """The times of an evaluation, block by block, in the order of evaluation.

    Attributes:
        device: What it ran on.
        cores: With how many threads an undisturbed block is computed; 0 where that does not matter.
        images: Images of each block.
        ms: Milliseconds an image of each block, the median of its batches.
        waiting: The waiting of each block; None where nobody counted it.
        threads: The fewest threads of each block.
    """

    device: str
    cores: int
    images: tuple[int, ...]
    ms: tuple[float, ...]
    waiting: tuple[float | None, ...]
    threads: tuple[int, ...]

    @property
    def whole(self) -> bool:
        """Whether every block has its numbers, and a time that can be: a file may have been edited."""
        counts = {len(self.images), len(self.ms), len(self.waiting), len(self.threads)}
        return len(counts) == 1 and all(0 < ms < math.inf for ms in self.ms) and bool(self.ms)

    @property
    def undisturbed(self) -> tuple[bool, ...]:
        """Whether each block had the machine for itself."""
        return tuple(
            (waiting or 0.0) <= _MOST_WAITING and threads >= self.cores
            for waiting, threads in zip(self.waiting, self.threads, strict=True)
        )


@dataclass(frozen=True)
class TimeEstimate:
    """A time, or the ratio of two, with its interval.

    Attributes:
        value: The time in milliseconds an image; or the ratio.
        low: Lower end of the 95 % interval.
        high: Upper end of it.
        disturbed: Whether the machine was too busy to tell: the value is an upper bound then.
    """

    value: float
    low: float
    high: float
    disturbed: bool


def timing_of(batches: Sequence[TimedBatch], device: str, cores: int) -> Timing | None:
    """Gather batches into blocks; the first batch, in which everything is done for the first time, is left out.

    Args:
        batches: The batches in the order of evaluation.
        device: What they ran on.
        cores: With how many threads a batch is computed when nothing disturbs it; 0 where that does not matter.

    Returns:
        The blocks; None without a second batch.
    """
    batches = batches[1:]
    if not batches:
        return None
    ends = np.linspace(0, len(batches), min(len(batches), MOST_BLOCKS) + 1).round().astype(int)
    parts = [batches[start:end] for start, end in pairwise(ends)]
    images = tuple(sum(batch.images for batch in part) for part in parts)
    known = [[batch.waiting for batch in part if batch.waiting is not None] for part in parts]
    return Timing(
        device,
        cores,
        images,
        tuple(round(1e3 * float(np.median([batch.seconds / batch.images for batch in part])), 5) for part in parts),
        tuple(round(float(np.mean(waits)), 4) if waits else None for waits in known),
        tuple(min(batch.threads for batch in part) for part in parts),
    )


def time_of(timing: Timing) -> TimeEstimate | None:
    """Return the time of an inference in milliseconds an image; None where too few blocks were timed."""
    return _estimate(np.log(timing.ms), timing.undisturbed, 1)


def time_ratio(current: Timing, baseline: Timing) -> TimeEstimate | None:
    """Return how much longer the current model takes than the baseline, as a ratio, over the same images.

    Args:
        current: The current model's times.
        baseline: The baseline's.

    Returns:
        The ratio; None where too few blocks were timed, or the two were not timed alike.
    """
    if (current.device, current.cores, current.images) != (baseline.device, baseline.cores, baseline.images):
        return None
    quiet = [ours and theirs for ours, theirs in zip(current.undisturbed, baseline.undisturbed, strict=True)]
    return _estimate(np.log(current.ms) - np.log(baseline.ms), quiet, 2)


def _estimate(values: NDArray[np.float64], undisturbed: Sequence[bool], evaluations: int) -> TimeEstimate | None:
    """Return an estimate from logarithms of blocks: of the undisturbed ones, where there are enough of them."""
    quiet = values[np.asarray(undisturbed, bool)]
    disturbed = len(quiet) < FEWEST_BLOCKS
    chosen = values if disturbed else quiet
    if len(chosen) < FEWEST_BLOCKS:
        return None
    means = [float(part.mean()) for part in np.array_split(chosen, min(len(chosen), _MEANS))]
    centre, width = trimmed_mean(means)
    apart = 1.96 * BETWEEN_EVALUATIONS * math.sqrt(evaluations)
    width = math.hypot(width * math.sqrt((1 + (alike := likeness(means))) / (1 - alike)), apart)
    return TimeEstimate(math.exp(centre), math.exp(centre - width), math.exp(centre + width), disturbed)


def likeness(values: Sequence[float]) -> float:
    """Return how alike neighbours in a series are: their correlation, with what so few values hide of it; from 0 on.

    Source: Marriott & Pope (1954), Biometrika 41, 390–402, for the bias.

    >>> likeness([1.0, 2.0, 1.0, 2.0, 1.0, 2.0]), likeness([1.0, 2.0, 3.0, 4.0, 5.0, 6.0])
    (0.0, 0.8)
    """
    apart = np.asarray(values, np.float64) - np.mean(values)
    spread = float(np.square(apart).sum())
    found = float((apart[1:] * apart[:-1]).sum()) / spread if spread > 0 else 0.0
    return min(max(found + (1 + 3 * found) / len(values), 0.0), _MOST_ALIKE)


def trimmed_mean(values: Sequence[float], level: float = 0.95) -> tuple[float, float]:
    """Return the mean without a fifth at each end, and half the width of its interval (Yuen).

    >>> centre, width = trimmed_mean([1.0, 1.1, 0.9, 1.0, 1.1, 0.9, 1.0, 1.0, 1.0, 50.0])
    >>> round(centre, 3), round(width, 2)
    (1.017, 0.07)
    """
    ordered = np.sort(np.asarray(values, np.float64))
    count = len(ordered)
    cut = int(_CUT * count)
    kept = count - 2 * cut
    winsorized = np.clip(ordered, ordered[cut], ordered[count - cut - 1])
    error = float(winsorized.std(ddof=1)) * math.sqrt((count - 1) / (kept * (kept - 1)))
    return float(ordered[cut : count - cut].mean()), float(scipy.special.stdtrit(kept - 1, 0.5 + level / 2)) * error
