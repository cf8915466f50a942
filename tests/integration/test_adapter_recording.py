"""What is kept of each image adds up to what Ultralytics measures over all of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from yololab.statistics.records.depth import DEPTH_METRICS

pytestmark = pytest.mark.usefixtures("prepared")


def test_pixels_add_up(prepared):
    from ultralytics.utils.metrics import SemanticMetrics

    from yololab.ultralytics_adapter.validation.whole_images import pixel_matrix

    rng = np.random.default_rng(1)
    truth, predicted = rng.integers(0, 4, (5, 9, 7)), rng.integers(0, 4, (5, 9, 7))
    truth[0, :3] = 255
    theirs = SemanticMetrics(names={index: str(index) for index in range(4)})
    theirs.update_stats(torch.from_numpy(predicted), torch.from_numpy(truth))
    ours = sum(pixel_matrix(one, other, 4) for one, other in zip(truth, predicted, strict=True))
    assert np.array_equal(ours, theirs.matrix.numpy())


def test_depths_add_up_and_an_image_without_enough_pixels_is_left_out(prepared):
    from ultralytics.utils.metrics import DepthMetrics

    from yololab.ultralytics_adapter.validation.whole_images import _EachImage

    rng = np.random.default_rng(2)
    truth = torch.from_numpy(rng.uniform(0.5, 20, (6, 1, 8, 8)).astype(np.float32))
    predicted = truth * torch.from_numpy(rng.uniform(0.6, 1.6, truth.shape).astype(np.float32))
    truth[3], truth[4, 0, :4] = 0, 0
    predicted[5, 0, 0, 0] = torch.nan
    theirs, ours = DepthMetrics(), _EachImage()
    for batch in (slice(0, 4), slice(4, 6)):
        theirs.update_stats(predicted[batch], truth[batch])
        ours.update_stats(predicted[batch], truth[batch])
    theirs.process()
    ours.process()
    assert ours.results_dict == theirs.results_dict
    values = [found for found, _ in ours.values]
    assert [found is None for found in values] == [False, False, False, True, False, False]
    assert [pixels for _, pixels in ours.values] == [64, 64, 64, 0, 32, 64]
    for name in DEPTH_METRICS:
        mean = np.mean([found[name] for found in values if found])
        assert mean == pytest.approx(theirs.results_dict[f"metrics/{name}"], rel=1e-12)


def labels(*, classes=(0, 1), segments=((0, 0, 1, 0, 1, 1), (0, 0, 0.5, 0, 0.5, 0.5))):
    boxes = np.array([[0.5, 0.5, 1, 1], [0.25, 0.25, 0.5, 0.5]], np.float32)
    return {
        "im_file": "/data/val/1.jpg",
        "cls": np.array(classes, np.float32)[:, None],
        "bboxes": boxes,
        "segments": [np.array(points, np.float32).reshape(-1, 2) for points in segments],
    }


def test_a_fingerprint_of_labels_sees_what_the_task_looks_at(prepared):
    from yololab.ultralytics_adapter.validation.detections import fingerprint_of_labels

    root, plain, moved = Path("/data"), labels(), labels(segments=((0, 0, 1, 0, 1, 0.9), (0, 0, 0.5, 0, 0.5, 0.5)))
    assert fingerprint_of_labels([plain], root) == fingerprint_of_labels([moved], root)
    assert fingerprint_of_labels([plain], root, ("segments",)) != fingerprint_of_labels([moved], root, ("segments",))
    turned = {**plain, **{key: plain[key][::-1] for key in ("cls", "bboxes", "segments")}}
    for parts in ((), ("segments",)):
        assert fingerprint_of_labels([plain], root, parts) == fingerprint_of_labels([turned], root, parts)


def tied_images(count=40):
    """Images of a hardly trained model: few distinct confidences, right and wrong at random."""
    rng = np.random.default_rng(6)
    images = []
    for place in range(count):
        detections = int(rng.integers(0, 30))
        right = np.sort(rng.random((detections, 10)) < 0.3, axis=1)[:, ::-1]
        confidence = np.sort(rng.choice(np.float32([0.01, 0.02, 0.021, 0.5]), detections))[::-1]
        classes = rng.integers(0, 2, detections).astype(np.float32)
        images.append((f"{place:03}.jpg", right, confidence, classes, np.append(classes, np.float32(place % 2))))
    return images


def test_equal_confidences_are_ranked_alike_in_whichever_order_the_images_come(prepared):
    """Ultralytics' own numbers of several orders are those of the records, which know none."""
    from ultralytics.utils.metrics import DetMetrics

    from yololab.statistics.metrics.detection_metrics import DetectionMetrics
    from yololab.statistics.records.base import RecordsHeader
    from yololab.statistics.records.detections import ImageRecord, pack_records
    from yololab.ultralytics_adapter.validation.detections import untied

    names = {0: "a", 1: "b"}
    images, found = tied_images(), []
    for seed in range(4):
        images = [images[place] for place in np.random.default_rng(seed).permutation(len(images))]
        theirs = DetMetrics(names=names)
        apart = untied([image[2] for image in images], [image[0] for image in images])
        for (key, right, _, classes, targets), confidence in zip(images, apart, strict=True):
            entry = {"tp": right, "conf": confidence, "pred_cls": classes, "target_cls": targets}
            theirs.update_stats({**entry, "target_img": np.unique(targets), "im_name": key})
        theirs.process(save_dir=None)
        found.append([*theirs.mean_results(), *theirs.maps])
    assert found[1:] == [found[0]] * 3
    none = np.zeros((0, 4), np.float32)
    records = pack_records(
        [
            ImageRecord(
                key,
                (9, 9),
                classes,
                confidence,
                np.zeros((len(classes), 4)),
                {"box": right},
                targets,
                np.zeros((len(targets), 4)) if len(targets) else none,
            )
            for key, right, confidence, classes, targets in images
        ],
        RecordsHeader(names=names, task="detect", split="val", label_fingerprint="", protocol={}, ultralytics="8.4"),
    )
    points = DetectionMetrics(records).points()
    ours = [points[name] for name in ("precision", "recall", "mAP50", "mAP50-95")]
    assert ours == pytest.approx(found[0][:4], abs=1e-6)
