"""The points of a freeze-thaw search: spread over the space at first, later next to the best one.

Until there are results there is nothing to learn from, and a few points drawn at random often lie together. Halton's
sequence (1960) puts each next one where none is yet; the shift by the seed makes another sequence of it (Cranley &
Patterson 1976). Later points change about half of what the best trial has, a little. Replayed on learning curves this
needed fewer epochs than a tree of Parzen estimators that was shown the paused trials (docs/decisions/freeze-thaw.md).
"""

import itertools
import math
import random
from collections.abc import Iterator, Mapping, Sequence

from yololab.sweep.planning.space import Dimension, Scale, Value

# How far a later point lies from the best one: a standard deviation, the range of a dimension being 1.
SCALE = 0.1


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


def near_point(
    dimensions: Sequence[Dimension], centre: Mapping[str, Value], rng: random.Random, scale: float = SCALE
) -> dict[str, Value]:
    """Return a point next to another one: each value is changed with a chance of one half, and one at least.

    Args:
        dimensions: What varies.
        centre: The values of the other one.
        rng: Random numbers.
        scale: How far away, as a standard deviation; a choice that is changed is drawn anew.
    """
    changed = {dimension.key for dimension in dimensions if rng.random() < 0.5}
    changed = changed or {rng.choice(dimensions).key}
    found = dict(centre)
    for dimension in dimensions:
        if dimension.key in changed:
            choice = dimension.scale is Scale.CHOICE
            place = rng.random() if choice else _place(dimension, centre[dimension.key]) + rng.gauss(0.0, scale)
            found[dimension.key] = _value(dimension, min(1.0, max(0.0, place)))
    return found


def _value(dimension: Dimension, place: float) -> Value:
    """Return the value at a place from 0 to 1."""
    if dimension.scale is Scale.CHOICE:
        return dimension.values[min(int(place * len(dimension.values)), len(dimension.values) - 1)]
    low, high = dimension.low, dimension.high
    step = dimension.step or (1 if dimension.scale is Scale.INT and not dimension.log else None)
    if step is not None:
        value = min(high, low + int(place * (round((high - low) / step) + 1)) * step)
    else:
        value = low * (high / low) ** place if dimension.log else low + (high - low) * place
        value = min(high, max(low, value))
    return round(value) if dimension.scale is Scale.INT else float(value)


def _place(dimension: Dimension, value: Value) -> float:
    """Return the place of a number, from 0 to 1; the middle of its share where there are steps."""
    assert isinstance(value, (int, float))
    low, high = dimension.low, dimension.high
    step = dimension.step or (1 if dimension.scale is Scale.INT and not dimension.log else None)
    if step is not None:
        return (round((value - low) / step) + 0.5) / (round((high - low) / step) + 1)
    return math.log(value / low) / math.log(high / low) if dimension.log else (value - low) / (high - low)


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
