"""The pieces of a chart: well-formed, with text that stays text."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest
from markupsafe import Markup

from yololab.report.charts.bars import Bar, bars
from yololab.report.charts.heatmap import heatmap
from yololab.report.charts.lines import Series, line_chart
from yololab.report.charts.svg import SMALLEST, drawing, figure, text

HOSTILE = """<script>&"'"""


def test_text_cannot_become_markup():
    drawn = drawing(10, 20, HOSTILE, [text(1, 2, HOSTILE, "end", HOSTILE)])
    root = ElementTree.fromstring(figure(HOSTILE, drawn))
    assert [item.tag for item in root.iter()] == ["figure", "figcaption", "span", "svg", "text"]
    assert root.findtext("svg/text") == root.findtext("figcaption/span") == HOSTILE
    assert root.find("svg").get("aria-label") == HOSTILE


def test_a_natural_drawing_is_no_larger_than_drawn():
    root = ElementTree.fromstring(drawing(400, 100, "label", [], natural=True))
    assert root.get("style") == f"width:400px;min-width:{400 * SMALLEST:.0f}px"
    assert "style" not in ElementTree.fromstring(drawing(400, 100, "label", [])).attrib


def test_a_figure_without_a_title_has_no_caption():
    assert figure("", Markup("<svg/>")) == "<figure><svg/></figure>"


@pytest.mark.parametrize("name", ["<b>bold</b>", 'a" onload="x', "a & b", "{}", "{0.__class__}", "%s"])
def test_names_are_text_and_nothing_else(name):
    for drawn in (
        line_chart(name, [1, 2], [Series(name, [1, 2])]),
        bars(name, [Bar(name, 0.5, note=name)]),
        heatmap([name, "background"], [[1, 2], [3, 4]]),
    ):
        tree = ElementTree.fromstring(f"<root>{drawn}</root>")
        assert "bold" not in {item.text for item in tree.iter("b")}
        assert not any("onload" in item.attrib for item in tree.iter())
        assert name in "".join(tree.itertext())
