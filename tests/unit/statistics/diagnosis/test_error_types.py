"""Pairing of detections and labels, sizes, error types, and the images that changed."""

from __future__ import annotations

import numpy as np
import pytest

from yololab.statistics.diagnosis.error_types import TYPES, error_types
from yololab.statistics.diagnosis.image_changes import largest_changes
from yololab.statistics.diagnosis.size_metrics import metrics_by_size
from yololab.statistics.metrics.matching import overlaps, pair_up
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


def test_pairs_are_those_of_ultralytics():
    import torch
    from ultralytics.engine.validator import BaseValidator

    rng = np.random.default_rng(0)

    class Stub:
        iouv = torch.linspace(0.5, 0.95, 10)

    for _ in range(50):
        labels, detections = rng.integers(0, 6), rng.integers(0, 12)
        a, b = rng.integers(0, 2, labels), rng.integers(0, 2, detections)
        iou = rng.random((labels, detections))
        expected = BaseValidator.match_predictions(Stub(), torch.tensor(b), torch.tensor(a), torch.tensor(iou)).numpy()
        found = pair_up(iou * (a[:, None] == b[None]), Stub.iouv.numpy().astype(float))
        np.testing.assert_array_equal(found >= 0, expected)
        for column in range(10):
            taken = found[found[:, column] >= 0, column]
            assert len(set(taken)) == len(taken)


def test_overlaps_are_those_of_ultralytics():
    import torch
    from ultralytics.utils.metrics import batch_probiou, box_iou

    rng = np.random.default_rng(1)
    corners = rng.uniform(0, 50, (7, 2))
    boxes = np.hstack([corners, corners + rng.uniform(1, 40, (7, 2))])
    expected = box_iou(torch.tensor(boxes[:3]), torch.tensor(boxes)).numpy()
    np.testing.assert_allclose(overlaps(boxes[:3], boxes), expected, atol=1e-6)
    rotated = np.hstack([rng.uniform(20, 40, (6, 2)), rng.uniform(5, 30, (6, 2)), rng.uniform(-1.5, 1.5, (6, 1))])
    expected = batch_probiou(torch.tensor(rotated[:4]), torch.tensor(rotated)).numpy()
    np.testing.assert_allclose(overlaps(rotated[:4], rotated), expected, atol=1e-5)


def test_an_ignored_label_is_taken_last():
    iou = np.array([[0.9], [0.6]])
    assert pair_up(iou, np.array([0.5]), np.array([True, False])).tolist() == [[1]]
    assert pair_up(iou, np.array([0.7]), np.array([True, False])).tolist() == [[0]]


GOOD = [(0, 10, 10, 100), (0, 200, 200, 100)]
RIGHT = [(0, 0.9, 10, 10, 100), (0, 0.8, 200, 200, 100)]


@pytest.mark.parametrize(
    ("name", "labels", "detections", "delta"),
    [
        # one right and one wrong detection of two labels: AP 0.01 · 50 − 0.005 = 0.495; mended 0.995
        ("localisation", GOOD, [RIGHT[0], (0, 0.8, 260, 200, 100)], 0.5),
        ("classification", GOOD, [RIGHT[0], (1, 0.8, 200, 200, 100)], 0.5),
        ("missed", GOOD, [RIGHT[0]], 0.5),
        # a wrong detection before the two right ones: precision 2/3 all along, 0.995 without it
        ("duplicate", GOOD, [(0, 0.95, 10, 10, 100), (0, 0.93, 12, 10, 100), RIGHT[1]], None),
        ("background", GOOD, [(0, 0.95, 350, 10, 40), *RIGHT], 0.995 * (1 - 2 / 3)),
        ("both", [*GOOD, (1, 10, 200, 100)], [(0, 0.95, 60, 200, 100), *RIGHT, (1, 0.9, 10, 200, 100)], None),
    ],
)
def test_one_error_of_each_type(name, labels, detections, delta):
    found = error_types(records_of(scene(labels, detections)))
    assert {kind: entry.count for kind, entry in found.items()} == {kind: int(kind == name) for kind in TYPES}
    assert found[name].delta_ap > 0
    if delta is not None:
        assert found[name].delta_ap == pytest.approx(delta, abs=1e-9)
    assert all(entry.delta_ap == 0 for kind, entry in found.items() if kind != name)


def test_without_errors_nothing_is_worth_anything():
    found = error_types(records_of(scene(GOOD, RIGHT)))
    assert all((entry.count, entry.delta_ap) == (0, 0.0) for entry in found.values())


def test_without_labels_the_worth_is_unknown():
    found = error_types(records_of(scene([], [(0, 0.9, 10, 10, 50)])))
    assert found["background"].count == 1
    assert found["background"].delta_ap is None


def test_mending_never_costs():
    rng = np.random.default_rng(3)
    images = []
    for number in range(30):
        labels = [(int(rng.integers(0, 2)), *rng.uniform(0, 200, 2), rng.uniform(20, 120)) for _ in range(4)]
        shaken = [
            (int(rng.integers(0, 2)), rng.random(), x + rng.normal(0, 25), y + rng.normal(0, 25), s)
            for _, x, y, s in labels * 3
        ]
        images.append(scene(labels, sorted(shaken, key=lambda item: -item[1]), f"{number:02}"))
    found = error_types(records_of(*images))
    assert sum(entry.count for entry in found.values()) > 100
    assert all(entry.delta_ap >= 0 for entry in found.values())


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
    ours = metrics_by_size(records)
    for size, value in expected.items():
        assert ours[size].labels > 20
        assert ours[size].ap == pytest.approx(value, abs=0.006), size
    assert sum(entry.labels for entry in ours.values()) == len(records.truth_image)


def test_a_size_without_labels_is_unknown():
    found = metrics_by_size(records_of(scene(GOOD, RIGHT)))
    assert (found["small"].labels, found["small"].ap) == (0, None)
    assert (found["large"].labels, found["large"].ap) == (2, pytest.approx(0.995))


def test_images_are_sorted_by_their_change():
    better = scene(GOOD, RIGHT, "b"), scene(GOOD, [(0, 0.9, 350, 10, 20)], "b")
    worse = scene(GOOD, RIGHT[:1], "a"), scene(GOOD, RIGHT, "a")
    same = scene(GOOD, RIGHT, "c"), scene(GOOD, RIGHT, "c")
    low = scene(GOOD, [*RIGHT, (0, 0.1, 350, 10, 20)], "d"), scene(GOOD, RIGHT, "d")
    current, baseline = (records_of(*(pair[side] for pair in (better, worse, same, low))) for side in (0, 1))
    found = largest_changes(current, baseline, (0.5, 0.5), 10)
    assert [(change.key, change.gain) for change in found] == [("b", 3), ("a", -1)]
    assert found[0].current.found.tolist() == [True, True]
    assert found[0].baseline.hits.tolist() == [False]
    assert [change.key for change in largest_changes(current, baseline, (0.05, 0.5), 10)] == ["b", "a", "d"]
    assert len(largest_changes(current, baseline, (0.5, 0.5), 1)) == 1
