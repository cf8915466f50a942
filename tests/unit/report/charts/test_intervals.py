"""Values stand where they are, and their intervals reach as far as they say."""

from __future__ import annotations

import pytest
from chart_samples import elements

from yololab.report.charts.intervals import Estimate, IntervalRow, intervals


def test_a_mark_stands_on_its_interval():
    rows = [IntervalRow("dark", [Estimate(0.5, (0.25, 0.75)), Estimate(0.25)], "0.500 ▼", "12 images"),
            IntervalRow("bright", [Estimate(None), Estimate(0.75)])]  # fmt: skip
    chart = intervals("Brightness", ("now", "before"), rows, (0.0, 1.0))
    ticks = [float(line.get("x1", "nan")) for line in elements(chart, "line", "grid")]
    assert len(ticks) == 5
    (disc,) = elements(chart, "circle")[-1:]
    assert float(disc.get("cx", "nan")) == pytest.approx(ticks[2], abs=0.1)
    (line,) = [
        path for path in elements(chart, "path", "mark") if "H" in path.get("d", "") and "V" not in path.get("d", "")
    ]
    start, end = line.get("d", "")[1:].split("H")
    assert [float(start.split()[0]), float(end)] == pytest.approx([ticks[1], ticks[3]], abs=0.1)
    titles = [item.text for item in elements(chart, "title")]
    assert titles[0] == "dark\nnow: 0.5000, 95 % 0.2500 … 0.7500\nbefore: 0.2500\n12 images"
    assert titles[1] == "bright\nnow: —\nbefore: 0.7500"


def test_without_a_value_nothing_is_drawn():
    assert intervals("Empty", ("now",), [IntervalRow("dark", [Estimate(None)])], (0.0, 1.0)) == ""
    assert intervals("Empty", ("now",), [], (0.0, 1.0)) == ""
