"""Where curves are expected to end, against curves whose end is known."""

from __future__ import annotations

import math

import pytest

from yololab.sweep.planning.freeze_thaw.curves import Curve, predicted


def test_a_line_over_the_logarithm_of_the_epochs_is_continued_exactly():
    def line(rise: float, until: int) -> Curve:
        return Curve({epoch: 0.1 + rise * math.log(epoch) for epoch in range(1, until + 1)}, until)

    found = predicted([line(0.05, 4), line(0.05, 2), line(0.05, 1)], 16)
    assert found == pytest.approx([0.1 + 0.05 * math.log(16)] * 3)


def test_a_slope_is_drawn_towards_that_of_the_others_the_more_the_fewer_epochs_there_are():
    flat = [Curve({1: 0.2, 2: 0.2, 3: 0.2, 4: 0.2}, 4)] * 3
    steep = {1: 0.1, 2: 0.1 + 0.1 * math.log(2)}
    short = predicted([*flat, Curve(steep, 2)], 8)[3]
    longer = predicted([*flat, Curve({epoch: 0.1 + 0.1 * math.log(epoch) for epoch in range(1, 5)}, 4)], 8)[3]
    alone = 0.1 + 0.1 * math.log(8)
    assert steep[2] < short < longer < alone


def test_nothing_is_expected_to_fall_below_what_it_has_reached():
    assert predicted([Curve({1: 0.3, 2: 0.1}, 2)], 8) == [0.3]


def test_one_that_has_ended_or_shown_nothing():
    ended, silent = Curve({1: 0.1, 2: 0.2}, 2, ended=True), Curve({}, 1)
    assert predicted([ended, silent], 8) == [0.2, -math.inf]
    assert predicted([], 8) == []
