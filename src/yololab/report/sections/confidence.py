"""What the model does at each confidence: precision, recall, F1, and precision over recall."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

import numpy as np
from markupsafe import Markup

from yololab.comparison.thresholds.choosing import ThresholdsContent, threshold_text
from yololab.report.charts.lines import STYLES, Series, line_chart, simplified
from yololab.report.charts.svg import COLOURS
from yololab.report.run_files import RunFiles
from yololab.statistics.metrics.confidence_curves import ConfidenceCurves, confidence_curves, kept_and_right
from yololab.statistics.metrics.detection_metrics import DetectionMetrics
from yololab.statistics.metrics.point_metrics import CONFIDENCES, PointMetrics, Values
from yololab.statistics.records.classification import ClassifyRecords
from yololab.statistics.records.detections import DetectionRecords
from yololab.tasks import TASKS
from yololab.text import number

MOST_CLASSES = 80
_NOTHING = 0.05  # precision or recall below which no threshold is worth naming
_NAMED_CLASSES = 20  # Ultralytics names as many
_TOLERANCE, _TOLERANCE_OF_MANY = 0.001, 0.004
# Attribute of the curves → caption and what is across; the order of importance.
CAPTIONS = {
    "precision_at_recall": ("Precision over recall", "recall"),
    "f1": ("F1 over confidence", "confidence"),
    "precision": ("Precision over confidence", "confidence"),
    "recall": ("Recall over confidence", "confidence"),
}
_KINDS = {"box": "boxes", "mask": "masks", "pose": "keypoints"}


def confidence(run: RunFiles) -> dict[str, Any] | None:
    """Prepare the curves, the kind that decides first; None where nothing has a confidence."""
    records = run.records
    if isinstance(records, ClassifyRecords) and len(records.keys):
        return {
            "groups": [("", _of_images(records))],
            "classified": True,
            "threshold": None,
            "at": None,
            "learnt": False,
            **_chosen(run.thresholds),
        }
    if not isinstance(records, DetectionRecords):
        return None
    measure = DetectionMetrics(records, TASKS[records.task].primary_metric)
    groups = []
    for kind, ranked in measure.ranked.items():
        curves = confidence_curves(ranked)
        if curves is not None:
            groups.append((_KINDS[kind], _charts(curves, measure.point_of(kind), records)))
    if not groups:
        return None
    point = measure.point_of(measure.kind)
    shown = {"threshold": point.confidence, "at": point.means, "classes": len(point.classes), "most": MOST_CLASSES}
    learnt = all((point.means[name] or 0) > _NOTHING for name in ("precision", "recall"))
    return {"groups": groups, "classified": False, "learnt": learnt, **shown, **_chosen(run.thresholds)}


def _chosen(content: Mapping[str, Any]) -> dict[str, Any]:
    """Return the operating threshold that the evaluation chose, and that of each class; empty for older ones."""
    if not content.get("overall"):
        return {"chosen": None}
    columns = ("threshold", "precision", "recall", "f1")
    rows = [
        (name, [found[key] for key in columns], found["images"], found["reason"])
        for name, found in content["per_class"].items()
    ]
    found = cast(ThresholdsContent, content)
    return {"chosen": threshold_text(found), "own": rows, "unit": found["unit"], "notes": found["notes"]}


def _charts(curves: ConfidenceCurves, point: PointMetrics, records: DetectionRecords) -> list[Markup]:
    """Draw the four charts: each class, and their mean on top."""
    weakest = np.argsort(point.ap[:, 0], kind="stable")[:MOST_CLASSES]
    chosen = sorted(weakest.tolist()) if len(point.classes) > 1 else []
    named = len(chosen) <= _NAMED_CLASSES
    ap = point.ap[:, 0].tolist()
    charts = []
    for attribute, (caption, axis) in CAPTIONS.items():
        values, mean = getattr(curves, attribute), curves.mean(attribute)
        of_recall = attribute == "precision_at_recall"
        at = int(mean.argmax())
        best = (
            f"{number(np.mean(ap), 3)} mAP50" if of_recall else f"{number(mean[at], 2)} at {number(CONFIDENCES[at], 3)}"
        )
        lines = [
            curve_of(
                records.names.get(curves.classes[place], str(curves.classes[place])),
                values[place],
                place % COLOURS if named else COLOURS - 1,
                STYLES[place // COLOURS % len(STYLES)] if named else "faint",
                number(ap[place], 3) if of_recall and named else "",
            )
            for place in chosen
        ]
        everything = "all classes" if chosen else records.names.get(curves.classes[0], "all")
        lines.append(curve_of(everything, mean, 0, "strong", best))
        mark = None if of_recall else point.confidence
        # The mean comes first in a legend.
        charts.append(chart_of(caption, axis, [lines[-1], *(lines[:-1] if named else [])], lines, mark))
    return charts


def chart_of(caption: str, axis: str, keys: Sequence[Series], lines: Sequence[Series], mark: float | None) -> Markup:
    """Draw one chart over shares."""
    return line_chart(caption, (0.0, 1.0), lines, mark, axis=axis, mark="highest F1", shares=True, keys=keys)


def mean_charts(lines_of: Callable[[str], Sequence[Series]]) -> list[Markup]:
    """Draw a chart of each curve.

    Args:
        lines_of: Returns the lines of a curve, an attribute of `ConfidenceCurves`.
    """
    return [
        chart_of(caption, axis, lines := lines_of(attribute), lines, None)
        for attribute, (caption, axis) in CAPTIONS.items()
    ]


def curve_of(name: str, values: Values, colour: int, style: str, note: str) -> Series:
    """Return a line through as few places of a curve as it needs."""
    known = np.flatnonzero(np.isfinite(values))
    places = known[simplified(values[known], _TOLERANCE_OF_MANY if style == "faint" else _TOLERANCE)]
    return Series(name, values[places].tolist(), colour, style, CONFIDENCES[places].tolist(), note)


def _of_images(records: ClassifyRecords) -> list[Markup]:
    """Draw how many classified images are left above each confidence, and how many of those are right."""
    kept, right = kept_and_right(records)
    lines = [
        curve_of("right of those", right, 0, "strong", f"{number(right[0], 3)} of all"),
        curve_of("images as sure", kept, 1, "dashed", ""),
    ]
    return [chart_of("Right answers above a confidence", "confidence", lines, lines, None)]
