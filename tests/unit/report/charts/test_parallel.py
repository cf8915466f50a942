"""Parallel axes: where lines cross them, and what is written there."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from yololab.report.charts.parallel import Line, category_axis, number_axis, parallel


def test_numbers_reach_from_the_bottom_to_the_top():
    axis = number_axis("lr0", [0.01, 0.03, 0.02])
    assert axis.places == pytest.approx((0, 1, 0.5))
    assert [label for _, label in axis.labels] == ["0.01", "0.03"]


def test_powers_of_ten_are_evenly_apart():
    assert number_axis("lr0", [0.001, 0.01, 0.1], log=True).places == pytest.approx((0, 0.5, 1))


def test_one_value_stands_in_the_middle_and_is_written_once():
    axis = number_axis("lr0", [0.01, 0.01])
    assert axis.places == (0.5, 0.5)
    assert axis.labels == ((0.5, "0.01"),)
    assert category_axis("model", ["n", "n"]).places == (0.5, 0.5)


def test_choices_are_evenly_apart_in_the_order_of_their_names():
    axis = category_axis("model", ["s", "n", "x", "n"])
    assert axis.places == (0.5, 0, 1, 0)
    assert axis.labels == ((0.0, "n"), (0.5, "s"), (1.0, "x"))


def test_the_best_line_is_drawn_last_and_clearest():
    axes = [number_axis("a", [1, 2, 3]), number_axis("b", [1, 2, 3])]
    markup = parallel("ways", axes, [Line("second", 0.5), Line("best", 1.0, True), Line("worst", 0.0)])
    drawn = [item for item in ElementTree.fromstring(markup).iter("g") if "series" in item.get("class", "")]
    assert [item.findtext("title") for item in drawn] == ["worst", "second", "best"]
    assert [float(item.get("opacity", "")) for item in drawn] == pytest.approx([0.15, 0.425, 1.0], abs=0.006)


def test_one_axis_or_no_line_is_no_chart():
    axis = number_axis("a", [1.0])
    assert not parallel("ways", [axis], [Line("x", 1.0)])
    assert not parallel("ways", [axis, axis], [])


def test_the_labels_of_the_ends_stand_outside_the_lines_and_each_axis_can_be_brushed():
    axes = [number_axis("a", [1, 2, 3]), category_axis("b", ["x", "y", "z"])]
    root = ElementTree.fromstring(parallel("ways", axes, [Line(str(n), 0.5, trial=n + 7) for n in range(3)]))
    heights = {item.text: float(item.get("y")) for item in root.iter("text")}
    rules = [item for item in root.iter("line") if item.get("class") == "axis"]
    assert heights["3"] == heights["z"] < float(rules[0].get("y1"))
    assert heights["1"] == heights["x"] > float(rules[0].get("y2"))
    areas = [item for item in root.iter("rect") if item.get("class") == "brush"]
    assert [item.get("data-label") for item in areas] == ["a", "b"]
    assert [pair.split(":")[0] for pair in areas[0].get("data-places").split()] == ["7", "8", "9"]
