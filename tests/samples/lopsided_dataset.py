"""Small datasets of any files, and what a check finds in them beside what their smallness brings."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import yaml
from PIL import Image

from yololab.data.checks.check_report import CheckReport, CheckSettings
from yololab.data.checks.dataset_check import check_dataset
from yololab.data.dataset.layout import load_dataset

BOX = "0 0.5 0.5 0.2 0.2\n"

SOUND: dict[str, str | None] = {
    "images/train/a.jpg": None,
    "labels/train/a.txt": f"{BOX}1 0.2 0.2 0.1 0.1\n0 0.8 0.8 0.1 0.1\n",
    "images/train/b ü.PNG": None,
    "labels/train/b ü.txt": "",
    "images/val/a.jpg": None,
    "labels/val/a.txt": BOX,
}


def make(root: Path, files: dict[str, str | None], **keys: Any) -> Path:
    """Write a dataset: None is an image (or any file nobody reads), text is a label file."""
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if text is None and path.suffix.lower() in (".jpg", ".png"):
            noise = np.random.default_rng(list(name.encode())).integers(0, 255, (64, 64, 3), dtype=np.uint8)
            Image.fromarray(noise).save(path)
        else:
            path.write_text(text or "", "utf-8")
    content = {"train": "images/train", "val": "images/val", "names": ["cat", "dog"], **keys}
    (root / "data.yaml").write_text(yaml.safe_dump(content), "utf-8")
    return root


def check_lopsided(root: Path, **options: Any) -> CheckReport:
    """Check a dataset, whose splits share little by nature."""
    settings = CheckSettings(
        severity=dict.fromkeys(("class_one_split", "class_unused", "same_name", "leak_same"), "off")
    )
    return check_dataset(load_dataset(root), "detect", **{"settings": settings, **options})
