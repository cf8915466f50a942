"""Tiny datasets whose labels are masks, depth maps or class folders, ways to damage them, and what a check finds."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from cats_and_dogs import check
from PIL import Image

_RNG = np.random.default_rng(0)


def picture(path: Path, size: tuple[int, int] = (40, 40)) -> Path:
    """Write noise as an image of some width and height, px."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(_RNG.integers(256, size=(*size[::-1], 3), dtype=np.uint8)).save(path)
    return path


def grey(path: Path, pixels: np.ndarray) -> Path:
    """Write an array as an image."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)
    return path


def writes(path: str, pixels: np.ndarray) -> Callable[[Path], object]:
    """Return what writes an array as an image into a dataset."""
    return lambda root: grey(root / path, pixels)


def semantic(root: Path, yaml: str = "masks_dir: masks\nnames: [sky, road]\n") -> Path:
    """Write two training images and a validation image; a quarter of each is road, a quarter ignored."""
    mask = np.zeros((40, 40), np.uint8)
    mask[:20, :20], mask[:20, 20:] = 1, 255
    for name in ("train/images/a", "train/images/b", "val/images/c"):
        picture(root / f"{name}.png")
        grey(root / f"{name.replace('images', 'masks')}.png", mask)
    (root / "data.yaml").write_text(f"train: train/images\nval: val/images\n{yaml}")
    return root


def depth(root: Path, yaml: str = "names: [depth]\n") -> Path:
    """Write two training images and a validation image, 2 m away, with a quarter unknown."""
    values = np.full((40, 40), 2000, np.uint16)
    values[:20, :20] = 0
    for name in ("train/images/a", "train/images/b", "val/images/c"):
        picture(root / f"{name}.png")
        grey(root / f"{name.replace('images', 'depth')}.png", values)
    (root / "data.yaml").write_text(f"train: train/images\nval: val/images\n{yaml}")
    return root


def classes(root: Path) -> Path:
    """Write three training images and two validation images in the folders cat and dog."""
    for name in ("train/cat/a", "train/cat/b", "train/dog/c", "val/cat/d", "val/dog/e"):
        picture(root / f"{name}.png")
    return root


def found(root: Path, task: str) -> list[tuple[str, str, str]]:
    """Return name, severity and file of each finding."""
    report = check(root, task)
    return [(p.check, p.severity.value, p.file.relative_to(root).as_posix()) for p in report.problems]
