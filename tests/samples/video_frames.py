"""Frames of short films with labels as COCO, in which every third frame was put into the validation split: a leak."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np

from yololab.data.shapes.scene import Kind, compose_scene

SIDE, DRIFT = 160, 1  # px: of a frame, and how far the camera moves from one frame to the next


def write_films(root: Path, films: int = 40, frames: int = 3, seed: int = 0) -> Path:
    """Write images/film_00/0.png, …, annotations/instances_train.json and instances_val.json; return the folder."""
    rng = np.random.default_rng(seed)
    splits = {"train": ([], []), "val": ([], [])}
    for film in range(films):
        scene = compose_scene(rng, SIDE + DRIFT * frames)
        for frame in range(frames):
            name, start = f"film_{film:02}/{frame}.png", DRIFT * frame
            path = root / "images" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            cv2.imwrite(str(path), scene.image[start : start + SIDE, start : start + SIDE])
            images, annotations = splits["val" if frame == frames - 1 else "train"]
            images.append({"id": len(images), "file_name": name, "width": SIDE, "height": SIDE})
            for shape in scene.shapes:
                points = (shape.outline() - start).clip(0, SIDE)
                x, y = points.min(axis=0)
                width, height = np.ptp(points, axis=0)
                if min(width, height) > 4:
                    box = [round(float(value), 2) for value in (x, y, width, height)]
                    about = {"id": len(annotations), "image_id": images[-1]["id"], "category_id": 1 + shape.kind}
                    annotations.append(about | {"bbox": box, "area": box[2] * box[3], "iscrowd": 0})
    categories = [{"id": 1 + kind, "name": kind.name.lower()} for kind in Kind]
    for split, (images, annotations) in splits.items():
        file = root / f"annotations/instances_{split}.json"
        file.parent.mkdir(exist_ok=True)
        file.write_text(json.dumps({"images": images, "annotations": annotations, "categories": categories}))
    return root


def write_old_model(file: Path, labels: list[Path], seed: int = 1) -> Path:
    """Write what an old model finds in images: half of what is there, not quite where it is, as a COCO results file."""
    rng = np.random.default_rng(seed)
    rows = []
    for label in labels:
        for line in label.read_text().splitlines():
            kind, *box = map(float, line.split())
            x, y, width, height = (value * SIDE for value in box)
            if rng.random() < 0.5:
                moved = np.array([x - width / 2, y - height / 2, width, height]) + rng.normal(0, 4, 4)
                about = {"image_id": f"{label.parent.name}/{label.stem}", "category_id": int(kind)}
                rows.append(about | {"bbox": moved.round(2).tolist(), "score": round(float(rng.uniform(0.2, 0.9)), 3)})
    file.write_text(json.dumps(rows))
    return file
