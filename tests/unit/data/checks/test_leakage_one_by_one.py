"""What splits share."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from yololab.data.checks.check_report import CheckedFile
from yololab.data.checks.leakage import one_sided_classes, repeated_content, same_images, same_names, similar_images
from yololab.data.images.perceptual import HASH_BYTES

rng = np.random.default_rng(0)
HASH = rng.integers(0, 256, HASH_BYTES, dtype=np.uint8)


def image(path: str, content: str, flipped: int | None = None) -> CheckedFile:
    """An image; `flipped` bits of its perceptual hash are not those of `HASH`."""
    bits = np.unpackbits(HASH)
    bits[: flipped or 0] ^= 1
    return CheckedFile(Path(path), content.encode(), b"", None if flipped is None else np.packbits(bits).tobytes())


def files(problems) -> list[str]:
    return [problem.file.as_posix() for problem in problems]


def test_each_image_is_reported_once_at_the_later_split():
    splits = {
        "train": [image("t/a.jpg", "A"), image("t/b.jpg", "B")],
        "val": [image("v/x.jpg", "A"), image("v/y.jpg", "Y")],
        "test": [image("s/z.jpg", "A")],
    }
    found = list(same_images(splits))
    assert files(found) == ["v/x.jpg", "s/z.jpg"]
    assert "t/a.jpg of train" in found[0].what


@pytest.mark.parametrize(("flipped", "expected"), [(0, 1), (32, 1), (33, 0), (128, 0)])
def test_images_are_alike_up_to_the_distance(flipped, expected):
    splits = {"train": [image("t/a.jpg", "A", 0)], "val": [image("v/b.jpg", "B", flipped)]}
    assert len(list(similar_images(splits, 32))) == expected


def test_the_same_bytes_and_images_without_a_hash_are_no_likeness():
    splits = {
        "train": [image("t/a.jpg", "A", 0), image("t/n.jpg", "N")],
        "val": [image("v/a.jpg", "A", 0), image("v/n.jpg", "M")],
    }
    assert list(similar_images(splits, 32)) == []


def test_the_nearest_one_is_named():
    splits = {"train": [image("t/far.jpg", "A", 20), image("t/near.jpg", "B", 3)], "val": [image("v/c.jpg", "C", 0)]}
    (problem,) = similar_images(splits, 32)
    assert "t/near.jpg" in problem.what
    assert "3 of 256 bits" in problem.what


def test_a_copy_within_a_split_is_a_note_and_a_path_twice_is_none():
    once = image("t/a.jpg", "A")
    assert files(repeated_content("train", [once, once, image("t/copy.jpg", "A")])) == ["t/copy.jpg"]


def test_a_name_with_other_content_in_another_split():
    splits = {
        "train": [image("t/1/a.jpg", "A"), image("t/b.jpg", "B")],
        "val": [image("v/a.jpg", "A"), image("v/b.jpg", "other")],
    }
    assert files(same_names(splits)) == ["v/b.jpg"]


def test_classes_that_one_side_lacks():
    names = {0: "both", 1: "train only", 2: "val only", 3: "nowhere"}
    instances = {"train": {0: 5, 1: 2}, "val": {0: 3, 2: 1}, "test": {}}
    found = {problem.what.split("'")[1]: problem.check for problem in one_sided_classes(Path("d"), names, instances)}
    assert found == {"train only": "class_one_split", "val only": "class_one_split", "nowhere": "class_unused"}


def test_one_labelled_split_has_no_other_side():
    assert list(one_sided_classes(Path("d"), {0: "a", 1: "b"}, {"train": {0: 5}, "val": {}})) == []
