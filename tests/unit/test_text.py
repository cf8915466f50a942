"""Numbers, durations and sizes read alike wherever they are shown, and what is not known is never a zero."""

from __future__ import annotations

import doctest
import math

import pytest

from yololab import text
from yololab.text import (
    UNKNOWN,
    as_number,
    as_text,
    count,
    counted,
    duration,
    first_of,
    interval,
    number,
    p_value,
    percent,
    share,
    shortened,
    signed,
    size,
    text_width,
)


def test_the_examples_are_true():
    result = doctest.testmod(text)
    assert result.attempted > 10
    assert not result.failed


@pytest.mark.parametrize("write", [number, p_value, count, signed, percent, share, duration, size])
@pytest.mark.parametrize("value", [None, math.nan, math.inf, True, "0.5", [1]])
def test_what_is_no_number_is_a_dash(write, value):
    assert write(value) == UNKNOWN
    assert as_number(value) is None


@pytest.mark.parametrize(("value", "shown"), [(-0.00001, "0.0000"), (0.00001, "0.0000"), (-0.00006, "−0.0001")])
def test_a_difference_that_rounds_to_zero_has_no_sign(value, shown):
    assert signed(value) == shown


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0, "0.0 s"),
        (9.94, "9.9 s"),
        (9.96, "10 s"),
        (59.4, "59 s"),
        (59.6, "1 min 00 s"),
        (3599.6, "1 h 00 min"),
        (90_000, "25 h 00 min"),
    ],
)
def test_durations_carry_over(seconds, shown):
    assert duration(seconds) == shown


@pytest.mark.parametrize(("found", "shown"), [(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (5e15, "5000.0 TB")])
def test_sizes_are_decimal(found, shown):
    assert size(found) == shown


def test_an_interval_with_an_unknown_end_is_unknown():
    assert interval(0.1, None) == interval(None, 0.1) == UNKNOWN


def test_several_are_counted():
    assert counted(0, "run") == "0 runs"
    assert counted(2, "class", "classes") == "2 classes"
    assert first_of([]) == ""
    assert first_of(["a", "b"], most=1) == "a, …"


@pytest.mark.parametrize("columns", range(3, 12))
def test_a_shortened_text_fits(columns):
    for name in ("traffic light red", "猫猫猫猫猫猫", "e\u0301" * 20):
        assert text_width(shortened(name, columns)) <= columns


def test_any_value_is_written():
    assert as_text("") == as_text(None) == UNKNOWN
    assert as_text(0) == "0"
