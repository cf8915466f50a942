"""Numbers, sizes and settings as they stand on a page."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yololab.text import (
    UNKNOWN,
    as_number,
    count,
    duration,
    flattened,
    number,
    percent,
    setting,
    share,
    short_hash,
    shortened,
    signed,
    size,
    text_width,
)


@pytest.mark.parametrize("value", [None, True, "0.5", math.nan, math.inf, [1]])
def test_what_is_no_number_is_unknown(value):
    assert as_number(value) is None
    for write in (number, count, signed, percent, share, duration, size):
        assert write(value) == UNKNOWN


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
