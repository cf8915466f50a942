"""Sizes, shapes and balance of a split's objects."""

from __future__ import annotations

from pathlib import Path

import pytest

from yololab.data.labels.distribution import (
    ASPECT_EDGES,
    SIDE_EDGES,
    Distribution,
    imbalance,
    rare_classes,
    small_objects,
    strong_imbalance,
)
from yololab.data.problems import Severity


def distribution_of(*boxes: tuple[float, float], size: tuple[int, int] = (1000, 500), imgsz: int = 500) -> Distribution:
    found = Distribution(imgsz, 8)
    found.add(size, tuple(0 for _ in boxes), tuple((0.5, 0.5, width, height) for width, height in boxes))
    return found


def test_a_side_is_measured_at_the_trainings_size():
    # 200 x 200 px of 1000 x 500, at half the size: 100 px
    found = distribution_of((0.2, 0.4))
    assert found.sides[SIDE_EDGES.index(64)] == 1
    assert found.aspects[ASPECT_EDGES.index(0.8) + 1] == 1


def test_every_object_is_in_one_bin_of_each_kind_and_flat_ones_in_none():
    found = distribution_of((0.001, 0.9), (0.9, 0.001), (1.0, 1.0), (0.0, 0.5))
    assert found.boxes == sum(found.sides) == sum(found.aspects) == 3
    assert found.aspects[0] == found.aspects[-1] == 1


def test_an_image_of_unknown_size_is_left_out():
    assert distribution_of((0.2, 0.4), size=(0, 0)).to_json()["boxes"] == 0


def test_only_the_most_common_sizes_of_images_are_listed():
    found = Distribution(640, 8)
    for width in range(1, 16):
        found.add((width, 10), (), ())
    content = found.to_json()
    assert (len(content["image_sizes"]), content["other_sizes"]) == (10, 5)


@pytest.mark.parametrize(("small", "severity"), [(1, Severity.NOTE), (3, Severity.WARNING)])
def test_many_small_objects_are_a_warning(small, severity):
    boxes = [(0.01, 0.01)] * small + [(0.5, 0.5)] * 9
    (problem,) = small_objects(Path("d"), "train", distribution_of(*boxes))
    assert problem.severity is severity
    assert problem.what.startswith(f"train: {small} objects")


def test_no_small_object_is_no_finding():
    assert list(small_objects(Path("d"), "train", distribution_of((0.5, 0.5)))) == []


def test_a_rare_class_is_noted_beside_others_and_not_in_a_small_dataset():
    names = {0: "cat", 1: "owl", 2: "gone"}
    (problem,) = rare_classes(Path("d"), names, {0: 50, 1: 3, 2: 0})
    assert "'owl' 3" in problem.what
    assert list(rare_classes(Path("d"), names, {0: 5, 1: 3})) == []


def test_the_imbalance_is_that_of_the_classes_that_occur():
    names = {0: "cat", 1: "owl", 2: "gone"}
    found = imbalance(names, {0: 500, 1: 4, 2: 0})
    assert (found["most"]["name"], found["least"]["name"], found["ratio"]) == ("cat", "owl", 125)
    assert len(list(strong_imbalance(Path("d"), "train", names, {0: 500, 1: 4, 2: 0}))) == 1
    assert list(strong_imbalance(Path("d"), "train", names, {0: 400, 1: 4})) == []
    assert imbalance(names, {0: 400})["ratio"] is None
    assert imbalance(names, {}) is None
