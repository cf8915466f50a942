"""Axes that are round and cover the data."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from yololab.report.charts.scales import Scale, nice_ticks, tick_label, value_ticks, whole_ticks

EVERYDAY = st.floats(min_value=-1e6, max_value=1e6, allow_nan=False, allow_subnormal=False).filter(
    lambda value: value == 0 or abs(value) > 1e-6
)


@given(EVERYDAY, EVERYDAY)
@example(1e6, 999999.9999999999)
@example(-1e-6, -1.0000000001e-6)
def test_ticks_cover_the_data_evenly_and_are_few(first, second):
    low, high = sorted((first, second))
    ticks = nice_ticks(low, high)
    steps = [b - a for a, b in pairwise(ticks)]
    reach = max(abs(low), abs(high), 1e-6)
    assert ticks[0] <= low + 1e-8 * reach
    assert ticks[-1] >= high - 1e-8 * reach
    assert 2 <= len(ticks) <= 7
    assert max(steps) == pytest.approx(min(steps), rel=1e-3)


@given(st.integers(1, 5000), st.integers(0, 5000))
def test_epoch_ticks_start_and_end_with_the_axis_and_never_crowd(low, length):
    ticks = whole_ticks(low, low + length)
    assert (ticks[0], ticks[-1]) == (low, low + length)
    assert ticks == sorted(set(ticks))
    assert len(ticks) <= 9


@pytest.mark.parametrize(
    ("values", "lowest"), [([0.4, 0.9], 0.0), ([0.8, 0.9], 0.8), ([5.0], 0.0), ([-1.0, 1.0], -1.0), ([0.0, 0.0], -1.0)]
)
def test_the_axis_starts_at_zero_unless_the_data_are_far_from_it(values, lowest):
    assert value_ticks(values)[0] == lowest


def test_tick_labels_have_no_leftovers_of_binary_fractions():
    assert [tick_label(tick) for tick in nice_ticks(0, 0.7)] == ["0", "0.2", "0.4", "0.6", "0.8"]


def test_a_scale_maps_its_ends():
    scale = Scale(2.0, 4.0, 100.0, 20.0)
    assert (scale(2.0), scale(3.0), scale(4.0)) == (100.0, 60.0, 20.0)
