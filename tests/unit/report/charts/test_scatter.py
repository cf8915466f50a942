"""Points over two axes."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from yololab.report.charts.scatter import HEIGHT, WIDTH, Point, scatter


def dots(markup: str) -> list[ElementTree.Element]:
    return [item for item in ElementTree.fromstring(markup).iter("g") if "dot" in item.get("class", "").split()]


def place(dot: ElementTree.Element) -> tuple[float, float]:
    circle = dot.findall("circle")[-1]
    return float(circle.get("cx", "")), float(circle.get("cy", ""))


def test_more_is_farther_right_and_higher_up_and_all_lie_inside():
    found = [place(dot) for dot in dots(scatter("t", [Point(0, 0.1, "a"), Point(5, 0.9, "b")], "x", "y"))]
    (x1, y1), (x2, y2) = found
    assert x1 < x2
    assert y1 > y2
    assert all(0 < x < WIDTH and 0 < y < HEIGHT for x, y in found)


def test_a_marked_point_has_a_ring_and_every_point_its_tooltip():
    markup = scatter("t", [Point(0, 1, "first"), Point(1, 2, "<second>", ring=True)], "x", "y")
    assert [(dot.findtext("title"), len(dot.findall("circle"))) for dot in dots(markup)] == [
        ("first", 1),
        ("<second>", 2),
    ]


@pytest.mark.parametrize("trials", [1, 2, 7, 40, 1000])
def test_whole_things_are_counted_in_whole_steps(trials):
    markup = scatter("t", [Point(number, 0.5, "") for number in range(trials)], "trial", "y", whole=True)
    labels = [item.text or "" for item in ElementTree.fromstring(markup).iter("text")]
    across = [label for label in labels if label.isdigit()]
    assert 2 <= len(across) <= 9
    assert float(across[-1]) >= trials - 1


def test_steps_go_across_before_they_go_up():
    markup = scatter("t", [Point(0, 1, ""), Point(2, 2, "")], "x", "y", steps=[(0, 1), (2, 2)])
    (path,) = ElementTree.fromstring(markup).iter("path")
    assert path.get("d", "").split()[2][0] == "H"
    assert path.get("d", "").split()[3][0] == "V"


def test_nothing_is_no_chart():
    assert not scatter("t", [], "x", "y")


def test_what_has_no_value_stands_below_the_axis_in_its_own_form():
    points = [Point(0, 0.5, "a", trial=3), Point(1, None, "b", mark="cross", trial=4)]
    markup = scatter("t", points, "trial", "y", whole=True, keys=[("cross", 1, "failed")], brushed="trials")
    root = ElementTree.fromstring(markup)
    good, bad = dots(markup)[-2:]
    assert good.find("circle") is not None
    assert bad.find("path").get("class") == "mark"
    zero = next(item for item in root.iter("text") if item.text == "0")
    assert float(bad.find("path").get("transform").split()[1][:-1]) > float(zero.get("y"))
    assert "failed" in [item.tail for item in root.iter("svg")]
    (area,) = [item for item in root.iter("rect") if item.get("class") == "brush"]
    assert [pair.split(":")[0] for pair in area.get("data-places").split()] == ["3", "4"]


def test_an_axis_that_does_not_begin_at_zero_says_so():
    assert "the axis begins at 0.9" in scatter("t", [Point(0, 0.91, ""), Point(1, 0.98, "")], "x", "y")
    assert "begins" not in scatter("t", [Point(0, 0.1, ""), Point(1, 0.98, "")], "x", "y")
