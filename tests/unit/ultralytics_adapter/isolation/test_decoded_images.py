"""Where decoded images are kept: one place for each state of an image, written whole or not at all."""

from __future__ import annotations

import errno
import os

import numpy as np
import pytest

from yololab.ultralytics_adapter.isolation.decoded_images import decoded_file, decoded_files, file_state, keep_pixels

PIXELS = np.arange(12, dtype=np.uint8).reshape(2, 2, 3)


@pytest.fixture
def image(tmp_path):
    path = tmp_path / "data" / "x.png"
    path.parent.mkdir()
    path.write_bytes(b"first")
    return path


def test_an_image_of_the_same_size_and_time_has_another_place(tmp_path, image):
    before, times = decoded_file(tmp_path, image, 3), image.stat()
    assert decoded_file(tmp_path, image, 3) == before
    image.write_bytes(b"other")
    os.utime(image, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert file_state(image)[:2] == (times.st_size, times.st_mtime_ns)
    assert decoded_file(tmp_path, image, 3) != before


def test_grey_and_colour_and_images_of_one_name_are_apart(tmp_path, image):
    twin = tmp_path / "twin" / image.name
    twin.parent.mkdir()
    os.link(image, twin)
    places = {decoded_file(tmp_path, path, channels) for path in (image, twin) for channels in (1, 3)}
    assert len(places) == 4


def test_the_pixels_of_an_earlier_state_go_and_those_of_others_stay(tmp_path, image):
    folder, other = tmp_path / "pixels", tmp_path / "other.png"
    other.write_bytes(b"other")
    for path in (image, other):
        assert keep_pixels(decoded_file(folder, path, 3), lambda: PIXELS)
    image.write_bytes(b"a longer one")
    (file,) = decoded_files(folder, [image], 3)
    assert list(folder.iterdir()) == [decoded_file(folder, other, 3)]
    assert keep_pixels(file, lambda: PIXELS + 1)
    assert np.array_equal(np.load(file), PIXELS + 1)


def test_what_is_there_is_not_decoded_again(tmp_path):
    file = tmp_path / "x.npy"
    assert keep_pixels(file, lambda: PIXELS)
    assert keep_pixels(file, lambda: pytest.fail("decoded again"))


@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "No space left on device"), PermissionError(13, "denied")])
def test_a_disk_that_is_full_costs_a_warning_and_leaves_nothing(tmp_path, caplog, error):
    def decode():
        raise error

    assert not keep_pixels(tmp_path / "pixels" / "x.npy", decode)
    assert not list((tmp_path / "pixels").iterdir())
    assert str(error) in caplog.text


def test_an_image_that_is_gone_has_a_state_too(tmp_path):
    assert file_state(tmp_path / "gone.png") == (0, 0, 0)
