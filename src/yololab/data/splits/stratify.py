"""Sharing out groups of images so that every part gets its share of every class; groups stay whole.

A greedy assignment in the spirit of Sechidis et al. (2011, "On the stratification of multi-label data"): the group that
holds most of some class goes first, each to the part where it brings all shares closest to what was asked for; then
groups move, and two change places, as long as that helps. No part stays empty where there are groups enough: who asked
for a test split wants one, however uneven the groups are. Everything follows from the names of the groups and the seed:
the same on every machine, whatever the order of the files.
"""

import hashlib
from collections.abc import Hashable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

# What is shared out: the images themselves, those without an object, and of each class objects and images.
IMAGES, BACKGROUNDS = "images", "backgrounds"
Amounts = Mapping[Hashable, float]
# What a part without a class costs, where there are groups enough: as much as a share that is off by 0.22.
_ABSENT = 0.05
_PASSES = 20
_MOST_SWAPPED = 120  # groups; every one is held against every other one
_DIGITS = 12  # two ways that cost the same to so many digits are told by their place, on every machine


def share_out(groups: Mapping[str, Amounts], shares: Sequence[float], seed: int = 0) -> dict[str, int]:
    """Return the part of each group.

    Args:
        groups: Name of each group → how much it holds of what is shared out: `IMAGES`, `BACKGROUNDS`, and any keys for
            the classes. What is shared out evenly is each column's part of its own sum.
        shares: The share of each part; they add up to 1.
        seed: Which of many equally good ways.

    >>> sorted(share_out({name: {IMAGES: 1} for name in "abcd"}, (0.5, 0.5)).values())
    [0, 0, 1, 1]
    """
    table = _Table(groups, shares, seed)
    for group in table.order:
        table.put(group, table.cheapest(group))
    for _ in range(_PASSES):
        moved = [table.shift(group) for group in table.order]
        if not any(moved) and not (len(groups) <= _MOST_SWAPPED and table.swap()):
            break
    for part in range(len(shares)):
        table.fill(part)
    return {name: int(table.part[group]) for group, name in enumerate(table.names)}


class _Table:
    """How much of each column every part has, and what the distance from the wanted shares costs.

    With x the part of a column's sum that a part has and r what it should have, a column costs w·Σ(x − r)² over the
    parts; w is 1 for the images and 1 divided by the number of columns for each of the others.
    """

    def __init__(self, groups: Mapping[str, Amounts], shares: Sequence[float], seed: int) -> None:
        self.names = sorted(groups)
        sums: dict[Hashable, float] = {}
        holders: dict[Hashable, int] = {}
        for amounts in groups.values():
            for column, amount in amounts.items():
                if amount > 0:
                    sums[column] = sums.get(column, 0.0) + amount
                    holders[column] = holders.get(column, 0) + 1
        columns = {column: place for place, column in enumerate(sorted(sums, key=repr))}
        self.columns = [
            np.array([columns[name] for name in columns if groups[group].get(name, 0) > 0], np.intp)
            for group in self.names
        ]
        named = list(columns)
        self.values = [
            np.array([groups[group][named[place]] / sums[named[place]] for place in own])
            for group, own in zip(self.names, self.columns, strict=True)
        ]
        others = max(len(columns) - 1, 1)
        self.weights = np.array([1.0 if name == IMAGES else 1.0 / others for name in named])
        # Only where every part can have a group of it: elsewhere nothing would be gained for what it costs.
        enough = [name not in (IMAGES, BACKGROUNDS) and holders[name] >= len(shares) for name in named]
        self.absent = np.where(enough, _ABSENT * self.weights, 0.0)
        self.off = -np.array(shares)[:, None] * np.ones(len(columns))  # x − r, shape (parts, columns)
        self.held = np.zeros((len(shares), len(columns)), np.int64)
        self.part: NDArray[np.int64] = np.full(len(self.names), -1, np.int64)
        digests = [hashlib.sha256(f"{seed}\0{name}".encode("utf-8", "surrogateescape")).digest() for name in self.names]
        largest = [float(value.max()) if len(value) else 0.0 for value in self.values]
        places = range(len(self.names))
        self.order = sorted(places, key=lambda group: (-round(largest[group], _DIGITS), digests[group]))

    def put(self, group: int, part: int, sign: int = 1) -> None:
        """Put a group into a part, or take it out."""
        columns = self.columns[group]
        self.off[part, columns] += sign * self.values[group]
        self.held[part, columns] += sign
        self.part[group] = part if sign > 0 else -1

    def costs(self, group: int) -> NDArray[np.float64]:
        """Return what it costs to put a group, which is in no part, into each of the parts, shape (parts,)."""
        columns, values = self.columns[group], self.values[group]
        change = self.weights[columns] * values * (2 * self.off[:, columns] + values)
        change -= self.absent[columns] * (self.held[:, columns] == 0)
        rounded: NDArray[np.float64] = np.round(change.sum(axis=1), _DIGITS)
        return rounded

    def cheapest(self, group: int) -> int:
        """Return the part that a group in no part goes to; of several the one that lacks most images."""
        costs = self.costs(group)
        tied = np.flatnonzero(costs == costs.min())
        return int(tied[np.round(self.off[tied].mean(axis=1), _DIGITS).argmin()])

    def shift(self, group: int) -> bool:
        """Move a group to where it costs less; return whether it moved."""
        before = int(self.part[group])
        self.put(group, before, -1)
        costs = self.costs(group)
        after = int(costs.argmin())
        if costs[after] >= costs[before]:
            after = before
        self.put(group, after)
        return after != before

    def fill(self, part: int) -> None:
        """Give a part that has nothing the group that costs least there; none where another one would lose its last."""
        counts = np.bincount(self.part, minlength=len(self.off))
        if counts[part]:
            return
        found = []
        for place, group in enumerate(self.order):
            before = int(self.part[group])
            if counts[before] > 1:
                self.put(group, before, -1)
                costs = self.costs(group)
                self.put(group, before)
                found.append((float(costs[part] - costs[before]), place, group))
        if found:
            *_, group = min(found)
            self.put(group, int(self.part[group]), -1)
            self.put(group, part)

    def swap(self) -> bool:
        """Let pairs of groups change places where that costs less; return whether any did."""
        changed = False
        for place, one in enumerate(self.order):
            for other in self.order[place + 1 :]:
                changed |= self._swapped(one, other)
        return changed

    def _swapped(self, one: int, other: int) -> bool:
        ours, theirs = int(self.part[one]), int(self.part[other])
        if ours == theirs:
            return False
        self.put(one, ours, -1)
        self.put(other, theirs, -1)
        stay = self.costs(one)[ours] + self.costs(other)[theirs]
        swap = self.costs(one)[theirs] + self.costs(other)[ours]
        better = swap < stay - 10.0**-_DIGITS
        self.put(one, theirs if better else ours)
        self.put(other, ours if better else theirs)
        return bool(better)
