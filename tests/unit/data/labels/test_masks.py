"""Semantic masks: counted by pixel, and each rule on tiny files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from cats_and_dogs import check
from label_maps import found, grey, picture, semantic, writes
from PIL import Image

rng = np.random.default_rng(0)


def _unlink(root: Path) -> None:
    (root / "train/masks/a.png").unlink()


def _float_mask(root: Path) -> None:
    """A TIFF of floating-point values under the name of a PNG."""
    Image.fromarray(np.zeros((40, 40), np.float32)).save(root / "train/masks/a.png", "TIFF")


def _turned_mask(root: Path) -> None:
    """A mask that EXIF turns, of an image that is wider than high."""
    picture(root / "train/images/a.png", (64, 32))
    tags = Image.Exif()
    tags[274] = 6
    Image.fromarray(np.zeros((32, 64), np.uint8)).save(root / "train/masks/a.png", exif=tags)


def test_masks_are_counted_by_pixel(tmp_path: Path) -> None:
    report = check(semantic(tmp_path), "semantic")
    assert report.problems == ()
    assert report.unit == "pixels"
    counts = report.splits["train"]
    assert (counts.images, counts.labelled, counts.backgrounds, counts.dropped) == (2, 2, 0, 0)
    assert {i: (c.instances, c.images) for i, c in counts.per_class.items()} == {0: (1600, 2), 1: (800, 2)}
    maps = report.to_json()["distribution"]["splits"]["train"]["maps"]
    assert maps == {"pixels": 3200, "counted": 2400, "depth_m": None}


def test_values_of_masks_are_mapped(tmp_path: Path) -> None:
    mapping = "label_mapping: {0: 1, 1: ignore_label, 255: 0}\n"
    counts = check(semantic(tmp_path, f"masks_dir: masks\nnames: [sky, road]\n{mapping}"), "semantic").splits["val"]
    assert {i: c.instances for i, c in counts.per_class.items()} == {0: 400, 1: 800}


def test_of_one_class_0_is_the_background(tmp_path: Path) -> None:
    counts = check(semantic(tmp_path, "masks_dir: masks\nnames: [road]\n"), "semantic").splits["val"]
    assert {i: c.instances for i, c in counts.per_class.items()} == {0: 400}


@pytest.mark.parametrize(
    ("damage", "finding"),
    [
        (_unlink, ("missing_mask", "blocking", "train/images/a.png")),
        (writes("train/masks/a.png", np.zeros((40, 39), np.uint8)), ("mask_size", "blocking", "train/masks/a.png")),
        (writes("train/masks/a.png", np.full((40, 40), 2, np.uint8)), ("mask_values", "blocking", "train/masks/a.png")),
        (
            writes("train/masks/a.png", np.full((40, 40), 300, np.uint16)),
            ("mask_values", "blocking", "train/masks/a.png"),
        ),
        (writes("train/masks/a.png", np.full((40, 40), 255, np.uint8)), ("mask_empty", "warning", "train/masks/a.png")),
        (
            writes("train/masks/a.png", rng.integers(2, size=(40, 40, 3), dtype=np.uint8)),
            ("mask_colour", "blocking", "train/masks/a.png"),
        ),
        (
            lambda root: (root / "train/masks/a.png").write_bytes(b"\x89PNG"),
            ("mask_unreadable", "blocking", "train/masks/a.png"),
        ),
        (_float_mask, ("mask_unreadable", "blocking", "train/masks/a.png")),
        (_turned_mask, ("mask_size", "blocking", "train/masks/a.png")),
        (writes("train/masks/z.png", np.zeros((40, 40), np.uint8)), ("orphan_label", "warning", "train/masks/z.png")),
    ],
)
def test_damaged_masks(tmp_path: Path, damage: Callable[[Path], object], finding: tuple[str, str, str]) -> None:
    damage(semantic(tmp_path))
    assert found(tmp_path, "semantic") == [finding]
    counts = check(tmp_path, "semantic").splits["train"]
    assert counts.dropped == (finding[1] == "blocking")
    assert counts.backgrounds == (finding[0] == "mask_empty")


def test_mask_in_jpeg_is_taken_and_told(tmp_path: Path) -> None:
    (semantic(tmp_path) / "train/masks/a.png").unlink()
    grey(tmp_path / "train/masks/a.jpg", np.zeros((40, 40), np.uint8))
    assert found(tmp_path, "semantic") == [("mask_lossy", "warning", "train/masks/a.jpg")]


@pytest.mark.parametrize("grey_palette", [True, False])
def test_palettes_hold_indices_or_grey_levels(tmp_path: Path, grey_palette: bool) -> None:
    levels = np.zeros((40, 40), np.uint8)
    levels[0] = 1
    image = Image.fromarray(levels, mode="P")
    image.putpalette([value for level in range(256) for value in ((level,) * 3 if grey_palette else (level, 9, 200))])
    image.save(semantic(tmp_path) / "val/masks/c.png")
    counts = check(tmp_path, "semantic").splits["val"]
    assert {i: c.instances for i, c in counts.per_class.items()} == {0: 1560, 1: 40}


def test_split_without_masks_is_one_finding(tmp_path: Path) -> None:
    for path in semantic(tmp_path).rglob("train/masks/*.png"):
        path.unlink()
    assert ("no_labels", "blocking", "train/images/a.png") in found(tmp_path, "semantic")
    assert "missing_mask" not in {check for check, _, _ in found(tmp_path, "semantic")}


def test_image_that_would_be_its_own_mask_has_none(tmp_path: Path) -> None:
    picture(tmp_path / "train/a.png")
    picture(tmp_path / "val/b.png")
    (tmp_path / "data.yaml").write_text("train: train\nval: val\nmasks_dir: masks\nnames: [sky, road]\n")
    assert {check for check, _, _ in found(tmp_path, "semantic")} == {"no_labels"}
