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
