"""The charts: axes that are round and cover the data, gaps that stay gaps, text that cannot break out."""

from __future__ import annotations

import re
from itertools import pairwise
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yololab.report.charts.bars import Bar, bars
from yololab.report.charts.heatmap import heatmap
from yololab.report.charts.lines import MOST_HOVER_BANDS, Series, line_chart
from yololab.report.charts.scales import Scale, nice_ticks, tick_label, value_ticks, whole_ticks

EVERYDAY = st.floats(min_value=-1e6, max_value=1e6, allow_nan=False, allow_subnormal=False).filter(
    lambda value: value == 0 or abs(value) > 1e-6
)


def elements(markup: str, name: str, kind: str | None = None) -> list[ElementTree.Element]:
    """The elements of a chart, which must be well-formed XML."""
    tree = ElementTree.fromstring(f"<root>{markup}</root>")
    return [item for item in tree.iter(name) if kind is None or kind in (item.get("class") or "").split()]


@given(EVERYDAY, EVERYDAY)
def test_ticks_cover_the_data_evenly_and_are_few(first, second):
    low, high = sorted((first, second))
    ticks = nice_ticks(low, high)
    steps = [b - a for a, b in pairwise(ticks)]
    reach = max(abs(low), abs(high), 1e-6)
    assert ticks[0] <= low + 1e-8 * reach
    assert ticks[-1] >= high - 1e-8 * reach
    assert 2 <= len(ticks) <= 7
    assert max(steps) == pytest.approx(min(steps), rel=1e-3)


@given(st.integers(1, 5000), st.integers(0, 5000))
def test_epoch_ticks_start_and_end_with_the_axis_and_never_crowd(low, length):
    ticks = whole_ticks(low, low + length)
    assert (ticks[0], ticks[-1]) == (low, low + length)
    assert ticks == sorted(set(ticks))
    assert len(ticks) <= 9


@pytest.mark.parametrize(
    ("values", "lowest"), [([0.4, 0.9], 0.0), ([0.8, 0.9], 0.8), ([5.0], 0.0), ([-1.0, 1.0], -1.0), ([0.0, 0.0], -1.0)]
)
def test_the_axis_starts_at_zero_unless_the_data_are_far_from_it(values, lowest):
    assert value_ticks(values)[0] == lowest


def test_tick_labels_have_no_leftovers_of_binary_fractions():
    assert [tick_label(tick) for tick in nice_ticks(0, 0.7)] == ["0", "0.2", "0.4", "0.6", "0.8"]


def test_a_scale_maps_its_ends():
    scale = Scale(2.0, 4.0, 100.0, 20.0)
    assert (scale(2.0), scale(3.0), scale(4.0)) == (100.0, 60.0, 20.0)


def test_a_missing_value_is_a_gap_and_a_lonely_one_a_point():
    chart = line_chart("Loss", range(1, 101), [Series("val", [1.0, 2.0, None, 3.0, None, *[2.0] * 95])])
    (path,) = [item for item in elements(chart, "path") if len(item.get("d", "")) > 20]
    assert path.get("d", "").count("M") == 2
    assert len(elements(elements_of_series(chart), "circle")) == 1


def elements_of_series(chart: str) -> str:
    """The drawn line of a chart with one series, without legend and hover columns."""
    return next(part for part in re.findall(r'<g class="series[^"]*">.*?</g>', chart) if "M1 4" not in part)


def test_nothing_measured_draws_nothing():
    assert line_chart("Loss", [1, 2], [Series("val", [None, None])]) == ""
    assert line_chart("Loss", [], []) == ""


def test_one_epoch_is_one_point_in_the_middle():
    chart = line_chart("Loss", [1], [Series("train", [0.5])])
    (point,) = elements(elements_of_series(chart), "circle")
    assert 150 < float(point.get("cx", "0")) < 300


def test_the_tooltip_tells_every_line_and_the_legend_the_last_known_value():
    chart = line_chart("Loss", [1, 2], [Series("train", [3.0, 2.5]), Series("val", [3.5, None], colour=1, dashed=True)])
    titles = [item.text for item in elements(chart, "title")]
    assert titles == ["epoch 1\ntrain: 3\nval: 3.5", "epoch 2\ntrain: 2.5"]
    assert [item.text for item in elements(chart, "b")] == ["2.5", "3.5"]


def test_thousands_of_epochs_stay_light():
    epochs = range(1, 3001)
    chart = line_chart("Loss", epochs, [Series("train", [1 / epoch for epoch in epochs])])
    assert len(elements(chart, "title")) <= MOST_HOVER_BANDS
    assert len(chart) < 120_000


@pytest.mark.parametrize(("best", "marks"), [(2, 1), (9, 0), (None, 0)])
def test_the_best_epoch_is_marked_when_it_is_on_the_axis(best, marks):
    chart = line_chart("Loss", [1, 2, 3], [Series("train", [3, 2, 1])], best)
    assert len(elements(chart, "line", "best")) == marks


def test_bars_are_as_long_as_their_values():
    chart = bars("AP", [Bar("a", 1.0), Bar("b", 0.5), Bar("c", 0.0), Bar("d", None, marker=0.25)])
    widths = [float(item.get("width", "nan")) for item in elements(chart, "rect", "fill")]
    track = float(elements(chart, "rect", "track")[0].get("width", "nan"))
    assert widths == pytest.approx([track, track / 2, 0.0], abs=0.1)
    assert len(elements(chart, "line", "marker")) == 1
    assert "d: not known, baseline 0.2500" in [item.text for item in elements(chart, "title")]


def test_bars_without_a_fixed_end_reach_to_the_largest():
    chart = bars("Instances", [Bar("a", 10.0), Bar("b", 40.0)], top=None)
    widths = [float(item.get("width", "nan")) for item in elements(chart, "rect", "fill")]
    assert widths[0] == pytest.approx(widths[1] / 4, abs=0.1)


def test_a_value_beyond_the_end_stays_inside():
    chart = bars("AP", [Bar("a", 1.7, marker=2.0)])
    track = elements(chart, "rect", "track")[0]
    assert elements(chart, "rect", "fill")[0].get("width") == track.get("width")


def test_bars_of_nothing_but_zeros_can_be_drawn():
    assert len(elements(bars("Instances", [Bar("a", 0.0)], top=None), "rect", "fill")) == 1
    assert bars("AP", []) == ""


def test_the_colour_of_a_cell_is_its_share_of_the_column():
    drawing = heatmap(["cat", "background"], [[30, 5], [10, 0]])
    cells = elements(drawing, "g", "cell")
    weights = [float(cell.findall("rect")[1].get("fill-opacity", "nan")) for cell in cells]
    assert weights == [0.75, 1.0, 0.25, 0.0]
    assert [cell.findtext("title") for cell in cells][2] == "true cat, predicted background: 10 (25% of the column)"
    assert [cell.findtext("text") for cell in cells] == ["30", "5", "10", None]


def test_an_empty_column_has_no_colour():
    drawing = heatmap(["cat", "dog"], [[0, 3], [0, 4]])
    weights = [float(cell.findall("rect")[1].get("fill-opacity", "nan")) for cell in elements(drawing, "g", "cell")]
    assert weights[0] == weights[2] == 0.0


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
