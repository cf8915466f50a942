"""The header of a JPEG, held against Pillow's reading of the same file."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from yololab.data.images.image_facts import _facts_by_pillow, read_facts
from yololab.data.images.jpeg_header import read_jpeg_header

PICTURE = np.random.default_rng(0).integers(0, 255, (40, 60, 3), dtype=np.uint8)


def jpeg(mode="RGB", **options) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(PICTURE).convert(mode).save(buffer, "JPEG", **options)
    return buffer.getvalue()


def oriented(value, **options) -> bytes:
    exif = Image.Exif()
    exif[274] = value
    return jpeg(exif=exif, **options)


ORDINARY = {
    "plain": jpeg(),
    "grey": jpeg("L"),
    "cmyk": jpeg("CMYK"),
    "progressive": jpeg(progressive=True),
    "restart markers": jpeg(restart_marker_rows=1),
    "comment": jpeg(comment=b"\xff\xd9 made up"),
    "dpi": jpeg(dpi=(300, 300)),
    "profile": jpeg(icc_profile=b"x" * 70_000),
    "subsampled": jpeg(subsampling=2, quality=30),
    **{f"orientation {value}": oriented(value) for value in range(1, 9)},
}
UNUSUAL = {
    "trailing bytes": jpeg() + b"more",
    "cut in the header": jpeg()[:30],
    "cut before the scan": jpeg()[: jpeg().index(b"\xff\xda")],
    "cut in the middle": jpeg()[: len(jpeg()) // 2],
    "orientation out of range": oriented(77),
    "broken exif": jpeg(exif=b"Exif\0\0II*\0\xff\xff\xff\xff"),
    "no jpeg": b"\x89PNG\r\n\x1a\n",
    "nothing behind the start": b"\xff\xd8\xff",
    "fill bytes": b"\xff\xd8\xff" + jpeg()[2:],
    "text": b"hello",
}


@pytest.mark.parametrize("name", ORDINARY)
def test_ordinary_files_are_read_as_pillow_reads_them(name):
    content = ORDINARY[name]
    assert read_jpeg_header(content) is not None
    assert read_facts(content) == _facts_by_pillow(content)


@pytest.mark.parametrize("name", UNUSUAL)
def test_anything_else_comes_out_as_pillow_has_it(name):
    content = UNUSUAL[name]
    assert read_facts(content) == _facts_by_pillow(content)


def test_two_pictures_in_one_file_are_pillows():
    buffer = io.BytesIO()
    picture = Image.fromarray(PICTURE)
    picture.save(buffer, "MPO", save_all=True, append_images=[picture])
    assert read_jpeg_header(buffer.getvalue()) is None
    assert read_facts(buffer.getvalue()).format == "MPO"


def test_any_damage_to_the_header_is_survived():
    content = bytearray(oriented(6))
    end = content.index(b"\xff\xda") + 12
    rng = np.random.default_rng(1)
    for _ in range(400):
        damaged = bytearray(content)
        damaged[int(rng.integers(0, end))] = int(rng.integers(0, 256))
        header = read_jpeg_header(bytes(damaged))
        if header is not None:
            theirs = _facts_by_pillow(bytes(damaged))
            if theirs.error is None:
                assert (header.width, header.height, header.mode) == (theirs.width, theirs.height, theirs.mode)
