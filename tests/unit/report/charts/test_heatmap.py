"""The colours of a confusion matrix."""

from __future__ import annotations

from chart_samples import elements

from yololab.report.charts.heatmap import heatmap


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
