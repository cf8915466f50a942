"""What a guard says of a value and its interval."""

from __future__ import annotations

import pytest

from yololab.comparison.guarding.guard import Guard, GuardRule
from yololab.config.schema import Unsettled


@pytest.mark.parametrize(
    ("ends", "broken", "settled"),
    [((0.4, 0.6), False, True), ((0.1, 0.2), True, True), ((0.1, 0.6), False, False), (None, False, True)],
)
def test_an_interval_decides_on_which_side_of_the_limit_a_value_is(ends, broken, settled):
    value = 0.5 if ends is None else sum(ends) / 2
    guard = GuardRule(1.0, Unsettled.PASS).guard("recall", 0.3, value, ends, "recall")
    assert (guard.broken, guard.settled) == (broken, settled)
    assert Guard.from_json(guard.to_json()) == guard


def test_several_guards_widen_the_interval_of_each():
    assert GuardRule(2.0, Unsettled.PASS).widened(0.5, (0.4, 0.7)) == pytest.approx((0.3, 0.9))
