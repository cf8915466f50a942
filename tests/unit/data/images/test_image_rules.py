"""The rules of an image file."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from yololab.data.checks.check_report import CheckReport, CheckSettings
from yololab.data.checks.dataset_check import check_dataset
from yololab.data.dataset.layout import load_dataset
from yololab.data.images.image_facts import read_facts
from yololab.data.images.image_rules import check_image_file


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


def check(root: Path, **settings) -> CheckReport:
    return check_dataset(load_dataset(root), "detect", settings=CheckSettings(**settings))


def blocking(report: CheckReport) -> list[tuple[str, str]]:
    return sorted((problem.check, problem.file.name) for problem in report.problems if problem.blocking)


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
