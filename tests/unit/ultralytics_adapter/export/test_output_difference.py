import math

import numpy as np

from yololab.ultralytics_adapter.export.output_difference import (
    class_difference,
    detections_difference,
    largest_of,
    map_difference,
    selected_difference,
)

ROWS = np.array([[10.0, 20, 30, 40, 0.9, 0], [50, 60, 70, 80, 0.8, 1], [1, 2, 3, 4, 0.001, 0]])


def test_boxes_count_relative_to_the_image_and_scores_as_they_are():
    other = ROWS.copy()
    other[0, 2] += 6.4
    difference = detections_difference(ROWS, other, 640)
    assert math.isclose(difference.absolute, 6.4)
    assert math.isclose(difference.relative, 0.01)
    other = ROWS.copy()
    other[1, 4] -= 0.25
    assert detections_difference(ROWS, other, 640).relative == detections_difference(ROWS, other, 640).absolute == 0.25


def test_what_is_not_finite_is_infinitely_far():
    other = ROWS.copy()
    other[2, 0] = np.nan
    assert detections_difference(ROWS, other, 640).relative == math.inf


def test_a_selection_may_have_another_order_and_other_weak_detections():
    other = ROWS[[1, 0, 2]].copy()
    other[2] = [600, 600, 620, 620, 0.002, 1]
    difference = selected_difference(ROWS, other, 640)
    assert difference is not None
    assert difference.absolute == 0.0


def test_a_lost_detection_is_seen():
    other = ROWS.copy()
    other[1] = [300, 300, 320, 320, 0.7, 1]
    difference = selected_difference(ROWS, other, 640)
    assert difference is not None
    assert difference.relative > 0.3


def test_two_alike_detections_need_two_partners():
    twice = np.array([ROWS[0], ROWS[0], ROWS[2]])
    once = np.array([ROWS[0], [400.0, 400, 420, 420, 0.6, 0], ROWS[2]])
    difference = selected_difference(twice, once, 640)
    assert difference is not None
    assert difference.relative > 0.5


def test_nothing_that_stands_out():
    weak = ROWS.copy()
    weak[:, 4] = 0.001
    assert selected_difference(weak, weak, 640) is None


def test_what_stands_behind_the_scores_counts_relative_to_its_column():
    rows = np.column_stack([ROWS[:, :5], [200.0, -400, 100]])
    other = rows.copy()
    other[0, 5] += 4
    difference = detections_difference(rows, other, 640)
    assert math.isclose(difference.absolute, 4)
    assert math.isclose(difference.relative, 0.01)


def test_a_selected_detection_of_another_class_is_another_detection():
    rows = np.column_stack([ROWS, [0.1, 0.2, 0.3]])
    other = rows.copy()
    other[:, 5] = [7, 1, 0]
    difference = selected_difference(rows, other, 640)
    assert difference is not None
    assert difference.relative > 0.5


def test_maps_count_relative_to_their_largest_value():
    depth = np.full((1, 1, 2, 2), 50.0)
    difference = map_difference(depth, depth + 0.5)
    assert math.isclose(difference.absolute, 0.5)
    assert math.isclose(difference.relative, 0.01)
    assert map_difference(np.zeros(3), np.zeros(3)).relative == 0
    assert map_difference(depth, depth * np.nan).relative == math.inf


def test_classes_of_pixels_differ_or_not():
    classes = np.array([[0, 1], [2, 3]])
    assert class_difference(classes, np.array([[0, 1], [2, 1]])).relative == 0.25
    assert largest_of([class_difference(classes, classes), map_difference(np.ones(2), np.zeros(2))]).absolute == 1
