"""A detection dataset of a few small pictures, made on the spot."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import yaml

SIZE = 64


def make_dataset(folder: Path, images: int = 8, splits: tuple[str, ...] = ("train", "val")) -> Path:
    """Draw bright squares and dark bars on noise, write boxes in YOLO's layout, return the data.yaml."""
    rng = np.random.default_rng(0)
    for split in splits:
        (folder / split / "images").mkdir(parents=True)
        (folder / split / "labels").mkdir()
        for number in range(images):
            picture = rng.integers(90, 130, (SIZE, SIZE, 3), dtype=np.uint8)
            rows = []
            for index in range(2):
                w, h = rng.integers(12, 26, 2) if index == 0 else (rng.integers(8, 14), rng.integers(24, 40))
                x, y = (int(rng.integers(0, SIZE - side)) for side in (w, h))
                picture[y : y + h, x : x + w] = 240 if index == 0 else 20
                box = ((x + w / 2) / SIZE, (y + h / 2) / SIZE, w / SIZE, h / SIZE)
                rows.append(f"{index} " + " ".join(f"{value:.6f}" for value in box))
            cv2.imwrite(str(folder / split / "images" / f"{split}{number}.png"), picture)
            (folder / split / "labels" / f"{split}{number}.txt").write_text("\n".join(rows) + "\n")
    file = folder / "data.yaml"
    file.write_text(yaml.safe_dump({split: f"{split}/images" for split in splits} | {"names": ["square", "bar"]}))
    return file
