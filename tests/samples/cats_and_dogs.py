"""A sound detection dataset of three images a split, and what a check finds in it."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from PIL import Image

from yololab.data.checks.check_report import CheckReport, CheckSettings
from yololab.data.checks.dataset_check import check_dataset
from yololab.data.dataset.layout import load_dataset


def jpeg(seed: int, quality: int = 90) -> bytes:
    """Return a picture of smooth blobs: something that survives JPEG."""
    coarse = np.random.default_rng(seed).integers(0, 255, (9, 12, 3), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(coarse).resize((320, 240), Image.Resampling.BICUBIC).save(buffer, "JPEG", quality=quality)
    return buffer.getvalue()


def make_cats_and_dogs(root: Path) -> Path:
    """Write three images a split, every one with a cat and a dog; returns the folder."""
    for number, (split, name) in enumerate((s, n) for s in ("train", "val") for n in "abc"):
        put(root, split, name, jpeg(number))
    (root / "data.yaml").write_text(
        yaml.safe_dump({"train": "train/images", "val": "val/images", "names": ["cat", "dog"]})
    )
    return root


def put(
    root: Path, split: str, name: str, content: bytes, label: str = "0 0.5 0.5 0.2 0.4\n1 0.3 0.3 0.2 0.2\n"
) -> None:
    """Write an image and its label file."""
    for folder in ("images", "labels"):
        (root / split / folder).mkdir(parents=True, exist_ok=True)
    (root / split / "images" / f"{split}_{name}.jpg").write_bytes(content)
    (root / split / "labels" / f"{split}_{name}.txt").write_text(label)


def check(root: Path, task: str = "detect", **settings: Any) -> CheckReport:
    """Check a dataset under some settings."""
    return check_dataset(load_dataset(root), task, settings=CheckSettings(**settings))


def kinds(report: CheckReport) -> list[tuple[str, str, str]]:
    """Return name, file and severity of each finding."""
    return sorted((p.check, p.file.name, p.severity.value) for p in report.problems)
