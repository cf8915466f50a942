r"""Slices of a set (dark images, small objects, one camera): how one model does there, two against each other.

Resampling every slice exactly would cost a comparison each. So the metric of a slice is taken as linear in the weights
of the images, by its influences, which a few hundred images make good to one percent; a resample is then a product of
matrices, and all slices are seen in the same ones. With a_u what unit u adds to the difference Δ of a slice (its labels
given: Σ_u a_u = Δ), two p-values are computed:

- swaps of the units: Δ against ±a_u with random signs, whose variance is Σ a_u² (`sign_flip_p`);
- the studentised bootstrap of a_u − Δ/n, which lop-sided errors do not mislead (`studentised_p`).

The larger one counts, and is corrected for the number of slices (Holm). A class that one image holds adds its whole
difference: a derivative would be 0 there. A slice that fewer than ten units hold is not tested.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from yololab.statistics.inference.hypothesis_tests import holm, percentile_interval, sign_flip_p, studentised_p, widened
from yololab.statistics.inference.paired_comparison import FEWEST_IMAGES_OF_A_CLASS
from yololab.statistics.inference.resampling import Units
from yololab.statistics.metrics.base import Part, Values

# Fewer units than of a class have to hold a slice for a test.
FEWEST_UNITS = FEWEST_IMAGES_OF_A_CLASS
_DRAWS, _LEAST, _MOST = 20_000_000, 2_000, 10_000


@dataclass(frozen=True)
class SliceValue:
    """One model in one slice.

    Attributes:
        value: The metric; None where the slice holds nothing to measure.
        ci95: Its 95 % interval; None where too few units hold the slice.
    """

    value: float | None
    ci95: tuple[float, float] | None


@dataclass(frozen=True)
class SliceResult:
    """One slice: a model there, what it is held against, and the difference.

    Attributes:
        current: The model there.
        other: The baseline there, or the model in all that is not in the slice.
        units: Units (images, or groups of them) that hold something of the slice.
        delta: `current − other`; None where one of them has no value.
        ci95: Its 95 % interval; None where too few units hold the slice.
        p: Two-sided p-value; None there, too.
        p_adjusted: p corrected for the number of slices that were tested (Holm).
    """

    current: SliceValue
    other: SliceValue
    units: int
    delta: float | None
    ci95: tuple[float, float] | None = None
    p: float | None = None
    p_adjusted: float | None = None


def compare_in_slices(
    current: Sequence[Part], baseline: Sequence[Part], inside: Sequence[NDArray[np.bool_]], units: Units
) -> list[SliceResult]:
    """Compare two models in each slice.

    Args:
        current: The slices of the current model.
        baseline: The same of the baseline.
        inside: Which images each slice lies in, shape (I,).
        units: What is independent of each other.
    """
    added = _gathered([now.added - was.added for now, was in zip(current, baseline, strict=True)], units)
    places = [units_with(images, units) for images in inside]
    deltas = [now.known - was.known for now, was in zip(current, baseline, strict=True)]
    departures = [
        row - place * (delta / max(place.sum(), 1)) for row, place, delta in zip(added, places, deltas, strict=True)
    ]
    found = []
    resampled = _Resampled(
        units,
        [
            *departures,
            *_gathered([part.influence for part in current], units),
            *_gathered([part.influence for part in baseline], units),
        ],
    )
    for row, (now, was, delta) in enumerate(zip(current, baseline, deltas, strict=True)):
        held = int(units_with(now.held | was.held, units).sum())
        values = (resampled.value(now, held, row + len(deltas)), resampled.value(was, held, row + 2 * len(deltas)))
        if now.value is None or was.value is None or held < FEWEST_UNITS:
            found.append(SliceResult(*values, held, None if None in (now.value, was.value) else delta))
            continue
        p = max(sign_flip_p(delta, added[row], held), resampled.p_value(row, delta, places[row]))
        found.append(SliceResult(*values, held, delta, resampled.interval(row, delta, held), p))
    return _corrected(found)


def compare_with_the_rest(parts: Sequence[Part], rest: Sequence[Part], units: Units) -> list[SliceResult]:
    """Hold one model in each slice against the same model in all that is not in it.

    Args:
        parts: The slices.
        rest: For each slice, what is not in it.
        units: What is independent of each other.
    """
    ours, theirs = (_gathered([part.influence for part in side], units) for side in (parts, rest))
    resampled = _Resampled(units, [*(a - b for a, b in zip(ours, theirs, strict=True)), *ours, *theirs])
    found, everywhere = [], np.ones(len(units.keys), bool)
    for row, (part, other) in enumerate(zip(parts, rest, strict=True)):
        counts = [int(units_with(side.held, units).sum()) for side in (part, other)]
        values = (
            resampled.value(part, counts[0], row + len(parts)),
            resampled.value(other, counts[1], row + 2 * len(parts)),
        )
        delta = None if None in (part.value, other.value) else part.known - other.known
        if delta is None or min(counts) < FEWEST_UNITS:
            found.append(SliceResult(*values, counts[0], delta))
            continue
        interval = resampled.interval(row, delta, min(counts))
        found.append(SliceResult(*values, counts[0], delta, interval, resampled.p_value(row, delta, everywhere)))
    return _corrected(found)


class _Resampled:
    """Resamples of sums over the units, of all slices at once.

    Args:
        units: What is independent of each other.
        rows: What each unit adds to each of R sums, shape (U,) each.
    """

    def __init__(self, units: Units, rows: Sequence[NDArray[np.float64]]) -> None:
        count = int(np.clip(_DRAWS // max(len(units.keys), 1), _LEAST, _MOST))
        self.rows = np.stack(rows) if rows else np.zeros((0, len(units.keys)))
        powers = np.concatenate([self.rows, np.square(self.rows)])
        self.sums, self.squares = np.split(np.hstack([powers @ block for block in units.resamples(count)]), 2)
        self.sums -= self.rows.sum(axis=1, keepdims=True)

    def value(self, part: Part, held: int, row: int) -> SliceValue:
        """Return the metric of a slice with its interval; where a model finds nothing, resamples do not know one."""
        enough = part.value is not None and held >= FEWEST_UNITS and self.rows[row].any()
        return SliceValue(part.value, self.interval(row, part.known, held) if enough else None)

    def interval(self, row: int, centre: float, units: int) -> tuple[float, float] | None:
        """Return the 95 % interval of an estimate that departs by one of the sums, widened for few units."""
        found = percentile_interval(centre + self.sums[row], 0.95)
        return widened(found, centre, units, 0.95) if found else None

    def p_value(self, row: int, difference: float, units: NDArray[np.bool_]) -> float:
        """Return the two-sided p-value of the studentised bootstrap.

        Args:
            row: Which of the sums.
            difference: The difference.
            units: Which units it rests on, shape (U,).
        """
        moved = self.sums[row]
        return studentised_p(difference, self.rows[row][units], difference + moved, self.squares[row], moved)


def units_with(images: NDArray[np.bool_], units: Units) -> NDArray[np.bool_]:
    """Return which units have any of some images, shape (U,)."""
    return units.gathered(images.astype(np.float64)) > 0


def _gathered(values: Sequence[Values], units: Units) -> list[NDArray[np.float64]]:
    """Add up values of the images to those of the units."""
    return [units.gathered(row) for row in values]


def _corrected(found: Sequence[SliceResult]) -> list[SliceResult]:
    """Return results with p-values that are corrected for their number; what was not tested does not count."""
    adjusted = iter(holm([item.p for item in found if item.p is not None]))
    return [item if item.p is None else replace(item, p_adjusted=next(adjusted)) for item in found]
