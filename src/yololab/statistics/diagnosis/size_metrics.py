"""AP by the size of the objects, as COCO has it: small below 32², medium below 96², large above, in original pixels.

Labels of another size are ignored: a detection that is paired with one counts neither as right nor as wrong, and
neither does an unpaired detection of another size (`pycocotools/cocoeval.py`, `evaluateImg`). Two things differ from
COCO's own figures: areas are those of the boxes, and the AP is Ultralytics' area under the interpolated curve instead
of the mean of 101 precisions: a class's two values differ by up to half a percent point (the trapezoid's ends), and
with the areas a size's mean has been seen to differ by 0.007. Records that follow COCO's rules have its own numbers
(`statistics/metrics/definitions.py`).
"""

import math
from dataclasses import dataclass

import numpy as np

from yololab.statistics.metrics.matching import Overlaps, box_areas, overlapping, pair_up
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


def metrics_by_size(records: DetectionRecords, overlaps: Overlaps | None = None) -> dict[str, SizeMetric]:
    """Compute the mAP50-95 of small, medium and large objects.

    Args:
        records: The records of an evaluation.
        overlaps: What overlaps by the lowest threshold at least, where it is known.
    """
    thresholds = np.asarray(records.iou_thresholds)
    overlaps = overlaps or overlapping(records, float(thresholds.min()))
    classes = records.classes
    order = np.lexsort((-records.confidence, classes))
    first = np.searchsorted(classes[order], np.arange(int(records.truth_class.max(initial=0)) + 2))
    areas, own = box_areas(records.truth_boxes), box_areas(records.boxes)
    found = {}
    for size, (low, high) in SIZES.items():
        ignored = (areas < low) | (areas >= high)
        detections, paired = pair_up(overlaps, thresholds, ignored)
        hits = np.zeros((len(thresholds), len(own)), bool)
        hits[:, detections] = paired.T >= 0
        dropped = np.tile((own < low) | (own >= high), (len(thresholds), 1))
        dropped[:, detections] = np.where(paired >= 0, ignored[paired], dropped[0, detections][:, None]).T
        counted = records.truth_class[~ignored]
        values = []
        for index, labels in zip(*np.unique(counted, return_counts=True), strict=True):
            ranked = order[first[index] : first[index + 1]]
            kept, right = ~dropped[:, ranked], hits[:, ranked]
            values += [average_precision(right[t, kept[t]], int(labels)) for t in range(len(thresholds))]
        found[size] = SizeMetric(len(counted), float(np.mean(values)) if values else None)
    return found
