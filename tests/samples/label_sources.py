"""The same labelled images as other programs write them: COCO, VOC, CVAT, LabelMe, CSV; boxes in pixels."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
from coco_samples import CLASSES, labels_of
from PIL import Image

SIZE = (200, 160)
# Frames of two videos with the same names, and an image with a name beyond ASCII.
NAMES = ("video_1/frame_0.jpg", "video_1/frame_1.jpg", "video_2/frame_0.jpg", "猫.jpg")
LABELS = labels_of(len(NAMES), seed=3)


def write_images(folder: Path, names=NAMES, exif: int | None = None, size=SIZE) -> None:
    """Write an image for each name, no two alike."""
    for seed, name in enumerate(names):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        pixels = np.random.default_rng(seed).integers(0, 255, (size[1], size[0], 3), np.uint8)
        options = {} if exif is None else {"exif": _orientation(exif)}
        Image.fromarray(pixels).save(path, **options)


def _orientation(value: int) -> Image.Exif:
    exif = Image.Exif()
    exif[274] = value
    return exif


def rows(place: int, order=CLASSES) -> list[list[float]]:
    """Return the rows of an image's labels, with classes in an order."""
    width, height = SIZE
    return [
        [order.index(CLASSES[c]), (x + w / 2) / width, (y + h / 2) / height, w / width, h / height]
        for c, x, y, w, h in LABELS[place]
    ]


def coco(root: Path) -> None:
    write_images(root / "images")
    content = {
        "images": [{"id": 10 + i, "file_name": name, "width": 200, "height": 160} for i, name in enumerate(NAMES)],
        "categories": [{"id": 3 + 4 * i, "name": name} for i, name in enumerate(CLASSES)],
        "annotations": [
            {"id": 1, "image_id": 10 + i, "category_id": 3 + 4 * c, "bbox": box, "iscrowd": 0}
            for i, own in enumerate(LABELS)
            for c, *box in own
        ],
    }
    (root / "annotations").mkdir()
    (root / "annotations/instances.json").write_text(json.dumps(content))


def voc(root: Path) -> None:
    write_images(root / "JPEGImages")
    for name, own in zip(NAMES, LABELS, strict=True):
        objects = "".join(
            f"<object><name>{CLASSES[c]}</name><bndbox><xmin>{x}</xmin><ymin>{y}</ymin>"
            f"<xmax>{x + w}</xmax><ymax>{y + h}</ymax></bndbox></object>"
            for c, x, y, w, h in own
        )
        path = (root / "Annotations" / name).with_suffix(".xml")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"<annotation><filename>renamed.jpg</filename>{objects}</annotation>", encoding="utf-8")


def cvat(root: Path) -> None:
    write_images(root / "images")
    labels = "".join(f"<label><name>{name}</name></label>" for name in CLASSES)
    images = ""
    for place, (name, own) in enumerate(zip(NAMES, LABELS, strict=True)):
        boxes = "".join(
            f'<box label="{CLASSES[c]}" xtl="{x}" ytl="{y}" xbr="{x + w}" ybr="{y + h}"/>' for c, x, y, w, h in own
        )
        images += f'<image id="{place}" name="{name}" width="200" height="160">{boxes}</image>'
    text = f"<annotations><version>1.1</version><meta><job><labels>{labels}</labels></job></meta>{images}</annotations>"
    (root / "annotations.xml").write_text(text, encoding="utf-8")


def labelme(root: Path) -> None:
    write_images(root)
    for name, own in zip(NAMES, LABELS, strict=True):
        shapes = [
            {"label": CLASSES[c], "shape_type": "rectangle", "points": [[x + w, y + h], [x, y]], "group_id": None}
            for c, x, y, w, h in own
        ]
        content = {
            "version": "5.5",
            "shapes": shapes,
            "imagePath": Path(name).name,
            "imageWidth": 200,
            "imageHeight": 160,
        }
        (root / name).with_suffix(".json").write_text(json.dumps(content), encoding="utf-8")


def table(root: Path) -> None:
    write_images(root / "images")
    with (root / "boxes.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["image_path", "X_center", "Y Center", "w", "h", "label"])
        for name, own in zip(NAMES, LABELS, strict=True):
            writer.writerows([f"images/{name}", x + w / 2, y + h / 2, w, h, CLASSES[c]] for c, x, y, w, h in own)


WRITERS = {"coco": coco, "voc": voc, "cvat": cvat, "labelme": labelme, "csv": table}
