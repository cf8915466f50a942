"""A small labelled world as COCO files, as a YOLO dataset, and detections in it as a COCO results file."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from PIL import Image

CLASSES = ("cat", "dog", "owl")


def labels_of(images: int = 40, seed: int = 0) -> list[list[tuple[int, float, float, float, float]]]:
    """Return of each image class, x, y, width and height in pixels of 200 × 160, written to two digits."""
    rng = np.random.default_rng(seed)
    return [
        [
            (
                int(rng.integers(0, 3)),
                *rng.uniform(0, 90, 2).round(2).tolist(),
                *rng.uniform(20, 60, 2).round(2).tolist(),
            )
            for _ in range(rng.integers(1, 5))
        ]
        for _ in range(images)
    ]


def write_instances(path: Path, labels, ids=lambda place: 100 - place, categories=(7, 3, 20), **changes) -> Path:
    """Write an instances file whose ids have gaps and run against names; keys of LVIS and others lie about."""
    rows = [
        {"id": 1 + len(labels) * number + place, "image_id": ids(place), "category_id": categories[index],
         "bbox": box, "area": box[2] * box[3], "iscrowd": 0, "segmentation": [], "attributes": {}}
        for place, own in enumerate(labels) for number, (index, *box) in enumerate(own)
    ]  # fmt: skip
    content = {
        "info": {"description": "made up"},
        "images": [
            {"id": ids(place), "file_name": f"{place:03}.png", "width": 200, "height": 160, "not_exhaustive": []}
            for place in range(len(labels))
        ],
        "categories": [
            {"id": index, "name": name, "frequency": "r"} for index, name in zip(categories, CLASSES, strict=True)
        ],
        "annotations": rows,
    }
    path.write_text(json.dumps(content | changes))
    return path


def write_dataset(root: Path, labels) -> Path:
    """Write the same as a YOLO dataset: val/images, val/labels."""
    for folder in ("images", "labels"):
        (root / "val" / folder).mkdir(parents=True)
    for place, own in enumerate(labels):
        Image.new("RGB", (200, 160)).save(root / f"val/images/{place:03}.png")
        rows = (
            f"{c} {(x + w / 2) / 200:.6f} {(y + h / 2) / 160:.6f} {w / 200:.6f} {h / 160:.6f}" for c, x, y, w, h in own
        )
        (root / f"val/labels/{place:03}.txt").write_text("\n".join(rows))
    yaml = root / "data.yaml"
    yaml.write_text(f"train: val/images\nval: val/images\nnames: {list(CLASSES)}\n")
    return yaml


def detections_of(labels, found: float = 0.9, seed: int = 1, noise: float = 2.0) -> list[dict]:
    """Return detections in no order, of images by their place and of classes by their index."""
    rng = np.random.default_rng(seed)
    rows = []
    for place, own in enumerate(labels):
        for index, *box in own:
            if rng.random() < found:
                moved = (np.array(box) + rng.normal(0, noise, 4)).round(2).tolist()
                score = round(float(rng.uniform(0.3, 1)), 2)
                rows.append({"image_id": place, "category_id": index, "bbox": moved, "score": score})
        rows.append({"image_id": place, "category_id": int(rng.integers(0, 3)), "bbox": [5, 5, 30, 30], "score": 0.3})
    return [rows[place] for place in rng.permutation(len(rows))]


def write_results(path: Path, rows, ids=lambda place: 100 - place, categories=(7, 3, 20)) -> Path:
    """Write detections with the ids of `write_instances`, or others."""
    written = [row | {"image_id": ids(row["image_id"]), "category_id": categories[row["category_id"]]} for row in rows]
    path.write_text(json.dumps(written))
    return path
