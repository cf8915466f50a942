"""Metrics of other packages over the records of an evaluation (`yololab.metrics`); provisional.

A metric is a function `metric(records, weights) -> float | None`, where `weights` says how often each image counts. One
pass with ones gives the number; passes with bootstrap weights, the same for both models, give the interval of a
difference. It may have an attribute `direction`, `higher` (the default) or `lower`.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from yololab.extensions import Point, extensions
from yololab.statistics.inference.resampling import SEED, bootstrap_weights
from yololab.statistics.records.base import Records

CUSTOM = "custom"
# A metric of somebody else is plain Python as often as not: an interval from 200 resamples is to be had in seconds.
RESAMPLES = 200
LEVEL = 95


@dataclass(frozen=True)
class CustomDifference:
    """A custom metric of two models.

    Attributes:
        metric: Its name.
        direction: `higher` or `lower` is better.
        current: The current model's; None where it is not defined.
        baseline: The baseline's.
        delta: Current − baseline; None where one of them is not defined.
        ci_low: Lower end of the percentile interval of the difference.
        ci_high: Upper end.
    """

    metric: str
    direction: str
    current: float | None
    baseline: float | None
    delta: float | None = None
    ci_low: float | None = None
    ci_high: float | None = None

    @property
    def message(self) -> str:
        """It in words."""
        if self.delta is None:
            return f"Custom metric {self.metric}: {self.current} against {self.baseline}."
        interval = f", {LEVEL} % interval {self.ci_low:+.4f} to {self.ci_high:+.4f}" if self.ci_low is not None else ""
        numbers = f"{self.current:.4f} against {self.baseline:.4f}"
        return f"Custom metric {self.metric} ({self.direction} is better): {numbers} ({self.delta:+.4f}{interval})."


def measure_custom(records: Records) -> tuple[dict[str, float | None], list[str]]:
    """Return each custom metric of an evaluation, and a line on each that failed."""
    values: dict[str, float | None] = {}
    failures: list[str] = []
    ones = np.ones(len(records.keys))
    for name, extension in extensions(Point.METRICS).items():
        try:
            values[name] = _number(extension.load(), records, ones)
        except Exception as error:  # whatever another package's code raises: the evaluation is made
            values[name] = None
            failures.append(extension.error(error))
    return values, failures


def compare_custom(current: Records | None, baseline: Records | None) -> Iterator[CustomDifference | str]:
    """Yield the difference of each custom metric, or a line on one that failed.

    Args:
        current: The current model's records; without them nothing is compared.
        baseline: The baseline's, of the same images.
    """
    if current is None or baseline is None:
        return
    for name, extension in extensions(Point.METRICS).items():
        try:
            yield _difference(name, extension.load(), current, baseline)
        except Exception as error:  # as above: the verdict does not rest on it
            yield extension.error(error)


def direction_of(name: str) -> str | None:
    """Return which way a custom metric improves; None when there is no such metric.

    Raises:
        InputError: It cannot be imported.
    """
    extension = extensions(Point.METRICS).get(name)
    return None if extension is None else str(getattr(extension.load(), "direction", "higher"))


def _difference(name: str, metric: Callable[..., Any], current: Records, baseline: Records) -> CustomDifference:
    ones = np.ones(len(current.keys))
    ours, theirs = (_number(metric, records, ones) for records in (current, baseline))
    direction = str(getattr(metric, "direction", "higher"))
    if ours is None or theirs is None:
        return CustomDifference(name, direction, ours, theirs)
    drawn = []
    for block in bootstrap_weights(current.keys, SEED, RESAMPLES):
        for weights in block.T:
            pair = [_number(metric, records, weights) for records in (current, baseline)]
            if pair[0] is not None and pair[1] is not None:
                drawn.append(pair[0] - pair[1])
    tail = (100 - LEVEL) / 2
    # A resample in which the metric is not defined says nothing; with few that say something there is no interval.
    ends = np.percentile(drawn, [tail, 100 - tail]) if len(drawn) >= RESAMPLES // 2 else (None, None)
    low, high = (None if end is None else float(end) for end in ends)
    return CustomDifference(name, direction, ours, theirs, ours - theirs, low, high)


def _number(metric: Callable[..., Any], records: Records, weights: NDArray[Any]) -> float | None:
    """Return a metric as a finite number; None where it is not defined."""
    found = metric(records, weights)
    return float(found) if found is not None and np.isfinite(found) else None
