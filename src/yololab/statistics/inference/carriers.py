"""Which images carry a difference: how many tell the two models apart, and whether a few decide."""

from dataclasses import dataclass

import numpy as np

from yololab.statistics.inference.paired_models import Pair
from yololab.statistics.inference.resampling import Units
from yololab.statistics.metrics.base import Values

_LISTED, _DECIDING, _SHARE = 10, 3, 1 / 3
# Three units that hold so much of the labels leave too few like them for a standard error: with one image of 200
# objects among fifty, or a class of two labels among five, it is a quarter too small (`calibration.json`, `uneven`).
_HELD, _TIMES_AN_EVEN_SHARE = 0.15, 3


@dataclass(frozen=True)
class Carrier:
    """One image, or group of images.

    Attributes:
        key: Which it is.
        share: Its share of the variance of the difference.
        gain: What it adds to the difference, positive for better.
    """

    key: str
    share: float
    gain: float


@dataclass(frozen=True)
class Carriers:
    """What the images, or groups of them, contribute.

    Attributes:
        units: How many there are.
        name: What they are, in plural.
        units_unlike: In how many the models say something else.
        telling: How many tell the models apart, each counted by its weight in the difference: (Σ|d|)² / Σd².
        listed: Those that contribute most to the variance.
        holding: Those that hold most of the labels, every class counted alike.
        held: Which share of the labels these hold together.
    """

    units: int
    name: str
    units_unlike: int
    telling: float
    listed: tuple[Carrier, ...]
    holding: tuple[str, ...] = ()
    held: float = 0.0

    @property
    def warning(self) -> str | None:
        """That a few decide, in a sentence; None where they do not."""
        return self._few_differ or self._few_hold

    @property
    def _few_hold(self) -> str | None:
        """That a few hold much of what is measured, whether or not the models differ there."""
        even = len(self.holding) / self.units
        if self.units <= _LISTED or self.held < max(_HELD, _TIMES_AN_EVEN_SHARE * even):
            return None
        return (
            f"{len(self.holding)} of {self.units:,} {self.name} hold {self.held:.0%} of the labels, every class "
            f"counted alike: {', '.join(self.holding)}. What others like them would show is not known, and the "
            f"standard error may be too small."
        )

    @property
    def _few_differ(self) -> str | None:
        """That a few carry the difference."""
        first = self.listed[:_DECIDING]
        share = sum(item.share for item in first)
        if self.units <= _LISTED or share < _SHARE:
            return None
        named = ", ".join(item.key for item in first)
        return f"{len(first)} of {self.units:,} {self.name} carry {share:.0%} of the difference's variance: {named}."


def carriers_of(pair: Pair, units: Units, influence: Values) -> Carriers:
    """Find the images that carry the difference of the primary metric.

    Args:
        pair: The models.
        units: What is independent of each other.
        influence: What each unit adds to the difference, positive for better, shape (U,).
    """
    unlike = int((units.gathered(pair.unlike().astype(np.float64)) > 0).sum())
    squares = np.square(influence)
    total = float(squares.sum())
    held = pair.current.held()
    shares = np.zeros(len(units.keys)) if held is None else units.gathered(held)
    most = np.argsort(-shares, kind="stable")[:_DECIDING].tolist()
    holding, together = tuple(units.keys[place] for place in most), float(shares[most].sum())
    if total <= 0:
        return Carriers(len(units.keys), units.name, unlike, 0.0, (), holding, together)
    telling = min(float(np.abs(influence).sum()) ** 2 / total, float(unlike))
    order = np.argsort(-squares, kind="stable")[:_LISTED].tolist()
    listed = tuple(
        Carrier(units.keys[place], float(squares[place] / total), float(influence[place]))
        for place in order
        if squares[place] > 0
    )
    return Carriers(len(units.keys), units.name, unlike, telling, listed, holding, together)
