"""Where the errors come from, which images made the difference, and how it depends on the size of the objects."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from numpy.typing import NDArray

from yololab.stages.evidence import Evidence
from yololab.statistics.error_types import error_types
from yololab.statistics.image_changes import ImageChange, Shown, largest_changes
from yololab.statistics.point_metrics import point_metrics
from yololab.statistics.ranking import rank_classes
from yololab.statistics.records import DetectionRecords
from yololab.statistics.size_metrics import metrics_by_size

MOST_IMAGES = 12
_MOST_BOXES = 60


def analyse(evidence: Evidence, root: str | None) -> dict[str, Any]:
    """Return the keys of comparison.json that go into the depth: `error_types`, `by_size`, `image_changes`.

    Args:
        evidence: The records of both sides, as far as there are any.
        root: The dataset's folder, for the paths of the images; None when it is not known.
    """
    sides = {"current": evidence.current, "baseline": evidence.baseline}
    known = {side: records for side, records in sides.items() if records is not None}
    if not known:
        return {}
    content: dict[str, Any] = {
        "error_types": {side: _errors(records) for side, records in known.items()},
        "by_size": {side: _sizes(records) for side, records in known.items()},
    }
    if evidence.current is not None and evidence.baseline is not None:
        content["image_changes"] = image_changes(evidence.current, evidence.baseline) | {"root": root}
    return content


def image_changes(current: DetectionRecords, baseline: DetectionRecords) -> dict[str, Any]:
    """Return the images whose errors changed most at each model's own operating threshold."""
    points = [point_metrics(rank_classes(records)).confidence or 0.0 for records in (current, baseline)]
    changes = largest_changes(current, baseline, (points[0], points[1]), MOST_IMAGES)
    return {
        "confidence": {"current": points[0], "baseline": points[1]},
        "images": [_image(change, current.names, baseline.names) for change in changes],
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
