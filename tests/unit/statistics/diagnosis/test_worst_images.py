"""What a model gets wrong on an image, and which images are shown."""

from __future__ import annotations

import numpy as np
from ap_samples import HEADER
from task_samples import classified

from yololab.statistics.diagnosis.worst_images import image_errors, lowest_values, worst_images
from yololab.statistics.inference.paired_models import metrics_of
from yololab.statistics.records.detections import ImageRecord, pack_records


def image(key, detections, labels):
    """An image of detections `(class, confidence, x)` and labels `(class, x)`, boxes of 10 px."""
    classes, confidence, x = np.array(detections, float).reshape(-1, 3).T
    targets, places = np.array(labels, float).reshape(-1, 2).T
    boxes, truth = (np.column_stack([at, 0 * at, at + 10, 0 * at + 10]) for at in (x, places))
    flags = {"box": np.zeros((len(x), 10), bool)}
    return ImageRecord(key, (100, 100), classes, confidence, boxes, flags, targets, truth)


def test_each_error_is_of_one_kind():
    records = pack_records(
        [
            image("a", [(0, 0.9, 0), (1, 0.8, 20), (0, 0.7, 60), (0, 0.1, 80)], [(0, 0), (0, 20), (1, 40)]),
            image("b", [], []),
            image("c", [(2, 0.9, 0)], []),
            image("d", [], [(3, 0)]),
        ],
        HEADER,
    )
    found = image_errors(records, 0.5)
    assert [item.counts for item in found] == [
        {"false": 1, "missed": 1, "confused": 1},
        {"false": 0, "missed": 0, "confused": 0},
        {"false": 1, "missed": 0, "confused": 0},
        {"false": 0, "missed": 1, "confused": 0},
    ]
    assert [item.classes for item in found] == [{0, 1}, set(), {2}, {3}]
    assert found[0].taken_for.tolist() == [-1, 1, -1]
    assert [item.place for item in worst_images(found, 9)] == [0, 2, 3]


def test_a_second_detection_of_a_found_label_is_no_confusion():
    records = pack_records([image("a", [(0, 0.9, 0), (1, 0.8, 0)], [(0, 0)])], HEADER)
    assert image_errors(records, 0.5)[0].counts == {"false": 1, "missed": 0, "confused": 0}


def test_a_rare_class_has_its_image_among_many_worse_ones():
    many = [image(f"{number:02}", [(0, 0.9, 0), (0, 0.8, 30)], []) for number in range(20)]
    records = pack_records([*many, image("rare", [(5, 0.9, 0)], [])], HEADER)
    chosen = worst_images(image_errors(records, 0.5), 6)
    assert [records.keys[item.place] for item in chosen] == ["00", "01", "02", "03", "04", "rare"]


def test_values_the_surest_mistake_first_and_nothing_that_is_right():
    records = classified(
        np.array([0, 0, 1, 1]), np.array([[0, 1], [1, 0], [0, 1], [1, 0]]), 2, confidence=[0.9, 0.6, 0.8, 0.5]
    )
    assert lowest_values(metrics_of(records, "top1"), 9) == [(2, 0.0), (1, 0.0)]
