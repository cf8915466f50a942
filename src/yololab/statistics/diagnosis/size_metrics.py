"""AP by the size of the objects, as COCO has it: small below 32², medium below 96², large above, in original pixels.

Labels of another size are ignored: a detection that is paired with one counts neither as right nor as wrong, and
neither does an unpaired detection of another size (`pycocotools/cocoeval.py`, `evaluateImg`). Two things differ from
COCO's own figures: areas are those of the boxes, and the AP is Ultralytics' area under the interpolated curve instead
of the mean of 101 precisions; a class's two values differ by at most half a percent point (the trapezoid's ends).
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from yololab.statistics.metrics.matching import box_areas, overlaps, pair_up, same_class
from yololab.statistics.metrics.point_metrics import average_precision
from yololab.statistics.records.detections import DetectionRecords

SIZES = {"small": (0.0, 32.0**2), "medium": (32.0**2, 96.0**2), "large": (96.0**2, math.inf)}


@dataclass(frozen=True)
class SizeMetric:
    """The objects of one size.

    Attributes:
        labels: How many there are.
        ap: mAP50-95 over the classes that have any; None without labels.
    """

    labels: int
    ap: float | None


def metrics_by_size(records: DetectionRecords) -> dict[str, SizeMetric]:
    """Compute the mAP50-95 of small, medium and large objects.

    Args:
        records: The records of an evaluation.
    """
    thresholds = np.asarray(records.iou_thresholds)
    parts: dict[str, list[tuple[NDArray[np.int64], NDArray[np.bool_]]]] = {size: [] for size in SIZES}
    for detections, labels in records.images():
        iou = overlaps(records.truth_boxes[labels], records.boxes[detections])
        iou *= same_class(records.truth_class[labels], records.classes[detections])
        areas, own = box_areas(records.truth_boxes[labels]), box_areas(records.boxes[detections])
        for size, (low, high) in SIZES.items():
            ignored = (areas < low) | (areas >= high)
            paired = pair_up(iou, thresholds, ignored)
            outside = (own < low) | (own >= high)
            dropped = np.repeat(outside[:, None], len(thresholds), axis=1)
            dropped[paired >= 0] = ignored[paired[paired >= 0]]
            parts[size].append((paired, dropped))
    classes = records.classes
    order = np.lexsort((-records.confidence, classes))
    first = np.searchsorted(classes[order], np.arange(int(records.truth_class.max(initial=0)) + 2))
    areas = box_areas(records.truth_boxes)
    found = {}
    none = np.zeros((0, len(thresholds)), np.int64)
    for size, (low, high) in SIZES.items():
        paired = np.concatenate([none, *(part[0] for part in parts[size])])
        dropped = np.concatenate([none.astype(bool), *(part[1] for part in parts[size])])
        counted = records.truth_class[(areas >= low) & (areas < high)]
        values = []
        for index, labels_of_class in zip(*np.unique(counted, return_counts=True), strict=True):
            ranked = order[first[index] : first[index + 1]]
            for t in range(len(thresholds)):
                kept = ranked[~dropped[ranked, t]]
                values.append(average_precision(paired[kept, t] >= 0, int(labels_of_class)))
        found[size] = SizeMetric(len(counted), float(np.mean(values)) if values else None)
    return found
