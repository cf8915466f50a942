"""Label files as text: what an image without one means, what a digest depends on, boxes below a pixel."""

from __future__ import annotations

from pathlib import Path

import pytest

from yololab.data.images.image_cache import ImageEntry
from yololab.data.images.image_facts import ImageFacts
from yololab.data.labels.label_rows import label_rules
from yololab.data.labels.text_labels import TextLabels, label_digest


@pytest.fixture
def image(tmp_path) -> Path:
    (tmp_path / "images").mkdir()
    (tmp_path / "labels").mkdir()
    return tmp_path / "images" / "a.jpg"


def labels(task: str = "detect", **settings) -> TextLabels:
    return TextLabels(label_rules(task, 2, **settings))


@pytest.mark.parametrize(
    "content", [b"0 .5 .5 .1 .1\n1 .5 .5 .1 .1", b"\xef\xbb\xbf0  .5 .5 .1 .1 \r\n\r\n1 .5 .5 .1 .1\r\n"]
)
def test_a_digest_is_of_the_rows_and_not_of_their_spacing(content):
    assert label_digest(content) == label_digest(b"0 .5 .5 .1 .1\n1 .5 .5 .1 .1\n")
    assert label_digest(content) != label_digest(b"1 .5 .5 .1 .1\n0 .5 .5 .1 .1\n")


def test_no_file_and_an_empty_file_are_background_with_one_digest(image):
    source = labels()
    none = source.read(image, None, None)
    source.file(image).write_bytes(b"")
    empty = source.read(image, None, None)
    assert (none.labelled, empty.labelled) == (False, True)
    assert none.digest == empty.digest == source.digest(image)


def test_objects_are_counted_by_class(image):
    source = labels()
    source.file(image).write_text("0 .5 .5 .1 .1\n1 .2 .2 .1 .1\n0 .7 .7 .1 .1\n")
    found = source.read(image, None, None)
    assert found.amounts == {0: 2, 1: 1}
    assert found.problems == ()


def test_a_folder_in_place_of_the_file_is_no_label(image):
    source = labels()
    source.file(image).mkdir()
    assert not source.read(image, None, None).labelled


def test_the_remedy_of_a_missing_label_names_the_file():
    assert TextLabels.missing.remedy.format(file="/d/labels/a.txt", name="a.txt").startswith("label it in a.txt")


def test_boxes_below_a_pixel_of_their_own_image_are_told(image):
    source = labels()
    source.file(image).write_text("0 .5 .5 .009 .1\n1 .5 .5 .1 .1\n")
    wide = ImageEntry(ImageFacts(1, "JPEG", 100, 100), b"", None, False, False)
    assert [problem.check for problem in source.read(image, wide, None).problems] == ["label_tiny"]
    large = ImageEntry(ImageFacts(1, "JPEG", 1000, 100), b"", None, False, False)
    assert source.read(image, large, None).problems == ()
