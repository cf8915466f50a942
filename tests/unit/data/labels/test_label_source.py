"""What every label source says of itself."""

from __future__ import annotations

import pytest
from label_maps import classes, depth, semantic
from lopsided_dataset import SOUND, make

from yololab.data.dataset.layout import load_dataset, split_images
from yololab.data.labels.label_source import ImageLabels
from yololab.data.labels.task_labels import label_source
from yololab.data.problems import Severity


@pytest.mark.parametrize(
    ("task", "write", "unit", "are_images"),
    [
        ("detect", lambda root: make(root, SOUND), "objects", False),
        ("semantic", semantic, "pixels", True),
        ("depth", depth, "pixels", True),
        ("classify", classes, "images", False),
    ],
)
def test_sources_answer_alike(tmp_path, task, write, unit, are_images):
    dataset = load_dataset(write(tmp_path))
    source = label_source(dataset, task)
    assert (source.unit, source.are_images) == (unit, are_images)
    assert source.missing.severity is (Severity.BLOCKING if are_images else Severity.WARNING)
    for image in split_images(dataset, "train"):
        found = source.read(image, None, None)
        assert found.labelled
        assert found.digest == source.digest(image)
        assert source.file(image).exists()


def test_defaults_of_a_reading_are_empty():
    found = ImageLabels(False, b"")
    assert (dict(found.amounts), found.verdict.classes, found.problems, dict(found.measures)) == ({}, (), (), {})
