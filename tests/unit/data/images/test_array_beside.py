"""Arrays that lie beside images, as `cache=disk` of Ultralytics leaves them."""

from __future__ import annotations

import os
from pathlib import Path

import cv2
import numpy as np
import pytest
from cats_and_dogs import check

from yololab.data.images.array_beside import array_beside


@pytest.fixture
def image(data) -> Path:
    return data / "val/images/val_a.jpg"


def lay(image: Path, pixels: np.ndarray, age: int = 0) -> Path:
    """Write an array beside an image; `age` seconds older than it."""
    file = image.with_suffix(".npy")
    np.save(file, pixels)
    when = image.stat().st_mtime - age
    os.utime(file, (when, when))
    return file


def found(image: Path, channels: int = 3) -> list[tuple[str, str]]:
    return [(problem.check, problem.severity.value) for problem in array_beside(image, channels)]


def test_an_array_of_the_same_pixels_is_fine(image):
    assert found(image) == []
    lay(image, cv2.imread(str(image)))
    assert found(image) == []
    lay(image, cv2.imread(str(image), cv2.IMREAD_GRAYSCALE)[..., None])
    assert found(image, channels=1) == []


@pytest.mark.parametrize(
    "change", [lambda p: p * 0, lambda p: p[:-1], lambda p: p[..., 0], lambda p: p.astype("f4") + 1]
)
def test_an_array_of_other_pixels_is_a_warning(image, change):
    lay(image, change(cv2.imread(str(image))))
    assert found(image) == [("image_npy", "warning")]


def test_an_older_one_is_a_note_whatever_it_shows(image):
    lay(image, cv2.imread(str(image)), age=60)
    assert found(image) == [("image_npy", "note")]


def test_a_pipe_a_damaged_file_and_a_claim_of_size_are_told_at_once(image):
    file = image.with_suffix(".npy")
    for content in (b"", b"no array", b"PK\x05\x06" + bytes(18)):
        file.write_bytes(content)
        assert found(image) == [("image_npy", "warning")]
    with file.open("wb") as stream:
        np.lib.format.write_array_header_1_0(stream, {"descr": "|u1", "fortran_order": False, "shape": (10**9, 10**3)})
    assert found(image) == [("image_npy", "warning")]
    file.unlink()
    if hasattr(os, "mkfifo"):
        os.mkfifo(file)
        assert found(image) == [("image_npy", "warning")]


@pytest.mark.parametrize("split", ["train", "val"])
def test_the_check_names_it_in_each_split_and_the_fingerprint_is_of_the_image(data, split):
    image = data / f"{split}/images/{split}_a.jpg"
    before = check(data).fingerprints()
    lay(image, cv2.imread(str(image)) * 0)
    report = check(data)
    (problem,) = (problem for problem in report.problems if problem.check == "image_npy")
    assert (problem.file, problem.severity.value) == (image, "warning")
    assert report.fingerprints() == before
