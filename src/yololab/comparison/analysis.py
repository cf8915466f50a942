"""Where the errors come from, which images made the difference, and how it depends on the size of the objects."""

from collections.abc import Mapping
from typing import Any

from numpy.typing import NDArray

from yololab.comparison.evidence import Evidence
from yololab.files.metrics import MetricsFile
from yololab.statistics.diagnosis.error_types import error_types
from yololab.statistics.diagnosis.image_changes import ImageChange, Shown, largest_changes
from yololab.statistics.diagnosis.size_metrics import metrics_by_size
from yololab.statistics.diagnosis.value_changes import ValueChange, largest_value_changes
from yololab.statistics.inference.paired_models import metrics_of
from yololab.statistics.metrics.detection_metrics import DetectionMetrics
from yololab.statistics.records.base import Records
from yololab.statistics.records.detections import DetectionRecords
from yololab.tasks import TASKS, Direction

MOST_IMAGES = 12
_MOST_BOXES = 60


def analyse(evidence: Evidence, current: MetricsFile) -> dict[str, Any]:
    """Return the keys of comparison.json that go into the depth: `error_types`, `by_size`, `image_changes`.

    Error types and sizes are those of detections; images change in every task.

    Args:
        evidence: The records of both sides, as far as there are any.
        current: The current model's metrics, which say where the images are.
    """
    sides: dict[str, Records | None] = {"current": evidence.current, "baseline": evidence.baseline}
    detections = {side: records for side, records in sides.items() if isinstance(records, DetectionRecords)}
    content: dict[str, Any] = {}
    if detections:
        content["error_types"] = {side: _errors(records) for side, records in detections.items()}
        content["by_size"] = {side: _sizes(records) for side, records in detections.items()}
    if evidence.current is not None and evidence.baseline is not None:
        primary = TASKS[current.task].primary
        lower = primary.direction is Direction.LOWER
        changed = (
            image_changes(detections["current"], detections["baseline"], primary.name)
            if detections
            else value_changes(evidence.current, evidence.baseline, primary.name, lower_is_better=lower)
        )
        content["image_changes"] = changed | {"root": current.content.get("dataset_root")}
    return content


def image_changes(current: DetectionRecords, baseline: DetectionRecords, primary: str) -> dict[str, Any]:
    """Return the images whose errors changed most at each model's own operating threshold."""
    measures = [DetectionMetrics(records, primary) for records in (current, baseline)]
    points = [measure.point_of(measure.kind).confidence or 0.0 for measure in measures]
    changes = largest_changes(current, baseline, (points[0], points[1]), MOST_IMAGES)
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


def _errors(records: DetectionRecords) -> dict[str, Any]:
    """Return the error types of one side."""
    return {name: {"count": item.count, "delta_ap": item.delta_ap} for name, item in error_types(records).items()}


def _sizes(records: DetectionRecords) -> dict[str, Any]:
    """Return the sizes of one side."""
    return {name: {"labels": item.labels, "mAP50-95": item.ap} for name, item in metrics_by_size(records).items()}


def _image(change: ImageChange, names: Mapping[int, str], names_before: Mapping[int, str]) -> dict[str, Any]:
    """Return what a drawing of one image needs."""
    both = change.current.found & change.baseline.found
    return {
        "image": change.key,
        "size": list(change.size),
        "gain": change.gain,
        "labels": len(change.truth_classes),
        "found": {
            "both": int(both.sum()),
            "current": int(change.current.found.sum()),
            "baseline": int(change.baseline.found.sum()),
        },
        "false": {"current": int((~change.current.hits).sum()), "baseline": int((~change.baseline.hits).sum())},
        "truth": [
            {
                "box": _rounded(box),
                "class": names.get(int(index), str(index)),
                "current": bool(now),
                "baseline": bool(was),
            }
            for box, index, now, was in zip(
                change.truth_boxes[:_MOST_BOXES],
                change.truth_classes,
                change.current.found,
                change.baseline.found,
                strict=False,
            )
        ],
        "current": _detections(change.current, names),
        "baseline": _detections(change.baseline, names_before),
    }


def _detections(shown: Shown, names: Mapping[int, str]) -> list[dict[str, Any]]:
    """Return the most confident detections of an image."""
    return [
        {
            "box": _rounded(box),
            "class": names.get(int(index), str(index)),
            "confidence": round(float(confidence), 3),
            "hit": bool(hit),
        }
        for box, index, confidence, hit in zip(
            shown.boxes[:_MOST_BOXES], shown.classes, shown.confidence, shown.hits, strict=False
        )
    ]


def _rounded(box: NDArray[Any]) -> list[float]:
    """Return a box in pixels, to two digits."""
    return [round(float(value), 2) for value in box]
