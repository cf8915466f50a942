"""What came out of a split: images, groups and objects of each part, how far the shares are off, and what could not be.

Pure counting: no file is read here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from yololab.data.splits.stratify import BACKGROUNDS, IMAGES, Amounts
from yololab.text import counted, first_of, share

# By how much a part's share of the images may be off before it is said; one image is no matter.
_FAR_OFF = 0.02


@dataclass(frozen=True)
class Member:
    """One image that is shared out.

    Attributes:
        key: Its key.
        group: The name of its group.
        amounts: Class → how much of it there is.
    """

    key: str
    group: str
    amounts: Mapping[int, int]


@dataclass(frozen=True)
class Part:
    """What one part holds.

    Attributes:
        name: Its name.
        wanted: The share of the images that was asked for.
        images: Its images.
        share: Their share.
        groups: Its groups.
        backgrounds: Its images without an object.
        instances: Its objects.
    """

    name: str
    wanted: float
    images: int
    share: float
    groups: int
    backgrounds: int
    instances: int


@dataclass(frozen=True)
class SplitClass:
    """How one class was shared out.

    Attributes:
        name: Its name.
        groups: In how many groups it is.
        instances: Part → its objects there.
        deviation: The largest difference between a part's share of them and the one that was asked for; None without
            an object.
    """

    name: str
    groups: int
    instances: dict[str, int]
    deviation: float | None


@dataclass(frozen=True)
class SplitOutcome:
    """What came out.

    Attributes:
        parts: Each part.
        classes: Each class.
        deviation: Mean of the classes' deviations; None without an object.
        unsatisfied: What could not be satisfied, a sentence each.
    """

    parts: tuple[Part, ...]
    classes: tuple[SplitClass, ...]
    deviation: float | None
    unsatisfied: tuple[str, ...] = field(default=())

    def to_json(self) -> dict[str, Any]:
        """Return it as split.json has it."""
        return asdict(self)


def grouped(members: Sequence[Member]) -> dict[str, Amounts]:
    """Return what each group holds of all that is shared out, as `share_out` takes it."""
    groups: dict[str, dict[Any, float]] = {}
    for member in members:
        held = groups.setdefault(member.group, {})
        columns: list[tuple[Any, int]] = [(IMAGES, 1)]
        if not member.amounts:
            columns.append((BACKGROUNDS, 1))
        for index, amount in member.amounts.items():
            columns += [(("instances", index), amount), (("images", index), 1)]
        for column, amount in columns:
            held[column] = held.get(column, 0) + amount
    return dict(groups)


def outcome_of(
    members: Sequence[Member], part_of: Mapping[str, int], wanted: Mapping[str, float], names: Mapping[int, str]
) -> SplitOutcome:
    """Count what came out.

    Args:
        members: The images.
        part_of: Group → the number of its part.
        wanted: Name of each part → the share that was asked for.
        names: Class names by index.
    """
    parts = list(wanted)
    of_part: list[list[Member]] = [[] for _ in parts]
    for member in members:
        of_part[part_of[member.group]].append(member)
    found = tuple(
        Part(
            name,
            wanted[name],
            len(held),
            len(held) / max(len(members), 1),
            len({member.group for member in held}),
            sum(not member.amounts for member in held),
            sum(sum(member.amounts.values()) for member in held),
        )
        for name, held in zip(parts, of_part, strict=True)
    )
    groups: dict[int, set[str]] = {index: set() for index in names}
    counts = {index: dict.fromkeys(parts, 0) for index in names}
    for name, held in zip(parts, of_part, strict=True):
        for member in held:
            for index, amount in member.amounts.items():
                groups.setdefault(index, set()).add(member.group)
                counts.setdefault(index, dict.fromkeys(parts, 0))[name] += amount
    classes = tuple(
        SplitClass(names.get(index, str(index)), len(groups[index]), held, _deviation(held, wanted))
        for index, held in counts.items()
    )
    known = [item.deviation for item in classes if item.deviation is not None]
    mean = sum(known) / len(known) if known else None
    return SplitOutcome(found, classes, mean, tuple(_unsatisfied(found, classes, members)))


def _deviation(held: Mapping[str, int], wanted: Mapping[str, float]) -> float | None:
    total = sum(held.values())
    return max(abs(held[name] / total - wanted[name]) for name in wanted) if total else None


def _unsatisfied(parts: Sequence[Part], classes: Sequence[SplitClass], members: Sequence[Member]) -> list[str]:
    """Return what could not be satisfied."""
    lines = []
    for item in classes:
        absent = [name for name, count in item.instances.items() if not count]
        if not absent or len(absent) == len(parts):
            continue
        # In images that form no groups, a group is an image.
        why = (
            f"all of it is in {counted(item.groups, 'group')}" if item.groups < len(parts) else "its groups are uneven"
        )
        lines.append(f"class {item.name!r}: none in {first_of(absent, len(absent))}; {why}")
    if unused := [item.name for item in classes if item.deviation is None]:
        lines.append(f"no object at all of {counted(len(unused), 'class', 'classes')}: {first_of(unused, 5)}")
    sizes: dict[str, int] = {}
    for member in members:
        sizes[member.group] = sizes.get(member.group, 0) + 1
    largest = max(sizes.values(), default=0)
    far = [part for part in parts if abs(part.share - part.wanted) > max(_FAR_OFF, 1 / max(len(members), 1) + 1e-9)]
    if far:
        shown = ", ".join(f"{part.name} {share(part.share)} instead of {share(part.wanted)}" for part in far)
        lines.append(f"{shown}: the largest group has {counted(largest, 'image')} of {len(members):,}")
    return lines
