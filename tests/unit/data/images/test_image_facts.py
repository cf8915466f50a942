"""What an image file says of itself, and how a cut one is told from a whole one."""

from __future__ import annotations

import io
import sys

import numpy as np
import pytest
from PIL import Image

from yololab.data.images.image_facts import decode_error, lacks_its_end, read_facts


def picture(width=160, height=120, seed=0) -> Image.Image:
    """Smooth blobs: something that survives JPEG."""
    coarse = np.random.default_rng(seed).integers(0, 255, (9, 12, 3), dtype=np.uint8)
    return Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC)


def encoded(image: Image.Image, kind="JPEG", **options) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def rotated() -> bytes:
    exif = Image.Exif()
    exif[274] = 6
    return encoded(picture(), exif=exif)


JPEG = encoded(picture())


PNG = encoded(picture(), "PNG")


def test_decoding_tells_a_whole_image_from_a_cut_one():
    assert decode_error(JPEG) is None
    assert decode_error(PNG) is None
    assert decode_error(PNG[: len(PNG) // 2]) is not None
    assert decode_error(JPEG[: len(JPEG) // 2]) is not None


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"quality": 95, "subsampling": 0}])
@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_a_jpeg_that_was_cut_and_closed_is_told_from_a_whole_one(mode, options):
    whole = encoded(picture().convert(mode), **options)
    assert not lacks_its_end(whole)
    cut = whole[: len(whole) * 2 // 3].rstrip(b"\xff") + b"\xff\xd9"
    assert decode_error(cut) is None
    assert lacks_its_end(cut)


def test_a_gray_wall_is_whole():
    assert not lacks_its_end(encoded(Image.new("RGB", (203, 201), (128, 128, 128))))
    assert not lacks_its_end(PNG)


def test_a_turned_image_has_its_sides_exchanged():
    facts = read_facts(rotated())
    assert (facts.width, facts.height, facts.shown_size) == (160, 120, (120, 160))


@pytest.mark.parametrize("form", ["BMP", "TIFF", "JPEG2000", "PNG", "WEBP"])
def test_cut_images_of_any_format_are_blocking(form):
    whole = encoded(picture(64, 48), form)
    assert read_facts(whole).error is None
    assert read_facts(whole[: len(whole) // 2]).error is not None


def test_heif_names_the_package_that_it_needs(monkeypatch):
    monkeypatch.setitem(sys.modules, "pi_heif", None)
    error = read_facts(b"\0\0\0\x18ftypheic" + bytes(200)).error
    assert error is not None
    assert "pi-heif" in error


@pytest.mark.parametrize(
    ("mode", "kind", "pages", "bands"),
    [("RGB", "BMP", 1, 3), ("L", "BMP", 1, 1), ("RGB", "TIFF", 1, 3), ("L", "TIFF", 1, 1), ("L", "TIFF", 4, 4)],
)
def test_channels_are_those_of_the_file_or_its_pages(mode, kind, pages, bands):
    """Ultralytics stacks the grey pages of a TIFF to one image of so many channels."""
    image = picture().convert(mode)
    more = {"save_all": True, "append_images": [image] * (pages - 1)} if pages > 1 else {}
    facts = read_facts(encoded(image, kind, **more))
    assert (facts.error, facts.stored_bands) == (None, bands)
