"""Points that are spread over a space, against numbers that are known, and what a value has to be."""

from __future__ import annotations

import math
import random
import statistics

import pytest

from yololab.sweep.planning.freeze_thaw.points import near_point, spread_point
from yololab.sweep.planning.space import read_space

SPACE = read_space(
    ["lr0=tag(log,interval(1e-4,1e-2))", "batch=range(4,17,4)", "close_mosaic=interval(0,10)", "optimizer=SGD,AdamW"],
    discrete=False,
)


def test_every_value_lies_in_its_dimension_and_few_points_reach_all_of_it():
    points = [spread_point(SPACE.dimensions, index, 5) for index in range(16)]
    for dimension in SPACE.dimensions:
        values = [point[dimension.key] for point in points]
        assert all(dimension.holds(value) for value in values)
    assert {point["optimizer"] for point in points} == {"SGD", "AdamW"}
    assert {point["batch"] for point in points} == {4, 8, 12, 16}
    quarters = {min(3, int(2 * (4 + math.log10(point["lr0"])))) for point in points}
    assert quarters == {0, 1, 2, 3}, "each quarter of the magnitudes"


def test_a_sequence_is_that_of_its_seed():
    assert spread_point(SPACE.dimensions, 3, 5) == spread_point(SPACE.dimensions, 3, 5)
    assert spread_point(SPACE.dimensions, 3, 5) != spread_point(SPACE.dimensions, 3, 6)


def test_differences_along_a_dimension_are_those_of_haltons_sequence():
    (line,) = read_space(["momentum=interval(0.0,1.0)"], discrete=False).dimensions
    values = [spread_point([line], index, 0)["momentum"] for index in range(3)]
    assert (values[0] - values[1]) % 1.0 == pytest.approx(0.25)  # 1/2, 1/4, 3/4
    assert (values[2] - values[0]) % 1.0 == pytest.approx(0.25)


def test_a_point_lies_next_to_another_one_and_differs_from_it():
    rng = random.Random(0)
    centre = {"lr0": 1e-3, "batch": 8, "close_mosaic": 5, "optimizer": "SGD"}
    points = [near_point(SPACE.dimensions, centre, rng) for _ in range(300)]
    for dimension in SPACE.dimensions:
        values = [point[dimension.key] for point in points]
        assert all(dimension.holds(value) for value in values)
        assert 0.3 < sum(value == centre[dimension.key] for value in values) / 300 < 0.95, "about half is left alone"
    off = [math.log10(point["lr0"] / 1e-3) / 2 for point in points if point["lr0"] != 1e-3]  # of the whole range
    assert abs(statistics.fmean(off)) < 0.03
    assert statistics.pstdev(off) == pytest.approx(0.1, rel=0.2)


def test_what_lies_at_the_edge_stays_in_the_space():
    rng = random.Random(1)
    edge = {"lr0": 1e-2, "batch": 16, "close_mosaic": 10, "optimizer": "AdamW"}
    for _ in range(100):
        point = near_point(SPACE.dimensions, edge, rng, scale=2.0)
        assert all(dimension.holds(point[dimension.key]) for dimension in SPACE.dimensions)
