"""Numbers, durations and sizes read alike wherever they are shown, and what is not known is never a zero."""

from __future__ import annotations

import doctest
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

import yololab.text
from yololab.text import (
    UNKNOWN,
    as_number,
    as_text,
    count,
    counted,
    differing,
    duration,
    first_of,
    flattened,
    interval,
    number,
    p_value,
    percent,
    printable,
    setting,
    share,
    short_hash,
    shortened,
    signed,
    size,
    text_width,
)


def test_the_examples_are_true():
    result = doctest.testmod(yololab.text)
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


def test_any_value_is_written():
    assert as_text("") == as_text(None) == UNKNOWN
    assert as_text(0) == "0"


@given(st.floats(allow_nan=False, allow_infinity=False, width=32))
def test_a_sign_is_a_minus_sign_and_zero_has_none(value):
    assert "-" not in signed(value) + number(value)
    if float(f"{value:.4f}") == 0:
        assert signed(value).strip("0.") == ""


@given(st.integers(min_value=0, max_value=10**6))
def test_a_duration_keeps_its_minutes(seconds):
    text = duration(seconds)
    if "h" in text:
        hours, _, minutes, _ = text.split()
        assert int(hours) * 60 + int(minutes) == seconds // 60


@given(st.text(max_size=60), st.integers(min_value=3, max_value=40))
def test_shortened_text_fits(text, columns):
    assert text_width(shortened(text, columns)) <= columns
    if text_width(text) <= columns:
        assert shortened(text, columns) == text


def test_settings_are_flat_and_written_as_yaml_does():
    tree = {"model": {"weights": "yolo26n.pt", "options": {}}, "classes": [0, 1], "amp": None}
    found = {key: setting(value) for key, value in flattened(tree)}
    assert found == {"model.weights": "yolo26n.pt", "model.options": "{}", "classes": "[0, 1]", "amp": "null"}
    assert flattened({}) == []


def test_a_hash_is_shown_by_its_beginning():
    assert short_hash("0123456789abcdef") == "0123456789ab"
    assert short_hash(None) == UNKNOWN


@pytest.mark.parametrize(
    "letter",
    [
        "\x00",
        "\x07",
        "\r",
        "\n",
        "\t",
        "\x1b",
        "\x7f",
        "\x9b",
        "\u061c",
        "\u200b",
        "\u202e",
        "\u2028",
        "\u2066",
        "\ufeff",
        "\udcff",
    ],
)
def test_what_steers_a_terminal_is_seen(letter):
    text = printable(f"a{letter}b")
    assert letter not in text
    assert text.startswith("a\\")
    assert text.endswith("b")
    text.encode("utf-8")


@pytest.mark.parametrize("text", ["plain", "猫 straße", "می\u200cخواهم", "👩\u200d🚀", "a\u00a0b", "e\u0301"])
def test_what_is_read_stays(text):
    assert printable(text) == text


def test_a_setting_that_one_run_does_not_know():
    assert [*differing([{"a": 1, "b": None}, {"c": 2}]).items()] == [("a", [1, None]), ("c", [None, 2])]
    assert [*differing([{"a": 1}, {"a": 1}, {"a": 2}]).items()] == [("a", [1, 1, 2])]
