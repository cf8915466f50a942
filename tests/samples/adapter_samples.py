"""What the adapter's tests work on: a generated dataset, a very small architecture, quick arguments."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np

from yololab.ultralytics_adapter.training.training import TrainResult

SIZE = 64
NAMES = ("green", "red")

# Five convolutions and a head: trains at some hundred images a second, and still is a YOLO to Ultralytics.
MICRO = """
nc: 2
backbone:
  - [-1, 1, Conv, [16, 3, 2]]
  - [-1, 1, Conv, [16, 3, 2]]
  - [-1, 1, Conv, [32, 3, 2]]
  - [-1, 1, Conv, [32, 3, 2]]
  - [-1, 1, Conv, [32, 3, 2]]
head:
  - [[2, 3, 4], 1, Detect, [nc]]
"""

PLAIN = {
    "imgsz": SIZE,
    "batch": 4,
    "nbs": 4,
    "workers": 0,
    "device": "cpu",
    "optimizer": "AdamW",
    "lr0": 0.02,
    "warmup_epochs": 0,
    "plots": False,
}
NO_AUGMENTATION = {"mosaic": 0.0, "scale": 0.0, "translate": 0.0, "hsv_h": 0.0, "hsv_s": 0.0, "hsv_v": 0.0}


@dataclass(frozen=True)
class TinyDataset:
    """A generated detection dataset: one green and one red square an image."""

    root: Path
    yaml: Path

    def images(self, split: str) -> list[Path]:
        return sorted((self.root / split / "images").glob("*.jpg"))


@dataclass(frozen=True)
class TinyRun:
    """A finished training."""

    folder: Path
    result: TrainResult

    @property
    def best(self) -> Path:
        return self.folder / "weights" / "best.pt"


@dataclass
class Lines:
    """What Ultralytics logged."""

    lines: list[tuple[int, str]] = field(default_factory=list)

    def __call__(self, level: int, text: str) -> None:
        self.lines.append((level, text))

    @property
    def text(self) -> str:
        return "\n".join(text for _, text in self.lines)


def make_dataset(
    root: Path, *, train: int = 8, val: int = 4, size: tuple[int, int] = (SIZE, SIZE), names: tuple[str, ...] = NAMES
) -> TinyDataset:
    """Write a dataset; the same arguments give the same pixels."""
    rng = np.random.default_rng(0)
    height, width = size
    for split, count in (("train", train), ("val", val)):
        (root / split / "images").mkdir(parents=True)
        (root / split / "labels").mkdir(parents=True)
        for index in range(count):
            image = rng.integers(0, 60, (height, width, 3), dtype=np.uint8)
            rows = []
            for label, colour in ((0, (0, 255, 0)), (1, (0, 0, 255))):
                side = 20
                x, y = (int(rng.integers(2, extent - side - 2)) for extent in (width, height))
                cv2.rectangle(image, (x, y), (x + side, y + side), colour, -1)
                rows.append(
                    f"{label} {(x + side / 2) / width} {(y + side / 2) / height} {side / width} {side / height}"
                )
            cv2.imwrite(str(root / split / "images" / f"{index}.jpg"), image)
            (root / split / "labels" / f"{index}.txt").write_text("\n".join(rows) + "\n", encoding="utf-8")
    (root / "data.yaml").write_text(
        f"train: train/images\nval: val/images\nnames: [{', '.join(names)}]\n", encoding="utf-8"
    )
    return TinyDataset(root, root / "data.yaml")
