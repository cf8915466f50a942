"""Lines: gaps that stay gaps, paths that are the data, axes from zero."""

from __future__ import annotations

import re

import numpy as np
import pytest
from chart_samples import elements

from yololab.report.charts.lines import Series, line_chart, simplified


def drawn(chart: str) -> list[str]:
    """The data of the drawn paths, without those of the legend."""
    return [item.get("d", "") for item in elements(chart, "path") if item.get("transform")]


def test_the_path_is_the_data_and_the_scale_brings_it_to_its_place():
    chart = line_chart("Loss", [1, 2, 3], [Series("train", [3.0, 2.5, 2.0])])
    line, points = drawn(chart)
    assert (line, points) == ("M1 3L2 2.5L3 2", "M1 3h0M2 2.5h0M3 2h0")
    a, b, c, d, e, f = map(float, re.findall(r"matrix\((.*?)\)", chart)[0].split())
    zero, three = (next(item for item in elements(chart, "text") if item.text == label) for label in ("0", "3"))
    assert (b, c) == (0, 0)
    assert f == pytest.approx(float(zero.get("y")) - 4, abs=0.1)
    assert 3 * d + f == pytest.approx(float(three.get("y")) - 4, abs=0.1)
    assert float(a * 3 + e) < 420


def test_a_missing_value_is_a_gap_and_a_lonely_one_a_point():
    chart = line_chart("Loss", range(1, 101), [Series("val", [1.0, 2.0, None, 3.0, None, *[2.0] * 95])])
    line, points = drawn(chart)
    assert line.startswith("M1 1L2 2M4 3M6 2L7 2")
    assert points == "M4 3h0"


def test_nothing_measured_draws_nothing():
    assert line_chart("Loss", [1, 2], [Series("val", [None, None])]) == ""
    assert line_chart("Loss", [], []) == ""


def test_one_epoch_is_one_point_in_the_middle():
    chart = line_chart("Loss", [1], [Series("train", [0.5])])
    a, *_, e, _ = map(float, re.findall(r"matrix\((.*?)\)", chart)[0].split())
    assert 150 < a + e < 300


def test_the_legend_tells_the_last_known_value_and_the_axis_starts_at_zero():
    series = [Series("train", [93.0, 92.5]), Series("val", [93.5, None], colour=1, style="dashed")]
    chart = line_chart("Loss", [1, 2], series)
    assert [item.text for item in elements(chart, "b")] == ["92.5", "93.5"]
    assert "0" in [item.text for item in elements(chart, "text")]


def test_thousands_of_epochs_stay_light():
    epochs = range(1, 3001)
    assert len(line_chart("Loss", epochs, [Series("train", [1 / epoch for epoch in epochs])])) < 60_000


@pytest.mark.parametrize(("best", "marks"), [(2, 1), (9, 0), (None, 0)])
def test_the_best_epoch_is_marked_when_it_is_on_the_axis(best, marks):
    chart = line_chart("Loss", [1, 2, 3], [Series("train", [3, 2, 1])], best)
    assert len(elements(chart, "line", "best")) == marks


def test_a_simplified_curve_is_within_its_tolerance():
    curve = np.random.default_rng(0).normal(size=1000).cumsum() / 30
    places = simplified(curve, 0.05)
    assert len(places) < 300
    assert np.abs(np.interp(np.arange(1000), places, curve[places]) - curve).max() <= 0.05
