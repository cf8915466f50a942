"""A detector that is made up, and labels with errors of which it is known where they are."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from yololab.statistics.records.base import RecordsHeader
from yololab.statistics.records.detections import DetectionRecords, ImageRecord, pack_records

NAMES = {0: "cat", 1: "dog", 2: "owl"}
SIDE, CELL = 400, 100


def detected(
    rng, images=120, classes=3, skill=2.0, nothing=-2.0, names=None, confused=0.03, **header
) -> DetectionRecords:
    """Return records over right labels: up to 9 objects an image, in the cells of a grid.

    Args:
        rng: The source of what is random.
        images: Number of images.
        classes: Number of classes that occur.
        skill: Mean log odds of the confidence in an object.
        nothing: The same of what is nothing.
        names: Names of the classes.
        confused: Share of objects on which another class is seen too.
        header: What else the header says.
    """
    rows = []
    for number in range(images):
        cells = rng.choice(16, rng.integers(3, 10), replace=False)
        corner = np.stack([cells % 4, cells // 4], axis=1) * CELL + rng.uniform(5, 25, (len(cells), 2))
        truth = np.hstack([corner, corner + rng.uniform(40, 70, (len(cells), 2))])
        target = rng.integers(0, classes, len(cells))
        seen = rng.normal(skill, 1.0, len(cells))
        boxes = truth + rng.normal(0, 2.5, truth.shape)
        other = rng.random(len(cells)) < confused * (classes > 1)
        empty = np.setdiff1d(np.arange(16), cells)
        false = rng.choice(empty, rng.integers(0, 5))
        wrong = np.stack([false % 4, false // 4], axis=1) * CELL + rng.uniform(5, 30, (len(false), 2))
        found = np.concatenate(
            [boxes[seen > -3], boxes[other], np.hstack([wrong, wrong + 55]).reshape(-1, 4)], dtype=np.float32
        )
        said = np.concatenate([target[seen > -3], (target[other] + 1) % classes, rng.integers(0, classes, len(false))])
        odds = np.concatenate([seen[seen > -3], rng.normal(-2, 0.8, other.sum()), rng.normal(nothing, 0.8, len(false))])
        order = np.argsort(-odds)
        rows.append(
            ImageRecord(
                f"images/val/{number:04}.png",
                (SIDE, SIDE),
                said[order],
                1 / (1 + np.exp(-odds[order])),
                found[order],
                {"box": np.zeros((len(order), 10), bool)},
                target,
                truth.astype(np.float32),
            )
        )
    settings = {"task": "detect", "split": "val", "label_fingerprint": "", "protocol": {}, "ultralytics": "8.4.190"}
    return pack_records(rows, RecordsHeader(**settings | {"names": names or NAMES} | header))


def planted(records: DetectionRecords, rng, each=15, kinds=("missing", "class", "misplaced"), classes=3):
    """Plant errors of each kind; return the records, and of each error its kind, image, and new or former label."""
    boxes, label_class = records.truth_boxes.copy(), records.truth_class.copy()
    kept = np.ones(len(boxes), bool)
    errors = []
    for place, label in enumerate(rng.choice(len(boxes), each * len(kinds), replace=False).tolist()):
        kind = kinds[place % len(kinds)]
        if kind == "missing":
            kept[label] = False
        elif kind == "class":
            label_class[label] = (label_class[label] + rng.integers(1, classes)) % classes
        else:
            width, height = boxes[label, 2:] - boxes[label, :2]
            shift = np.float32(rng.uniform(0.2, 0.35, 2)) * (width, height) * rng.choice([-1, 1], 2)
            boxes[label] += np.tile(shift, 2)
        errors.append((kind, int(records.truth_image[label]), label))
    place = np.cumsum(kept) - 1
    changed = replace(
        records, truth_image=records.truth_image[kept], truth_class=label_class[kept], truth_boxes=boxes[kept]
    )
    found = [
        (kind, image, records.truth_boxes[label] if kind == "missing" else int(place[label]))
        for kind, image, label in errors
    ]
    return changed, found


def found_among(records: DetectionRecords, suspects, errors) -> set[int]:
    """Return which of some planted errors are among suspects, with their right kind."""
    hits = set()
    for suspect in suspects:
        for number, (kind, image, at) in enumerate(errors):
            if kind != suspect.kind or image != suspect.image:
                continue
            if kind == "missing":
                centre = records.boxes[suspect.detection].reshape(2, 2).mean(axis=0)
                same = np.abs(centre - at.reshape(2, 2).mean(axis=0)).max() < 10
            else:
                same = suspect.label == at
            hits |= {number} if same else set()
    return hits
