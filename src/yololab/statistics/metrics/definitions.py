"""Whose rules make a detection right: Ultralytics', as its validator applies them, or COCO's, as pycocotools does.

Both pair detections by descending confidence with the free label of their class that they overlap most, at each of ten
IoUs. They differ in what they look at: COCO's takes the best 100 detections of an image and class, pairs what is left
over with labels that mark a crowd and then counts it neither as right nor as wrong, and computes the AP by a formula of
its own (`weighted_ap`). Sources: `ultralytics/engine/validator.py`, `match_predictions`, with `box_iou` of
`utils/metrics.py`; `pycocotools/cocoeval.py`, `evaluateImg` and `accumulate`, with `bbIou` of its `maskApi.c`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from yololab.statistics.metrics.matching import Boxes, Places, overlapping, pair_up
from yololab.statistics.metrics.point_metrics import average_precision
from yololab.statistics.records.detections import BOX, DetectionRecords, pack_flags

COCO_MOST = 100  # detections of an image and class
COCO_THRESHOLDS = np.linspace(0.5, 0.95, 10)
# Area of the objects in px², both ends included.
COCO_AREAS = {"": (0.0, 1e10), "_small": (0.0, 32.0**2), "_medium": (32.0**2, 96.0**2), "_large": (96.0**2, 1e10)}
_COCO_COUNTS = (1, 10, COCO_MOST)
_THRESHOLDS = np.linspace(0.5, 0.95, 10, dtype=np.float32).astype(np.float64)
_LEAST = np.float32(1e-7)


def by_ultralytics(records: DetectionRecords) -> DetectionRecords:
    """Return records whose flags are those of Ultralytics' validator for their boxes.

    Args:
        records: Detections of each image by descending confidence, and labels; their flags do not count.
    """
    overlaps = overlapping(records, float(_THRESHOLDS[0]), _overlap_of_ultralytics(records))
    detections, paired = pair_up(overlaps, _THRESHOLDS)
    return replace(records, flags={BOX: _packed(records, detections, paired >= 0)}, definition="ultralytics")


@dataclass(frozen=True, eq=False)
class CocoLabels:
    """What COCO's rules know of labels besides class and box.

    Attributes:
        crowd: Whether it marks a crowd, shape (M,).
        areas: Area of the object, px², f64, shape (M,).
    """

    crowd: NDArray[np.bool_]
    areas: NDArray[np.float64]


def by_coco(records: DetectionRecords, labels: CocoLabels) -> DetectionRecords:
    """Return records whose flags are those of COCO's rules, without the labels of crowds.

    Args:
        records: As `by_ultralytics`; all labels.
        labels: What else is known of these.
    """
    records = records.chosen(_places(records) < COCO_MOST)
    overlaps = overlapping(records, COCO_THRESHOLDS[0], _overlap_of_coco(records, labels.crowd))
    detections, paired = pair_up(overlaps, COCO_THRESHOLDS, labels.crowd, labels.crowd)
    taken = paired >= 0
    lost = taken & labels.crowd[paired]
    kept = ~labels.crowd
    return replace(
        records,
        flags={BOX: _packed(records, detections, taken & ~lost)},
        ignored=_packed(records, detections, lost) if lost.any() else None,
        definition="coco",
        truth_image=records.truth_image[kept],
        truth_class=records.truth_class[kept],
        truth_boxes=records.truth_boxes[kept],
    )


def coco_summary(
    records: DetectionRecords, labels: CocoLabels, areas: NDArray[np.float64]
) -> Mapping[str, float | None]:
    """Return the twelve numbers of COCO, as `COCOeval.summarize` prints them.

    Args:
        records: As `by_coco`; their order is that of the ids of the images.
        labels: What else is known of the labels.
        areas: Area of each detection, px², shape (D,).

    Returns:
        `AP`, `AP50`, `AP75`, `AP_small`, `AP_medium`, `AP_large`, `AR1`, `AR10`, `AR100`, `AR_small`, `AR_medium`,
        `AR_large`; None where there is no label.
    """
    chosen = _places(records) < COCO_MOST
    records, areas = records.chosen(chosen), areas[chosen]
    places = _places(records)
    overlaps = overlapping(records, COCO_THRESHOLDS[0], _overlap_of_coco(records, labels.crowd))
    ranked = np.lexsort((records.rank, -records.confidence.astype(np.float64), records.classes))
    first = np.searchsorted(records.classes[ranked], np.arange(int(records.truth_class.max(initial=0)) + 2))
    found: dict[str, float | None] = {}
    recalls: dict[str, float | None] = {}
    for name, (low, high) in COCO_AREAS.items():
        ignored = labels.crowd | (labels.areas < low) | (labels.areas > high)
        detections, paired = pair_up(overlaps, COCO_THRESHOLDS, ignored, labels.crowd)
        hits = np.zeros((len(areas), len(COCO_THRESHOLDS)), bool)
        hits[detections] = (paired >= 0) & ~ignored[paired]
        kept = np.tile(((areas >= low) & (areas <= high))[:, None], (1, len(COCO_THRESHOLDS)))
        kept[detections] = np.where(paired >= 0, ~ignored[paired], kept[detections])
        precision: list[list[float]] = []
        recall: dict[int, list[float]] = {count: [] for count in _COCO_COUNTS}
        for index, count in zip(*np.unique(records.truth_class[~ignored], return_counts=True), strict=True):
            own = ranked[first[index] : first[index + 1]]
            right, counted, place = hits[own], kept[own], places[own]
            steps = range(len(COCO_THRESHOLDS))
            precision.append([average_precision(right[counted[:, t], t], int(count), coco=True) for t in steps])
            for most, shares in recall.items():
                shares.append(float((right & (place < most)[:, None]).sum(axis=0).mean() / count))
        values = np.array(precision).reshape(-1, len(COCO_THRESHOLDS))
        found["AP" + name] = _mean(values)
        if not name:
            found |= {"AP50": _mean(values[:, 0]), "AP75": _mean(values[:, 5])}
            recalls |= {f"AR{most}": _mean(np.array(shares)) for most, shares in recall.items()}
        else:
            recalls["AR" + name] = _mean(np.array(recall[COCO_MOST]))
    return found | recalls


def _mean(values: NDArray[np.float64]) -> float | None:
    return float(values.mean()) if values.size else None


def _places(records: DetectionRecords) -> NDArray[np.int64]:
    """Return how many detections of its image and class go before each, shape (D,)."""
    classes = records.classes.astype(np.int64)
    group = records.image * (int(classes.max(initial=0)) + 1) + classes
    order = np.argsort(group, kind="stable")
    ordered = group[order]
    places = np.empty(len(group), np.int64)
    places[order] = np.arange(len(group)) - np.searchsorted(ordered, ordered)
    return places


def _packed(records: DetectionRecords, detections: NDArray[np.int64], flags: NDArray[np.bool_]) -> NDArray[np.uint16]:
    """Return flags of some detections as bits of all."""
    packed = np.zeros(len(records.classes), np.uint16)
    packed[detections] = pack_flags(flags)
    return packed


def _overlap_of_ultralytics(records: DetectionRecords) -> Callable[[Places, Places], Boxes]:
    """Return the IoU as the validator computes it, in single precision: one of exactly 0.5 counts."""
    truth, boxes = records.truth_boxes.astype(np.float32), records.boxes.astype(np.float32)

    def measure(label: Places, detection: Places) -> Boxes:
        ours, theirs, inner = _areas(truth[label], boxes[detection])
        return np.asarray(inner / (ours + theirs - inner + _LEAST))

    return measure


def _overlap_of_coco(records: DetectionRecords, crowd: NDArray[np.bool_]) -> Callable[[Places, Places], Boxes]:
    """Return the IoU in double precision; with a crowd, the share of the detection that lies in it."""

    def measure(label: Places, detection: Places) -> Boxes:
        ours, theirs, inner = _areas(records.truth_boxes[label], records.boxes[detection])
        return np.asarray(inner / np.where(crowd[label], theirs, ours + theirs - inner))

    return measure


def _areas(labels: Boxes, detections: Boxes) -> tuple[Boxes, Boxes, Boxes]:
    """Return the areas of labels, of their detections, and what they share."""
    low, high = np.maximum(labels[:, :2], detections[:, :2]), np.minimum(labels[:, 2:], detections[:, 2:])
    shared = np.clip(high - low, 0, None)
    sides = shared, labels[:, 2:] - labels[:, :2], detections[:, 2:] - detections[:, :2]
    inner, ours, theirs = (side[:, 0] * side[:, 1] for side in sides)
    return ours, theirs, inner
