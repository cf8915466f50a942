"""Whose rules make a detection right: ours held against Ultralytics' validator and against a COCO evaluation."""

from __future__ import annotations

import io
from contextlib import redirect_stdout
from dataclasses import replace

import numpy as np
import pytest

from yololab.statistics.metrics.definitions import COCO_MOST, CocoLabels, by_coco, by_ultralytics, coco_summary
from yololab.statistics.metrics.detection_metrics import DetectionMetrics
from yololab.statistics.metrics.influence import ap_influence
from yololab.statistics.metrics.point_metrics import point_metrics
from yololab.statistics.metrics.ranked_detections import rank_classes
from yololab.statistics.metrics.weighted_ap import mean_over_classes, weighted_ap
from yololab.statistics.records.arrays import from_arrays, to_arrays
from yololab.statistics.records.detections import DetectionRecords

NAMES = ("AP", "AP50", "AP75", "AP_small", "AP_medium", "AP_large")
RECALLS = ("AR1", "AR10", "AR100", "AR_small", "AR_medium", "AR_large")


def made_up(seed: int, images: int = 12, classes: int = 3, most: int = 25) -> tuple[DetectionRecords, CocoLabels]:
    """Whole pixels and few scores, so that overlaps of exactly one half and equal scores are common; some crowds."""
    rng = np.random.default_rng(seed)
    truth, found, counts, owners = [], [], [], []
    for image in range(images):
        labels = [
            (int(rng.integers(0, classes)), *rng.integers(0, 200, 2), *np.exp(rng.uniform(2, 5, 2)).round())
            for _ in range(rng.integers(0, 7))
        ]
        own = [
            (c, x + move, y + rng.integers(0, 2) * move, max(w + move, 1), h // rng.integers(1, 3))
            for c, x, y, w, h in labels
            for move in rng.integers(-2, 3, rng.integers(0, 3))
        ]
        own += [(int(rng.integers(0, classes)), *rng.integers(0, 200, 2), 30, 40) for _ in range(rng.integers(0, most))]
        scores = np.sort(rng.integers(1, 11, len(own)) / 10)[::-1]
        order = rng.permutation(len(own))
        found += [(*own[place], score) for place, score in zip(order, scores, strict=True)]
        truth += labels
        counts.append(len(own))
        owners += [image] * len(labels)
    boxes, labels = np.array(found, float).reshape(-1, 6), np.array(truth, float).reshape(-1, 5)
    corners = [np.hstack([rows[:, 1:3], rows[:, 1:3] + rows[:, 3:5]]) for rows in (boxes, labels)]
    records = DetectionRecords(
        keys=tuple(f"{place:03}.jpg" for place in range(images)),
        sizes=np.full((images, 2), 400, np.uint32),
        detections=np.array(counts, np.uint32),
        classes=boxes[:, 0].astype(np.uint8),
        confidence=boxes[:, 5],
        boxes=corners[0],
        flags={"box": np.zeros(len(boxes), np.uint16)},
        truth_image=np.array(owners, np.uint32),
        truth_class=labels[:, 0].astype(np.uint8),
        truth_boxes=corners[1],
        names=dict(enumerate("abc")),
        task="detect",
        split="val",
        label_fingerprint="",
        protocol={},
        ultralytics="",
    )
    areas = labels[:, 3] * labels[:, 4] * rng.uniform(0.6, 1, len(labels))
    return records, CocoLabels(rng.random(len(labels)) < 0.15, areas)


def box_areas(records: DetectionRecords) -> np.ndarray:
    return np.prod(records.boxes[:, 2:] - records.boxes[:, :2], axis=1)


@pytest.mark.torch
@pytest.mark.parametrize("seed", range(4))
def test_cocos_twelve_numbers(seed):
    """faster-coco-eval computes what pycocotools does; ids run against the order of names."""
    from faster_coco_eval import COCO, COCOeval_faster

    records, labels = made_up(seed, most=150 if seed == 0 else 25)
    assert seed or np.bincount(records.image * 3 + records.classes).max() > 30
    ids = np.random.default_rng(seed).permutation(len(records.keys)) + 1
    content = {
        "images": [{"id": int(index), "width": 400, "height": 400} for index in ids],
        "categories": [{"id": index, "name": name} for index, name in records.names.items()],
        "annotations": [
            {"id": place + 1, "image_id": int(ids[image]), "category_id": int(records.truth_class[place]),
             "iscrowd": int(labels.crowd[place]), "area": float(labels.areas[place]),
             "bbox": [*records.truth_boxes[place][:2].tolist(),
                      *(records.truth_boxes[place][2:] - records.truth_boxes[place][:2]).tolist()]}
            for place, image in enumerate(records.truth_image)
        ],
    }  # fmt: skip
    rows = [
        {"image_id": int(ids[image]), "category_id": int(index), "score": float(score),
         "bbox": [*box[:2].tolist(), *(box[2:] - box[:2]).tolist()]}
        for image, index, score, box in zip(
            records.image, records.classes, records.confidence, records.boxes, strict=True
        )
    ]  # fmt: skip
    with redirect_stdout(io.StringIO()):
        truth = COCO(content)
        evaluation = COCOeval_faster(truth, truth.loadRes(rows), "bbox")
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    expected = dict(zip(NAMES + RECALLS, evaluation.stats[:12], strict=True))
    records = replace(records, order=ids.argsort().argsort().astype(np.uint32))
    found = coco_summary(records, labels, box_areas(records))
    assert {name: -1 if value is None else value for name, value in found.items()} == pytest.approx(expected, abs=1e-9)

    # The records say the same, in a file too: of equal scores the image with the first id counts first.
    kept = from_arrays(to_arrays(by_coco(records, labels).to_keep()))
    assert kept.definition == "coco"
    points = DetectionMetrics(kept).points()
    assert points["mAP50-95"] == pytest.approx(found["AP"], abs=1e-12)
    assert points["mAP50"] == pytest.approx(found["AP50"], abs=1e-12)


def test_only_the_best_hundred_of_an_image_and_class_count():
    records, labels = made_up(0, images=2, classes=1, most=400)
    assert by_coco(records, labels).detections.tolist() == [min(count, COCO_MOST) for count in records.detections]


@pytest.mark.parametrize("seed", range(3))
def test_cocos_ap_under_weights_is_that_of_images_really_repeated(seed):
    records, labels = made_up(seed)
    # Without equal scores, of which a repeated image would change the order.
    apart = np.random.default_rng(9).random(len(records.classes)) * 1e-3
    records = by_coco(replace(records, confidence=np.round(records.confidence, 1) - np.sort(apart)), labels)
    ranked = rank_classes(records)
    assert any(item.ignored is not None for item in ranked)
    weights = np.random.default_rng(1).integers(0, 3, (len(records.keys), 4)).astype(np.float32)
    found = mean_over_classes(weighted_ap(ranked, weights, weights).mean(axis=1))
    for place, value in enumerate(found):
        times = weights[:, place].astype(int)
        assert value == pytest.approx(point_metrics(rank_classes(repeated(records, times))).means["mAP50-95"], abs=2e-6)
    # The influence is that of a weight a little more, of the area that AP reads at 101 recalls.
    influence = sum(ap_influence(item, len(records.keys), 10) for item in ranked)
    assert influence.sum() == pytest.approx(0, abs=1e-6)


def repeated(records: DetectionRecords, times: np.ndarray) -> DetectionRecords:
    """Return records whose images are there several times."""
    images = np.repeat(np.arange(len(times)), times)
    offsets, truth = records.offsets, records.truth_offsets
    own = np.concatenate([np.arange(offsets[i], offsets[i + 1]) for i in images])
    labels = np.concatenate([np.arange(truth[i], truth[i + 1]) for i in images])
    return replace(
        records,
        keys=tuple(f"{place:03}" for place in range(len(images))),
        sizes=records.sizes[images],
        detections=records.detections[images],
        classes=records.classes[own],
        confidence=records.confidence[own],
        boxes=records.boxes[own],
        flags={"box": records.flags["box"][own]},
        ignored=records.ignored[own],
        truth_image=np.repeat(np.arange(len(images)), np.diff(truth)[images]).astype(np.uint32),
        truth_class=records.truth_class[labels],
        truth_boxes=records.truth_boxes[labels],
    )


@pytest.mark.torch
def test_flags_are_those_of_the_validator():
    import torch
    from ultralytics.engine.validator import BaseValidator
    from ultralytics.utils.metrics import box_iou

    class Stub:
        iouv = torch.linspace(0.5, 0.95, 10)

    exactly = 0
    for seed in range(20):
        records = by_ultralytics(made_up(seed)[0])
        flags = records.tp_matrix()
        for own, labels in records.images():
            iou = box_iou(torch.tensor(records.truth_boxes[labels]), torch.tensor(records.boxes[own]))
            exactly += int((iou == 0.5).sum())
            classes = torch.tensor(records.classes[own]), torch.tensor(records.truth_class[labels])
            expected = BaseValidator.match_predictions(Stub(), *classes, iou).numpy()
            np.testing.assert_array_equal(flags[own], expected)
    assert exactly > 20
