"""Image files: their facts, the rules about them, and which of them look alike."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from yololab.data.images.image_facts import decode_error, lacks_its_end, read_facts
from yololab.data.images.image_rules import check_image_file
from yololab.data.images.perceptual import HASH_BYTES, nearest, perceptual_hash


def picture(width=160, height=120, seed=0) -> Image.Image:
    """Smooth blobs: something that survives JPEG."""
    coarse = np.random.default_rng(seed).integers(0, 255, (9, 12, 3), dtype=np.uint8)
    return Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC)


def encoded(image: Image.Image, kind="JPEG", **options) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def checks(content: bytes, name="a.jpg", channels=3) -> list[tuple[str, str]]:
    found = check_image_file(Path(name), read_facts(content), channels)
    return [(problem.check, problem.severity.value) for problem in found]


def rotated() -> bytes:
    exif = Image.Exif()
    exif[274] = 6
    return encoded(picture(), exif=exif)


JPEG = encoded(picture())
PNG = encoded(picture(), "PNG")
DEEP = encoded(Image.fromarray(np.arange(64 * 64, dtype=np.uint16).reshape(64, 64)), "PNG")


@pytest.mark.parametrize(
    ("content", "name", "expected"),
    [
        (JPEG, "a.jpg", []),
        (JPEG, "a.JPEG", []),
        (PNG, "a.png", []),
        (b"", "a.jpg", [("image_empty", "blocking")]),
        (b"<html>not found</html>", "a.jpg", [("image_unreadable", "blocking")]),
        (JPEG[: len(JPEG) // 2], "a.jpg", [("image_truncated", "blocking")]),
        (PNG[: len(PNG) // 2], "a.png", [("image_truncated", "blocking")]),
        (JPEG + b"\0\0", "a.jpg", [("image_end", "warning")]),
        (encoded(picture(), "GIF"), "a.jpg", [("image_format", "blocking")]),
        (encoded(picture(9, 60)), "a.jpg", [("image_small", "blocking")]),
        (encoded(picture(20, 60)), "a.jpg", [("image_tiny", "warning")]),
        (rotated(), "a.jpg", [("image_rotated", "warning")]),
        (DEEP, "a.png", [("image_depth", "warning")]),
        (encoded(picture().convert("L")), "a.jpg", [("image_channels", "note")]),
        (encoded(picture().convert("RGBA"), "PNG"), "a.png", [("image_channels", "note")]),
        (PNG, "a.jpg", [("image_suffix", "warning")]),
    ],
)
def test_each_flaw_is_found_and_nothing_else(content, name, expected):
    found = checks(content, name)
    if expected and expected[0][0] == "image_format":
        found = [item for item in found if item[0] == "image_format"]
    if expected == [("image_truncated", "blocking")] and name == "a.png":
        assert found in (expected, [("image_unreadable", "blocking")])
        return
    assert found == expected


def test_gray_images_belong_in_a_dataset_of_one_channel():
    assert checks(encoded(picture().convert("L")), channels=1) == []


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


def bits(first: bytes | None, second: bytes | None) -> int:
    assert first is not None
    assert second is not None
    return bin(int.from_bytes(first) ^ int.from_bytes(second)).count("1")


def test_the_same_image_in_another_dress_is_near_and_another_one_is_far():
    original = picture(640, 480, seed=3)
    own = perceptual_hash(encoded(original), 640, 480)
    small = original.resize((480, 360))
    bright = original.point(lambda value: min(255, int(value * 1.1)))
    cropped = original.crop((6, 4, 634, 476))
    for dressed in (small, bright, cropped):
        assert bits(own, perceptual_hash(encoded(dressed, quality=60), *dressed.size)) <= 32
    assert bits(own, perceptual_hash(encoded(picture(640, 480, seed=4)), 640, 480)) > 64


def test_an_image_of_nothing_has_no_hash():
    assert perceptual_hash(encoded(Image.new("RGB", (200, 200), (7, 7, 7))), 200, 200) is None
    assert perceptual_hash(b"no image", 10, 10) is None


def test_nearest_is_that_of_brute_force():
    rng = np.random.default_rng(5)
    second = rng.integers(0, 256, (300, HASH_BYTES), dtype=np.uint8)
    first = np.concatenate([second[rng.integers(0, 300, 40)], rng.integers(0, 256, (60, HASH_BYTES), dtype=np.uint8)])
    for row in first[:40]:
        for bit in rng.integers(0, 256, rng.integers(0, 60)):
            row[bit // 8] ^= 1 << (bit % 8)
    found = nearest(first, second, 30)
    for row, index, distance in zip(first, found.index, found.distance, strict=True):
        every = [bits(row.tobytes(), other.tobytes()) for other in second]
        if min(every) <= 30:
            assert every[index] == distance == min(every)
        else:
            assert index == -1
    assert (found.index >= 0).sum() > 10
    assert len(nearest(first, second[:0], 30).index) == len(first)
