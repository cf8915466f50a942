"""Bars as long as their values."""

from __future__ import annotations

import pytest
from chart_samples import elements

from yololab.report.charts.bars import Bar, Group, bars, grouped_bars


def test_bars_are_as_long_as_their_values():
    chart = bars("AP", [Bar("a", 1.0), Bar("b", 0.5), Bar("c", 0.0), Bar("d", None, marker=0.25)])
    widths = [float(item.get("width", "nan")) for item in elements(chart, "rect", "fill")]
    track = float(elements(chart, "rect", "track")[0].get("width", "nan"))
    assert widths == pytest.approx([track, track / 2, 0.0], abs=0.1)
    (marker,) = elements(chart, "line", "marker")
    ends = [float(marker.get(name, "nan")) for name in ("y1", "y2")]
    bar = elements(chart, "rect", "track")[3]
    assert ends[0] == pytest.approx(float(bar.get("y", "nan")) - 3)
    assert ends[1] == pytest.approx(float(bar.get("y", "nan")) + float(bar.get("height", "nan")) + 3)
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


def test_groups_share_one_scale_and_their_series_are_named():
    rows = [Group("a", [2.0, None], ["2", "—"]), Group("b", [1.0, 4.0], ["1", "4"])]
    chart = grouped_bars("Sizes", ["train", "val"], rows)
    widths = [float(item.get("width", "nan")) for item in elements(chart, "rect", "fill")]
    track = float(elements(chart, "rect", "track")[0].get("width", "nan"))
    assert widths == pytest.approx([track / 2, 0.0, track / 4, track], abs=0.1)
    assert "a\ntrain: 2\nval: —" in [item.text for item in elements(chart, "title")]
    assert grouped_bars("Sizes", ["train"], [Group("a", [None], ["—"])]) == ""
