"""Lines over epochs: gaps that stay gaps, tooltips, few elements."""

from __future__ import annotations

import re

import pytest
from chart_samples import elements

from yololab.report.charts.lines import MOST_HOVER_BANDS, Series, line_chart


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
