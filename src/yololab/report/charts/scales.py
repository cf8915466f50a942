"""Axes: round ticks, and from data to drawing coordinates."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

from yololab.text import MINUS

ZERO_BASED_BELOW = 0.5
_STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)
_MOST_WHOLE = 6


@dataclass(frozen=True)
class Scale:
    """A linear scale.

    Attributes:
        low: Data value at the start of the axis.
        high: Data value at its end; larger than `low`.
        start: Drawing coordinate of `low`, px.
        end: Drawing coordinate of `high`, px; smaller than `start` where the axis points up.
    """

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        """Return the drawing coordinate of a data value, px."""
        return self.zero + value * self.factor

    @property
    def factor(self) -> float:
        """Drawing units of one data unit."""
        return (self.end - self.start) / (self.high - self.low)

    @property
    def zero(self) -> float:
        """Drawing coordinate of zero."""
        return self.start - self.low * self.factor


def nice_ticks(low: float, high: float, most: int = 5) -> list[float]:
    """Return round numbers, evenly apart, the first at or below `low` and the last at or above `high`.

    Steps are 1, 2, 2.5 or 5 times a power of ten, the smallest with which at most `most` intervals are needed.

    >>> nice_ticks(0, 0.62)
    [0.0, 0.2, 0.4, 0.6, 0.8]
    >>> nice_ticks(3, 3)
    [2.0, 3.0, 4.0]
    """
    # Two numbers that differ by rounding alone are one: steps between them would be smaller than the digits of a float.
    if high - low <= 1e-9 * max(abs(low), abs(high)):
        middle = low
        reach = abs(middle) / 3 or 1.0
        low, high, most = middle - reach, middle + reach, 2
    power = 10.0 ** math.floor(math.log10((high - low) / most))
    for factor in _STEPS:
        step = factor * power
        first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
        if last - first <= most:
            break
    return [_clean(index * step) for index in range(first, last + 1)]


def whole_ticks(low: int, high: int) -> list[int]:
    """Return round whole numbers from `low` to `high`, both included, a few between them.

    >>> whole_ticks(1, 100), whole_ticks(1, 3), whole_ticks(7, 7)
    ([1, 20, 40, 60, 80, 100], [1, 2, 3], [7])
    """
    if high - low < _MOST_WHOLE:
        return list(range(low, high + 1))
    first, second, *_ = nice_ticks(low, high, _MOST_WHOLE)
    step = max(int(second - first), 1)
    between = [value for value in range(low - low % step, high, step) if low < value]
    return [low, *(value for value in between if min(value - low, high - value) > step / 2), high]


def value_ticks(values: Iterable[float], *, from_zero: bool = False) -> list[float]:
    """Return ticks that cover `values`: from zero when that is wanted, or when they do not all lie far away from it."""
    known = list(values)
    low, high = min(known), max(known)
    if low > 0 and (from_zero or low < ZERO_BASED_BELOW * high or low == high):
        low = 0.0
    return nice_ticks(low, high)


def tick_label(value: float) -> str:
    """Write a tick: plain for everyday numbers, with a power of ten for very small and very large ones.

    >>> tick_label(0.25), tick_label(0.00005), tick_label(1500.0), tick_label(-2.0)
    ('0.25', '5e−5', '1500', '−2')
    """
    text = f"{value:.6g}"
    if "e" in text:
        mantissa, _, exponent = text.partition("e")
        text = f"{mantissa}e{int(exponent)}"
    return text.replace("-", MINUS)


def _clean(value: float) -> float:
    """Remove what binary fractions leave behind (0.6000000000000001)."""
    return float(f"{value:.12g}") + 0.0
