"""Which epoch becomes best.pt."""

import math
import random

import pytest

from yololab.ultralytics_adapter.training.selection import SMOOTHED, chosen_epoch, scores


def test_a_smoothed_choice_made_epoch_by_epoch_is_the_one_made_at_the_end():
    """What is chosen on the way never has to be taken back: the checkpoint that it needs is the last one."""
    draw = random.Random(5)
    for _ in range(200):
        values = [draw.choice([0.1, 0.2, 0.3, 0.4, 0.5]) for _ in range(draw.randint(1, 12))]
        kept = None
        for epoch in range(len(values)):
            over = epoch == len(values) - 1
            chosen = chosen_epoch(values[: epoch + 1], SMOOTHED, over=over)
            if chosen != kept:
                assert chosen in (epoch, epoch - 1)
                assert chosen == epoch - 1 or over or epoch == 0
                kept = chosen
        means = [
            math.fsum(values[max(i - 1, 0) : i + 2]) / len(values[max(i - 1, 0) : i + 2]) for i in range(len(values))
        ]
        assert means[kept] == max(means)


@pytest.mark.parametrize(("select", "chosen"), [("best", 1), ("smoothed", 3), ("last", 5)])
def test_the_rules_differ_on_a_lucky_epoch(select, chosen):
    assert chosen_epoch([0.1, 0.9, None, 0.6, 0.6, 0.55], select, over=True) == chosen


def test_an_epoch_without_a_number_is_never_chosen():
    assert scores([None, 0.2], "best", over=True) == [None, 0.2]
    assert chosen_epoch([None, None], SMOOTHED, over=True) is None
    assert chosen_epoch([], "last", over=True) is None
