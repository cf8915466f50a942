"""A detection dataset with the flaws of real ones, made on the spot: cells of three classes on uneven ground.

Objects labelled twice by boxes that nearly coincide, one picture that is in two splits in other bytes, and JPEGs as
several programs write them (progressive, other subsampling, restart markers, EXIF data, no JFIF segment).
"""

from __future__ import annotations

import io
import random
from pathlib import Path

import numpy as np
import yaml
from PIL import Image, ImageDraw

NAMES = ("platelet", "red", "white")
IMAGES = {"train": 40, "val": 18, "test": 12}
LABELLED_TWICE = {"train": (4, 17, 31), "val": (0, 9), "test": (7,)}
"""Numbers of the images in which one object has two boxes that nearly coincide."""
LOOKS_ALIKE = ("train", 12), ("test", 5)
"""The second image is the first one, scaled and saved anew."""
SIDES = (320, 240)
_EXIF = Image.Exif()
_EXIF[0x010F] = "a camera"
JPEG_OPTIONS: tuple[dict[str, object], ...] = (
    {"quality": 90},
    {"quality": 85, "progressive": True},
    {"quality": 75, "subsampling": 0, "optimize": True},
    {"quality": 92, "restart_marker_rows": 2},
    {"quality": 88, "exif": _EXIF},
)


def make_flawed_cells(folder: Path) -> Path:
    """Write the dataset; returns its data.yaml."""
    rng = random.Random(7)
    pictures: dict[tuple[str, int], Image.Image] = {}
    for split, count in IMAGES.items():
        for kind in ("images", "labels"):
            (folder / split / kind).mkdir(parents=True)
        for number in range(count):
            picture, rows = _cells(rng)
            if (split, number) == LOOKS_ALIKE[1]:
                picture = pictures[LOOKS_ALIKE[0]].resize((160, 120)).resize(SIDES)
            pictures[split, number] = picture
            if number in LABELLED_TWICE[split]:
                index, x, y, width, height = rows[0]
                rows.append((index, x + 0.01 * width, y, width, 0.99 * height))
            stem = f"{split}_{number:03d}"
            text = "".join(f"{row[0]} " + " ".join(f"{value:.6f}" for value in row[1:]) + "\n" for row in rows)
            (folder / split / "labels" / f"{stem}.txt").write_text(text, "utf-8")
            (folder / split / "images" / f"{stem}.jpg").write_bytes(_jpeg(picture, number))
    file = folder / "data.yaml"
    file.write_text(yaml.safe_dump({split: f"{split}/images" for split in IMAGES} | {"names": list(NAMES)}), "utf-8")
    return file


def _cells(rng: random.Random) -> tuple[Image.Image, list[tuple[int, float, float, float, float]]]:
    """Return a picture of one to twelve cells that do not touch, and their boxes relative to its size."""
    ground = np.random.default_rng(rng.randrange(2**32)).integers(120, 255, (9, 12, 3), dtype=np.uint8)
    picture = Image.fromarray(ground).resize(SIDES, Image.Resampling.BICUBIC)
    draw = ImageDraw.Draw(picture)
    rows = []
    for place in rng.sample(range(12), rng.randint(1, 12)):
        index = rng.choices(range(3), (1, 8, 1))[0]
        width, height = (rng.uniform(24, 70) for _ in range(2))
        x, y = 80 * (place % 4) + 40, 80 * (place // 4) + 40
        draw.ellipse([x - width / 2, y - height / 2, x + width / 2, y + height / 2], fill=(150 - 60 * index, 40, 90))
        rows.append((index, x / SIDES[0], y / SIDES[1], width / SIDES[0], height / SIDES[1]))
    return picture, rows


def _jpeg(picture: Image.Image, number: int) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", **JPEG_OPTIONS[number % len(JPEG_OPTIONS)])
    content = buffer.getvalue()
    # every seventh file without its JFIF segment, as some cameras and tools write it
    return content if number % 7 or content[2:4] != b"\xff\xe0" else content[:2] + content[20:]
