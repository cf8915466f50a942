"""Anybody's detections as an evaluation of ours: records and the numbers of a metrics.json, by either definition."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from yololab.data.conversion.detections import Detections
from yololab.data.conversion.ground_truth import GroundTruth
from yololab.errors import InputError, Problem
from yololab.statistics.metrics.definitions import CocoLabels, by_coco, by_ultralytics, coco_summary
from yololab.statistics.metrics.detection_metrics import DetectionMetrics
from yololab.statistics.metrics.point_metrics import PointMetrics
from yololab.statistics.records.arrays import MOST_CLASSES
from yololab.statistics.records.detections import BOX, Definition, DetectionRecords

TASK = "detect"


@dataclass(frozen=True)
class Rules:
    """How detections are measured.

    Attributes:
        definition: Whose rules pair them with labels, and whose formula gives the AP.
        confidence: The least confidence that counts; COCO's rules have none.
        most: Detections of an image at most, the best ones; COCO's rules take 100 of an image and class.
        split: The split, where the ground truth has several.
    """

    definition: Definition = "ultralytics"
    confidence: float = 0.001
    most: int = 300
    split: str | None = None


def evaluated(truth: GroundTruth, found: Detections, rules: Rules) -> tuple[DetectionRecords, dict[str, Any]]:
    """Measure detections.

    Args:
        truth: The images and their labels.
        found: The detections on them.
        rules: How.

    Returns:
        The records, and what a metrics.json says of them: the metrics under the chosen definition, of each class, and
        under `definitions` the means by both.

    Raises:
        InputError: There is no label to measure against.
    """
    if truth.crowd.all():
        raise InputError(Problem(str(truth.path), "no label", "images with labels"))
    whole = _records(truth, found, rules)
    labels = CocoLabels(truth.crowd, truth.areas)
    summary = coco_summary(whole, labels, found.areas)
    ours, counted = _by_ultralytics(truth, found, rules)
    theirs = ours.means
    measured = {name: theirs[name] for name in ("mAP50", "mAP50-95", "precision", "recall")}
    if rules.definition == "coco":
        counted = by_coco(whole, labels).to_keep()
        ours = DetectionMetrics(counted).point_of(BOX)
        measured = {"mAP50": summary["AP50"], "mAP50-95": summary["AP"]}
        measured |= {name: ours.means[name] for name in ("precision", "recall")}
    content = {
        **measured,
        "fitness": measured["mAP50-95"],
        "definition": rules.definition,
        "definitions": {"ultralytics": {name: theirs[name] for name in ("mAP50", "mAP50-95")}, "coco": dict(summary)},
        "per_class": _classes(counted, ours),
        "names": {str(index): name for index, name in truth.names.items()},
    }
    return counted, content


def as_detections(records: DetectionRecords, truth: GroundTruth) -> Detections:
    """Return what an evaluation of ours recorded as detections on the images of a ground truth.

    Raises:
        InputError: It was of other images, or of rotated boxes.
    """
    if records.boxes.shape[1] != 4 or records.task != TASK:
        raise InputError(Problem("evaluation.definition", f"coco, of {records.task}", "upright boxes: the task detect"))
    places = {key: place for place, key in enumerate(truth.keys)}
    other = records.keys != truth.keys and len({*records.keys} ^ places.keys())
    if other:
        found = f"{other} images are on one side alone: in the records, or in {truth.path}"
        raise InputError(Problem("comparison, evaluated images", found, "the same images on both sides"))
    boxes = records.boxes.astype(np.float64)
    areas = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    scores = records.confidence.astype(np.float64)
    return Detections(records.image, records.classes.astype(np.int64), boxes, areas, scores).ordered()


def truth_of(records: DetectionRecords, where: Any) -> GroundTruth:
    """Return the labels that an evaluation of ours was measured against.

    Args:
        records: The evaluation.
        where: The file that they come from.
    """
    boxes = records.truth_boxes.astype(np.float64)
    return GroundTruth(
        path=where,
        keys=records.keys,
        sizes=records.sizes.astype(np.int64),
        names=dict(records.names),
        image=records.truth_image.astype(np.int64),
        classes=records.truth_class.astype(np.int64),
        boxes=boxes,
        crowd=np.zeros(len(boxes), bool),
        areas=(boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1]),
    )


def _by_ultralytics(truth: GroundTruth, found: Detections, rules: Rules) -> tuple[PointMetrics, DetectionRecords]:
    """Measure as Ultralytics does, whose conversion of COCO's labels leaves out crowds and boxes without area."""
    sides = truth.boxes[:, 2:] - truth.boxes[:, :2]
    truth = truth.with_labels(~truth.crowd & (sides > 0).all(axis=1))
    found = found.in_any_file()  # COCO's rules go by the file's order, as pycocotools does
    starts = np.searchsorted(found.image, found.image)
    kept = (np.arange(len(found.image)) - starts < rules.most) & (found.scores >= rules.confidence)
    whole = replace(_records(truth, found.chosen(kept), rules), order=None)  # as evaluations of ours have it
    records = by_ultralytics(whole).to_keep()
    return DetectionMetrics(records).point_of(BOX), records


def _records(truth: GroundTruth, found: Detections, rules: Rules) -> DetectionRecords:
    """Lay out detections and labels as records, unrounded and not yet paired."""
    if len(truth.names) > MOST_CLASSES:
        raise InputError(Problem(str(truth.path), f"{len(truth.names):,} classes", f"{MOST_CLASSES:,} at most"))
    kind = np.uint8 if len(truth.names) <= 256 else np.uint16
    return DetectionRecords(
        keys=truth.keys,
        sizes=truth.sizes.astype(np.uint32),
        detections=np.bincount(found.image, minlength=len(truth.keys)).astype(np.uint32),
        classes=found.classes.astype(kind),
        confidence=found.scores,  # type: ignore[arg-type]
        boxes=found.boxes,  # type: ignore[arg-type]
        flags={BOX: np.zeros(len(found.image), np.uint16)},
        truth_image=truth.image.astype(np.uint32),
        truth_class=truth.classes.astype(kind),
        truth_boxes=truth.boxes,  # type: ignore[arg-type]
        order=None if truth.ids is None else truth.order.astype(np.uint32),
        names=truth.names,
        task=TASK,
        split=rules.split or "",
        label_fingerprint=replace(truth, ids=None).label_fingerprint,
        protocol={},
        ultralytics="",
    )


def _classes(records: DetectionRecords, points: PointMetrics) -> Mapping[str, Mapping[str, Any]]:
    """Return the metrics of each class by its name; None without a label."""
    places = {index: place for place, index in enumerate(points.classes)}
    found = {}
    for index, name in records.names.items():
        own = records.truth_class == index
        place = places.get(index)
        values: dict[str, float | None] = dict.fromkeys(("AP50", "AP50-95", "precision", "recall"))
        if place is not None:
            measured = points.ap[place, 0], points.ap[place].mean(), points.precision[place], points.recall[place]
            values = dict(zip(values, map(float, measured), strict=True))
        count = {"instances": int(own.sum()), "images": len(np.unique(records.truth_image[own]))}
        found[name] = {"index": index, **values, **count}
    return found
