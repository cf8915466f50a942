"""Numbers in thirds, words in categories."""

from __future__ import annotations

import numpy as np
import pytest

from yololab.comparison.slices.columns import MOST_CATEGORIES, by_column, categories, thirds


@pytest.mark.parametrize("values", [np.arange(30.0), np.array([0.0, 0, 0, 0, 5, 6]), np.array([1.0, 2, np.nan, 2, 3])])
def test_every_known_number_is_in_one_slice_within_its_bounds(values):
    found = thirds("x", values)
    assert np.array_equal(sum(item.images.astype(int) for item in found), np.isfinite(values).astype(int))
    for item in found:
        inside = values[item.images]
        assert item.above is None or inside.min() > item.above
        assert item.up_to is None or inside.max() <= item.up_to
    assert found[0].above is found[-1].up_to is None


def test_what_is_alike_everywhere_is_no_slice():
    assert thirds("x", np.ones(9)) == thirds("x", np.full(3, np.nan)) == thirds("x", np.zeros(0)) == []
    assert categories("x", ["a"] * 30) == categories("x", [None] * 3) == categories("x", []) == []
    assert categories("x", [str(place) for place in range(30)]) == [], "each is rare"


def test_rare_and_many_words_are_pooled_and_numbers_of_few_values_are_words():
    words = ["a"] * 20 + ["b"] * 12 + ["c"] * 3 + [None]
    assert [(item.name, item.images.sum(), item.pooled) for item in categories("x", words)] == [
        ("a", 20, 0),
        ("b", 12, 0),
        ("c", 3, 0),
    ]
    assert [(item.name, item.pooled) for item in categories("x", [*words, "d"])][-1] == ("others", 2)
    many = categories("x", [f"{place % 20:02}" for place in range(400)])
    assert (len(many), many[-1].pooled) == (MOST_CATEGORIES + 1, 8)
    assert [item.name for item in by_column("camera", ["1", "2", "3"] * 10)] == ["1", "2", "3"]
    assert [item.name for item in by_column("lux", [*map(str, range(40)), "dark"])] == [], "words, each of them rare"
    assert [item.name for item in by_column("lux", [*map(str, range(40)), None])] == ["low", "middle", "high"]
