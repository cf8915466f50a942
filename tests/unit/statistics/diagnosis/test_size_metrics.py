"""AP by the size of the objects, held against COCO's own."""

from __future__ import annotations

import numpy as np
import pytest
from matching_samples import pair_up

from yololab.statistics.diagnosis.size_metrics import measures_by_size, metrics_by_size
from yololab.statistics.metrics.matching import overlaps
from yololab.statistics.records.base import RecordsHeader
from yololab.statistics.records.detections import ImageRecord, pack_records
from yololab.ultralytics_adapter.isolation.runtime import Isolation, activate, prepare

THRESHOLDS = np.array([0.5 + 0.05 * step for step in range(10)])


@pytest.fixture(scope="module", autouse=True)
def _prepared(tmp_path_factory):
    base = tmp_path_factory.mktemp("errors")
    prepare(Isolation(base / "cache", base / "weights", base / "datasets", offline=True))
    activate()


def scene(labels, detections, key="a", size=(400, 400)):
    """An image: labels as (class, x, y, side), detections as (class, confidence, x, y, side)."""
    truth = np.array([[x, y, x + s, y + s] for _, x, y, s in labels], float).reshape(-1, 4)
    boxes = np.array([[x, y, x + s, y + s] for _, _, x, y, s in detections], float).reshape(-1, 4)
    classes = np.array([item[0] for item in detections], float)
    targets = np.array([item[0] for item in labels], float)
    iou = overlaps(truth, boxes) * (targets[:, None] == classes[None])
    flags = pair_up(iou, THRESHOLDS) >= 0
    confidence = np.array([item[1] for item in detections], float)
    return ImageRecord(key, size, classes, confidence, boxes, {"box": flags}, targets, truth)


def records_of(*images):
    names = {0: "cat", 1: "dog"}
    header = RecordsHeader(names=names, task="detect", split="val", label_fingerprint="", protocol={}, ultralytics="")
    return pack_records(images, header)


GOOD = [(0, 10, 10, 100), (0, 200, 200, 100)]


RIGHT = [(0, 0.9, 10, 10, 100), (0, 0.8, 200, 200, 100)]


@pytest.mark.torch
def test_sizes_against_coco():
    """faster-coco-eval on the same boxes: its AP is the mean of 101 precisions, ours the area under their curve."""
    from faster_coco_eval import COCO, COCOeval_faster

    rng = np.random.default_rng(5)
    images = []
    for number in range(40):
        labels = [
            (int(rng.integers(0, 2)), *rng.uniform(0, 250, 2), float(np.exp(rng.uniform(2.2, 5)))) for _ in range(5)
        ]
        found = [
            (c, rng.random(), x + rng.normal(0, s / 12), y + rng.normal(0, s / 12), s * rng.uniform(0.85, 1.15))
            for c, x, y, s in labels
            if rng.random() < 0.8
        ]
        found += [
            (int(rng.integers(0, 2)), rng.random() * 0.7, *rng.uniform(0, 250, 2), rng.uniform(8, 140))
            for _ in range(3)
        ]
        images.append(scene(labels, sorted(found, key=lambda item: -item[1]), f"{number:02}"))
    records = records_of(*images)
    truth = {"images": [], "annotations": [], "categories": [{"id": 1, "name": "cat"}, {"id": 2, "name": "dog"}]}
    detections = []
    for place in range(40):
        truth["images"].append({"id": place + 1, "width": 400, "height": 400})
        labels, own = records.truth_offsets, records.offsets
        for row in range(labels[place], labels[place + 1]):
            x1, y1, x2, y2 = records.truth_boxes[row].tolist()
            truth["annotations"].append(
                {"id": row + 1, "image_id": place + 1, "category_id": int(records.truth_class[row]) + 1, "iscrowd": 0,
                 "bbox": [x1, y1, x2 - x1, y2 - y1], "area": (x2 - x1) * (y2 - y1)}
            )  # fmt: skip
        for row in range(own[place], own[place + 1]):
            x1, y1, x2, y2 = records.boxes[row].tolist()
            detections.append(
                {"image_id": place + 1, "category_id": int(records.classes[row]) + 1,
                 "bbox": [x1, y1, x2 - x1, y2 - y1], "score": float(records.confidence[row])}
            )  # fmt: skip
    reference = COCO(truth)
    evaluation = COCOeval_faster(reference, reference.loadRes(detections), "bbox")
    evaluation.evaluate()
    evaluation.accumulate()
    evaluation.summarize()
    expected = dict(zip(("small", "medium", "large"), evaluation.stats[3:6], strict=True))
    ours = metrics_by_size(measures_by_size(records))
    for size, value in expected.items():
        assert ours[size].labels > 20
        assert ours[size].ap == pytest.approx(value, abs=0.006), size
    assert sum(entry.labels for entry in ours.values()) == len(records.truth_image)


@pytest.mark.torch
def test_a_size_without_labels_is_unknown():
    found = metrics_by_size(measures_by_size(records_of(scene(GOOD, RIGHT))))
    assert (found["small"].labels, found["small"].ap) == (0, None)
    assert (found["large"].labels, found["large"].ap) == (2, pytest.approx(0.995))
