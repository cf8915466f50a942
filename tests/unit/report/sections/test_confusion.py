"""The section of the confusion matrix."""

from __future__ import annotations

import pytest
from report_samples import html_of, run_with, tables_in

from yololab.report.sections.confusion import confusion, read_matrix, top_confusions


def test_confusions_are_counted_off_the_diagonal():
    found = top_confusions(["cat", "dog", "background"], [[80, 5, 2], [15, 90, 0], [5, 5, 0]])
    told = [(item.true, item.predicted, item.times, item.of_true) for item in found]
    assert told[0] == ("cat", "dog", 15, 0.15)
    assert ("background", "cat", 2, 1.0) in told
    assert len(told) == 5


def test_the_background_is_a_class_where_pixels_are_counted():
    told = {"labels": ["road", "background"], "matrix": [[90, 5], [10, 95]]}
    runs = [run_with(metrics={"task": task, "confusion": told}) for task in ("detect", "semantic")]
    objects, pixels = map(confusion, runs)
    of_objects, of_pixels = (tables_in(html_of("Confusion matrix", run))[0][1:] for run in runs)
    assert [row[:2] for row in of_objects] == [["road", "nothing (missed)"], ["nothing", "road (false alarm)"]]
    assert [row[:2] for row in of_pixels] == [["road", "background"], ["background", "road"]]
    assert (objects["classes"], pixels["classes"], pixels["counted"]) == (1, 2, "pixels")


@pytest.mark.parametrize(
    ("labels", "matrix"),
    [
        (None, None),
        ([], []),
        (["a"], []),
        (["a", "b"], [[1, 2], [3]]),
        (["a"], [["x"]]),
        (["a"], [[None]]),
        ("a", [[1]]),
    ],
)
def test_a_matrix_that_does_not_fit_its_labels_is_none(labels, matrix):
    assert read_matrix(labels, matrix) == ([], [])
    assert confusion(run_with(metrics={"confusion": {"labels": labels, "matrix": matrix}})) is None


@pytest.mark.parametrize(("size", "drawn"), [(30, True), (31, False)])
def test_more_than_thirty_classes_are_a_table_only(size, drawn):
    labels = [*(f"c{index}" for index in range(size)), "background"]
    matrix = [[1] * len(labels) for _ in labels]
    shown = confusion(run_with(metrics={"confusion": {"labels": labels, "matrix": matrix}}))
    assert bool(shown["drawing"]) is drawn
    assert shown["worst"]
    assert shown["classes"] == size
