"""What every kind of labels says of itself."""

from __future__ import annotations

import pytest

from yololab.data.labels.class_labels import ClassLabels
from yololab.data.labels.depth_maps import DepthLabels
from yololab.data.labels.label_source import ImageLabels, LabelSource
from yololab.data.labels.map_files import MapLabels
from yololab.data.labels.masks import MaskLabels
from yololab.data.labels.text_labels import TextLabels
from yololab.findings import CHECKS

SOURCES = (TextLabels, ClassLabels, MaskLabels, DepthLabels)


@pytest.mark.parametrize("source", SOURCES)
def test_an_image_without_labels_is_a_known_finding_with_a_remedy(source):
    assert issubclass(source, LabelSource)
    assert source.missing.check in CHECKS
    assert source.missing.what
    assert "{" not in source.missing.remedy.format(file="/d/labels/a.txt", name="a.txt")


@pytest.mark.parametrize("source", SOURCES)
def test_labels_that_are_images_are_those_of_maps(source):
    assert source.are_images is issubclass(source, MapLabels)
    assert bool(source.suffixes) is (source is not ClassLabels)


def test_labels_say_nothing_that_was_not_found():
    assert ImageLabels(False, b"").verdict.boxes == ()
    assert ImageLabels(False, b"").amounts == {}
