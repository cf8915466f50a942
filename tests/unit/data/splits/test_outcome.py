"""What is said of a split."""

from __future__ import annotations

from yololab.data.splits.outcome import Member, grouped, outcome_of
from yololab.data.splits.stratify import BACKGROUNDS, IMAGES


def test_counts_and_what_could_not_be_satisfied():
    members = [Member(f"{n}.jpg", f"g{n // 2}", {0: 2} if n else {}) for n in range(8)]
    members[4] = Member("4.jpg", "g2", {0: 2, 1: 1})
    assert grouped(members)["g0"] == {IMAGES: 2, BACKGROUNDS: 1, ("instances", 0): 2, ("images", 0): 1}
    found = outcome_of(
        members, {"g0": 0, "g1": 0, "g3": 0, "g2": 1}, {"train": 0.5, "val": 0.5}, {0: "cat", 1: "dog", 2: "emu"}
    )
    train, val = found.parts
    assert (train.images, train.groups, train.backgrounds, train.instances) == (6, 3, 1, 10)
    assert (val.images, val.groups, val.instances) == (2, 1, 5)
    assert found.classes[0].deviation == 10 / 14 - 0.5
    assert found.classes[1].instances == {"train": 0, "val": 1}
    assert found.unsatisfied == (
        "class 'dog': none in train; all of it is in 1 group",
        "no object at all of 1 class: emu",
        "train 75% instead of 50%, val 25% instead of 50%: the largest group has 2 images of 8",
    )
