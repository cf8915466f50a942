"""What may be asked of a split."""

from __future__ import annotations

import pytest

from yololab.data.splits.settings import read_split_settings
from yololab.errors import InputError


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"ratios": "0.8,0.1"}, "ratios=0.8889,0.1111"),
        ({"ratios": "80,10,10"}, "ratios=0.8,0.1,0.1"),
        ({"ratios": "1,0"}, "above 0, sum 1"),
        ({"ratios": "0.5,0.3,0.1,0.1"}, "two or three numbers"),
        ({"ratios": "0.8,0.1,0.1", "keep": "test"}, "two numbers, of train and val"),
        ({"ratios": "much"}, "two or three numbers"),
        ({"folds": "1"}, "2 to 100"),
        ({"folds": "5", "ratios": "0.8,0.2"}, "one of them"),
        ({}, "neither given"),
        ({"folds": "5", "keep": "val"}, "test"),
    ],
)
def test_what_is_wrong_is_told_with_what_is_right(given, says):
    with pytest.raises(InputError, match=says):
        read_split_settings({"out": "x"} | given)


def test_shares_of_the_parts():
    found = read_split_settings({"out": "x", "ratios": "[0.7, 0.2, 0.1]", "group": "folder"})
    assert found.shares == {"train": 0.7, "val": 0.2, "test": 0.1}
    assert found.asked == "ratios=0.7,0.2,0.1 group=folder"
    with pytest.raises(InputError, match="out"):
        read_split_settings({"folds": "5"})
