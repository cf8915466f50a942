"""AP by the size of the objects, as COCO has it: small below 32², medium below 96², large above, in original pixels.

Labels of another size are ignored: a detection that is paired with one counts neither as right nor as wrong, and
neither does an unpaired detection of another size (`pycocotools/cocoeval.py`, `evaluateImg`). Two things differ from
COCO's own figures: areas are those of the boxes, and the AP is Ultralytics' area under the interpolated curve instead
of the mean of 101 precisions: a class's two values differ by up to half a percent point (the trapezoid's ends), and
with the areas a size's mean has been seen to differ by 0.007. Records that follow COCO's rules have its own numbers
(`statistics/metrics/definitions.py`).

Of masks and keypoints it is not kept which label a detection was paired with: there it is the one of its class whose
box it overlaps most, and without any the detection's own size counts.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from yololab.statistics.metrics.detection_metrics import PRIMARY, SUFFIXES, DetectionMetrics
from yololab.statistics.metrics.matching import Overlaps, box_areas, overlapping, pair_up
from yololab.statistics.metrics.point_metrics import class_aps
from yololab.statistics.records.detections import BOX, DetectionRecords, pack_flags

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


def measures_by_size(
    records: DetectionRecords, overlaps: Overlaps | None = None, kind: str = BOX, *, rest: bool = False
) -> dict[str, DetectionMetrics]:
    """Return what measures small, medium and large objects, see `records_by_size`."""
    sized = records_by_size(records, overlaps, kind, rest=rest)
    return {size: DetectionMetrics(own, PRIMARY + SUFFIXES[kind]) for size, own in sized.items()}


def metrics_by_size(measures: Mapping[str, DetectionMetrics]) -> dict[str, SizeMetric]:
    """Compute the mAP50-95 of small, medium and large objects.

    Args:
        measures: What `measures_by_size` gave.
    """
    found = {}
    for size, measure in measures.items():
        ap = class_aps(measure.ranked[measure.kind])
        found[size] = SizeMetric(len(measure.records.truth_image), float(ap.mean()) if len(ap) else None)
    return found


def labels_by_size(records: DetectionRecords) -> dict[str, NDArray[np.bool_]]:
    """Return which labels are small, medium and large, by the area of their boxes, shape (M,)."""
    areas = box_areas(records.truth_boxes)
    return {size: (areas >= low) & (areas < high) for size, (low, high) in SIZES.items()}


def records_by_size(
    records: DetectionRecords, overlaps: Overlaps | None = None, kind: str = BOX, *, rest: bool = False
) -> dict[str, DetectionRecords]:
    """Return the records of small, medium and large objects: labels of other sizes are gone, what meets them ignored.

    Args:
        records: The records of an evaluation.
        overlaps: What overlaps by the lowest threshold at least, where it is known.
        kind: What is matched.
        rest: Return of each size the objects of all others instead.
    """
    thresholds = np.asarray(records.iou_thresholds)
    overlaps = overlaps or overlapping(records, float(thresholds.min()))
    own, found = box_areas(records.boxes), {}
    for size, labels in labels_by_size(records).items():
        low, high = SIZES[size]
        other = labels == rest
        hits = np.zeros((len(own), len(thresholds)), bool)
        lost = np.tile((((own < low) | (own >= high)) != rest)[:, None], len(thresholds))
        if kind == BOX:
            detections, paired = pair_up(overlaps, thresholds, other)
            in_another_slice = other[paired]
            hits[detections] = (paired >= 0) & ~in_another_slice
            lost[detections] = np.where(paired >= 0, in_another_slice, lost[detections])
        else:
            right = records.tp_matrix(kind)
            _, label = overlaps.best(overlaps.alike)
            in_another_slice = np.where(label >= 0, other[label], lost[:, 0])[:, None]
            hits, lost = right & ~in_another_slice, np.where(right, in_another_slice, lost)
        lost |= records.ignored_matrix() & ~hits
        found[size] = replace(
            records,
            flags={kind: pack_flags(hits)},
            ignored=pack_flags(lost),
            truth_image=records.truth_image[~other],
            truth_class=records.truth_class[~other],
            truth_boxes=records.truth_boxes[~other],
        )
    return found
