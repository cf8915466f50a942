"""Points that cover a space evenly from the first ones on: a shifted Halton sequence.

Until there are results there is nothing to learn from, and a few points drawn at random often lie together. Halton's
sequence (1960) puts each next one where none is yet; the shift by the seed makes another sequence of it (Cranley &
Patterson 1976).
"""

import itertools
import math
import random
from collections.abc import Iterator, Sequence

from yololab.sweep.planning.space import Dimension, Scale, Value


def spread_point(dimensions: Sequence[Dimension], index: int, seed: int) -> dict[str, Value]:
    """Return a point of the sequence.

    Args:
        dimensions: What varies.
        index: Its place in the sequence, from 0.
        seed: Which sequence.

    >>> rate = Dimension("lr0", "lr0", Scale.FLOAT, low=1e-4, high=1e-2, log=True)
    >>> 1e-4 <= spread_point([rate], 0, 0)["lr0"] <= 1e-2
    True
    """
    shifts = random.Random(seed)
    return {
        dimension.key: _value(dimension, (_halton(index + 1, prime) + shifts.random()) % 1.0)
        for dimension, prime in zip(dimensions, _primes(), strict=False)
    }


def _value(dimension: Dimension, place: float) -> Value:
    """Return the value at a place between 0 and 1."""
    if dimension.scale is Scale.CHOICE:
        return dimension.values[int(place * len(dimension.values))]
    low, high = dimension.low, dimension.high
    step = dimension.step or (1 if dimension.scale is Scale.INT and not dimension.log else None)
    if step is not None:
        steps = int(place * (round((high - low) / step) + 1))
        value = min(high, low + steps * step)
    else:
        value = low * (high / low) ** place if dimension.log else low + (high - low) * place
        value = min(high, max(low, value))
    return round(value) if dimension.scale is Scale.INT else value


def _halton(index: int, base: int) -> float:
    """Return the digits of a number in a base, mirrored behind the point.

    >>> [_halton(index, 2) for index in (1, 2, 3)]
    [0.5, 0.25, 0.75]
    """
    found, digit = 0.0, 1.0
    while index:
        digit /= base
        found += digit * (index % base)
        index //= base
    return found


def _primes() -> Iterator[int]:
    """Return the prime numbers, one after the other."""
    return filter(lambda n: all(n % d for d in range(2, math.isqrt(n) + 1)), itertools.count(2))
