"""Where the errors come from, which images made the difference, and how it depends on the size of the objects."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from yololab.comparison.evidence import Evidence
from yololab.comparison.slices.slices import Asked, slices_of_two
from yololab.files.metrics import MetricsFile
from yololab.statistics.diagnosis.error_types import BACKGROUND, error_types
from yololab.statistics.diagnosis.image_changes import (
    ImageChange,
    Shown,
    ValueChange,
    largest_changes,
    largest_value_changes,
)
from yololab.statistics.diagnosis.size_metrics import measures_by_size, metrics_by_size
from yololab.statistics.inference.paired_models import metrics_of
from yololab.statistics.inference.resampling import Units
from yololab.statistics.metrics.detection_metrics import DetectionMetrics
from yololab.statistics.metrics.matching import Overlaps, overlapping
from yololab.statistics.records.base import Records
from yololab.statistics.records.detections import DetectionRecords
from yololab.tasks import TASKS, Direction

MOST_IMAGES = 12
_MOST_BOXES = 60


def analyse(evidence: Evidence, current: MetricsFile, asked: Asked | None = None) -> dict[str, Any]:
    """Return the keys of comparison.json that go into the depth: `error_types`, `by_size`, `slices`, `image_changes`.

    Error types and sizes are those of detections; images change in every task, and can be cut into slices.

    Args:
        evidence: The records of both sides, as far as there are any.
        current: The current model's metrics, which say where the images are.
        asked: By what the images are told apart; None for what is usual.
    """
    sides: dict[str, Records | None] = {"current": evidence.current, "baseline": evidence.baseline}
    detections = {side: records for side, records in sides.items() if isinstance(records, DetectionRecords)}
    content: dict[str, Any] = {}
    overlaps = {side: overlapping(found, BACKGROUND) for side, found in detections.items()}
    sized = {side: measures_by_size(found, overlaps[side]) for side, found in detections.items()}
    for side, found in detections.items():
        types, by_size = error_types(found, overlaps[side]), metrics_by_size(sized[side])
        content.setdefault("error_types", {})[side] = {name: asdict(item) for name, item in types.items()}
        sizes = {name: {"labels": item.labels, "mAP50-95": item.ap} for name, item in by_size.items()}
        content.setdefault("by_size", {})[side] = sizes
    if evidence.current is not None and evidence.baseline is not None:
        primary = TASKS[current.task].primary
        lower = primary.direction is Direction.LOWER
        changed = (
            image_changes(
                detections["current"], detections["baseline"], primary.name, (overlaps["current"], overlaps["baseline"])
            )
            if detections
            else value_changes(evidence.current, evidence.baseline, primary.name, lower_is_better=lower)
        )
        content["image_changes"] = changed | {"root": current.content.get("dataset_root")}
        units = evidence.units or Units(evidence.current.keys)
        slices = slices_of_two(evidence.current, evidence.baseline, units, asked or Asked(), [*sized.values()])
        content |= {"slices": slices} if slices else {}
    return content


def image_changes(
    current: DetectionRecords,
    baseline: DetectionRecords,
    primary: str,
    overlaps: tuple[Overlaps, Overlaps] | None = None,
) -> dict[str, Any]:
    """Return the images whose errors changed most at each model's own operating threshold."""
    measures = [metrics_of(records, primary) for records in (current, baseline)]
    points = [side.point_of(side.kind).confidence or 0.0 for side in measures if isinstance(side, DetectionMetrics)]
    changes = largest_changes(current, baseline, (points[0], points[1]), MOST_IMAGES, overlaps)
    return {
        "confidence": {"current": points[0], "baseline": points[1]},
        "images": [_image(change, current.names, baseline.names) for change in changes],
    }


def value_changes(current: Records, baseline: Records, primary: str, *, lower_is_better: bool) -> dict[str, Any]:
    """Return the images whose own value of the primary metric changed most."""
    changes = largest_value_changes(
        metrics_of(current, primary), metrics_of(baseline, primary), MOST_IMAGES, lower_is_better=lower_is_better
    )
    return {"metric": primary, "images": [_value(change) for change in changes]}


def _value(change: ValueChange) -> dict[str, Any]:
    """Return what comparison.json says of one image."""
    return {
        "image": change.key,
        "gain": change.gain,
        "truth": change.truth,
        "current": {"value": change.current, "said": change.said_by_current},
        "baseline": {"value": change.baseline, "said": change.said_by_baseline},
    }


def _image(change: ImageChange, names: Mapping[int, str], names_before: Mapping[int, str]) -> dict[str, Any]:
    """Return what a drawing of one image needs."""
    sides = {"current": change.current, "baseline": change.baseline}
    found = {side: shown.found for side, shown in sides.items()}
    both = {"both": found["current"] & found["baseline"]}
    return {
        "image": change.key,
        "size": list(change.size),
        "gain": change.gain,
        "labels": len(change.truth_classes),
        "found": {name: int(labels.sum()) for name, labels in (both | found).items()},
        "false": {side: int((~shown.hits).sum()) for side, shown in sides.items()},
        "truth": _objects(change.truth_boxes, change.truth_classes, names, **found),
        "current": _detections(change.current, names),
        "baseline": _detections(change.baseline, names_before),
    }


def _detections(shown: Shown, names: Mapping[int, str]) -> list[dict[str, Any]]:
    """Return the most confident detections of an image."""
    confidence = np.round(shown.confidence.astype(np.float64), 3)
    return _objects(shown.boxes, shown.classes, names, confidence=confidence, hit=shown.hits)


def _objects(
    boxes: NDArray[Any], classes: NDArray[Any], names: Mapping[int, str], **columns: NDArray[Any]
) -> list[dict[str, Any]]:
    """Return the first boxes in pixels, to two digits, with their classes and what else is known of them."""
    objects: list[dict[str, Any]] = [
        {"box": [round(side, 2) for side in box], "class": names.get(index, str(index))}
        for box, index in zip(boxes[:_MOST_BOXES].tolist(), classes.tolist(), strict=False)
    ]
    for name, column in columns.items():
        for item, value in zip(objects, column.tolist(), strict=False):
            item[name] = value
    return objects
