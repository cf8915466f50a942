"""Which detection meets which label, held against Ultralytics' own."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from matching_samples import pair_up, same_class
from record_samples import records_of

from yololab.statistics.metrics.matching import overlapping, overlaps
from yololab.statistics.metrics.matching import pair_up as fast_pair_up
from yololab.ultralytics_adapter.isolation.runtime import Isolation, activate, prepare


@pytest.fixture(scope="module")
def _prepared(tmp_path_factory):
    base = tmp_path_factory.mktemp("errors")
    prepare(Isolation(base / "cache", base / "weights", base / "datasets", offline=True))
    activate()


@pytest.mark.torch
@pytest.mark.usefixtures("_prepared")
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


@pytest.mark.torch
@pytest.mark.usefixtures("_prepared")
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


@pytest.mark.torch
@pytest.mark.usefixtures("_prepared")
def test_an_ignored_label_is_taken_last():
    iou = np.array([[0.9], [0.6]])
    assert pair_up(iou, np.array([0.5]), np.array([True, False])).tolist() == [[1]]
    assert pair_up(iou, np.array([0.7]), np.array([True, False])).tolist() == [[0]]


@pytest.mark.parametrize("seed", range(12))
def test_all_images_at_once_are_paired_like_each_alone(seed):
    records = records_of(0.7, seed, images=9)
    rng = np.random.default_rng(seed)
    # Crowded and coarse, so that overlaps compete and are equal.
    boxes = [np.round(rng.uniform(0, 3, (count, 2))) * 10 for count in (len(records.boxes), len(records.truth_boxes))]
    boxes, truth = (np.hstack([corners, corners + 40]).astype(np.float32) for corners in boxes)
    records = replace(records, boxes=boxes, truth_boxes=truth)
    thresholds, ignored = np.array([0.5, 0.75]), rng.random(len(truth)) < 0.3
    for skipped in (None, ignored):
        detections, paired = fast_pair_up(overlapping(records, 0.5), thresholds, skipped)
        found = np.full((len(boxes), 2), -1)
        found[detections] = paired
        for part, labels in records.images():
            iou = overlaps(truth[labels], boxes[part]) * same_class(records.truth_class[labels], records.classes[part])
            expected = pair_up(iou, thresholds, None if skipped is None else skipped[labels])
            np.testing.assert_array_equal(found[part], np.where(expected >= 0, expected + labels.start, -1))
