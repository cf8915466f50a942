"""Whether two evaluations measured the same thing, and in the same way."""

from collections.abc import Iterable
from statistics import fmean, stdev
from typing import Any

import numpy as np
from numpy.typing import NDArray

from yololab.errors import Problem
from yololab.files.metrics import FOLDS, MetricsFile
from yololab.statistics.inference.paired_models import metrics_of
from yololab.statistics.metrics.detection_metrics import DetectionMetrics
from yololab.statistics.metrics.ties import tie_span
from yololab.statistics.records.base import Records
from yololab.statistics.records.detections import DetectionRecords
from yololab.tasks import Direction
from yololab.text import number, signed

# Another value of one of these changes the numbers without a change of the model.
_PROTOCOL_KEYS = (
    "imgsz",
    "batch",
    "conf",
    "iou",
    "max_det",
    "rect",
    "quantize",
    "augment",
    "nms",
    "agnostic_nms",
    "ultralytics",
)
# Another value of one of these changes the labels: the two numbers measure different things.
_LABEL_KEYS = ("single_cls", "classes")
_REMEDY = "evaluate both models on the same data: yololab evaluate model=… data=…"
_SHOWN = 3
_TRUTH = {"truth_image", "truth_class", "target"}  # arrays of records that depend on the labels alone
_LARGEST_TIE_SPAN = 0.002
_SAME_BOX = 0.1  # px
_SILENT = 0.05  # of the images
_UNLIKE = "Measured under different protocols"


def describe(file: MetricsFile) -> dict[str, Any]:
    """Return what identifies one side of a comparison."""
    return {
        "path": str(file.path),
        "model": file.content.get("model"),
        "split": file.split,
        "fingerprint": file.fingerprint,
        "promoted_at": file.content.get("promoted_at"),
    }


def comparability_problems(current: MetricsFile, baseline: MetricsFile) -> list[Problem]:
    """Return why the two numbers do not measure the same thing; what a file does not say is not held against it."""
    problems = []
    for what, ours, theirs in (
        ("task", current.task, baseline.task),
        ("evaluated split", current.split, baseline.split),
        ("evaluation.definition", _definition(current), _definition(baseline)),
        ("fingerprint of the evaluated split", current.fingerprint, baseline.fingerprint),
        *(
            (f"protocol, {key}", _protocol(current).get(key), _protocol(baseline).get(key))
            for key in _LABEL_KEYS
            if _protocol(current) and _protocol(baseline)
        ),
    ):
        known = ours is not None and theirs is not None
        if ours != theirs and (known or what.startswith("protocol")):
            found = f"{_short(ours)} for the current model, {_short(theirs)} for the baseline"
            problems.append(Problem(f"comparison, {what}", found, "the same on both sides", _REMEDY))
    if current.classes and baseline.classes and current.classes != baseline.classes:
        ours, theirs = current.classes, baseline.classes
        different = [k for k in ours.keys() | theirs.keys() if ours.get(k) != theirs.get(k)]
        different.sort(key=lambda index: (len(index), index))
        shown = ", ".join(f"{k}: {ours.get(k)!r} / {theirs.get(k)!r}" for k in different[:5])
        problems.append(Problem("comparison, class names", shown, "the same classes in the same order", _REMEDY))
    return problems


def _definition(file: MetricsFile) -> str:
    """Return whose definition of the AP a file follows."""
    return file.content.get("definition") or "ultralytics"


def _protocol(file: MetricsFile) -> dict[str, Any]:
    """Return the protocol that a file records; empty when it records none."""
    return file.content.get("protocol") or {}


def _short(value: Any) -> str:
    """Shorten a fingerprint to its first digits."""
    text = str(value)
    return text[:12] + "…" if len(text) >= 40 else repr(value)


def protocol_warnings(current: MetricsFile, baseline: MetricsFile, *, paired: bool = False) -> list[str]:
    """Return how the two measurements differ in ways that move the numbers.

    Args:
        current: The current model's metrics.
        baseline: The baseline's.
        paired: Whether images and labels of both were held against each other.
    """
    warnings = []
    ours, theirs = _protocol(current), _protocol(baseline)
    if not theirs or not ours:
        side = "current metrics" if not ours else "baseline"
        warnings.append(f"The {side} do not record their protocol; whether both were measured alike is not known.")
    else:
        for key in _PROTOCOL_KEYS:
            if ours.get(key) != theirs.get(key):
                warnings.append(f"{_UNLIKE}: {key} is {ours.get(key)!r} now, {theirs.get(key)!r} before.")
    if not current.fingerprint or not baseline.fingerprint:
        known = "Images were held against each other by name and labels, not by content"
        missing = known if paired else "Whether both were measured on the same images is not known"
        warnings.append(f"{missing}: a fingerprint is missing.")
    for key, how in (("trained_precision", "in {}"), ("trained_speed", "with speed={}")):
        ours_in, theirs_in = (side.content.get(key) for side in (current, baseline))
        if ours_in and theirs_in and ours_in != theirs_in:
            said = f"Trained {how.format(ours_in)} now, {how.format(theirs_in)} before"
            warnings.append(f"{said}: that is part of the difference.")
    if current.content.get("comparable") is False:
        warnings.append("Training changed its own settings on the way; see the differences in the record.")
    return warnings


def names_protocol_difference(warnings: Iterable[str]) -> bool:
    """Return whether warnings of `protocol_warnings` name a difference of the protocols."""
    return any(warning.startswith(_UNLIKE) for warning in warnings)


def silence_warning(current: MetricsFile, baseline: MetricsFile, ours: Records, theirs: Records) -> str | None:
    """Return that one side has nothing at all on images where the other finds something; None where both are runs.

    A results file does not say which images a model was shown: of a part of them it looks like a model that is blind.
    """
    if not (isinstance(ours, DetectionRecords) and isinstance(theirs, DetectionRecords)):
        return None
    sides = ((current, "The current model", ours, theirs), (baseline, "The baseline", theirs, ours))
    for file, name, own, other in sides:
        silent = int(((own.detections == 0) & (other.detections > 0)).sum())
        if "reading" in file.content and silent >= max(1, _SILENT * len(own.keys)):
            found = f"{name} has no detection on {silent:,} of {len(own.keys):,} images where the other has some"
            return f"{found}: if it was not shown these, they do not belong in the comparison."
    return None


def tied_range(records: Records, metric: str) -> tuple[float, float] | None:
    """Return the ends between which the order of equal confidences moves a metric; None where it hardly does.

    Args:
        records: The records.
        metric: The primary metric.
    """
    measured = metrics_of(records, metric)
    if not isinstance(measured, DetectionMetrics):
        return None
    low, high = tie_span(measured.ranked[measured.kind])
    return (low, high) if high - low > _LARGEST_TIE_SPAN else None


def tie_warning(tied: tuple[float, float], metric: str, side: str) -> str:
    """Return how far the order of equal confidences moves the primary metric of a side.

    Args:
        tied: The ends, as `tied_range` finds them.
        metric: The primary metric.
        side: What the model is called.
    """
    low, high = tied
    return f"Many confidences of {side} are equal: their order alone moves its {metric} from {low:.4f} to {high:.4f}."


def side_notes(current: MetricsFile, baseline: MetricsFile) -> list[str]:
    """Return what a reader should know of the two sides."""
    notes = [*dict.fromkeys(line for file in (current, baseline) for line in file.content.get("reading") or ())]
    notes += _other_definition(current, baseline)
    notes += _fold_by_fold(current, baseline)
    ours, theirs = current.train_fingerprint, baseline.train_fingerprint
    if ours and theirs and ours != theirs:
        notes.append("The training split has changed since the baseline was trained.")
    if current.split == "val":
        notes.append(
            "The checkpoint was chosen on the split that is compared here, so its score is a little too good; "
            "evaluation.split=test avoids that where there is a test split."
        )
    return notes


def _fold_by_fold(current: MetricsFile, baseline: MetricsFile) -> list[str]:
    """Return how two out-of-fold evaluations differ in each fold, where both have the same folds."""
    sides = [((file.content.get(FOLDS) or {}).get("parts") or []) for file in (current, baseline)]
    prints = [[part.get("fingerprint") for part in parts] for parts in sides]
    if not prints[0] or prints[0] != prints[1] or None in prints[0]:
        return []
    metric = current.primary
    ours, theirs = ([(part.get("metrics") or {}).get(metric.name) for part in parts] for parts in sides)
    gains = [a - b for a, b in zip(ours, theirs, strict=True) if a is not None and b is not None]
    if len(gains) < 2:
        return []
    better = sum(gain < 0 if current.direction(metric) is Direction.LOWER else gain > 0 for gain in gains)
    return [
        f"Fold by fold {metric.name} is better in {better} of {len(gains)}, by {signed(fmean(gains))} ± "
        f"{number(stdev(gains))} (mean and SD of the differences)."
    ]


def _other_definition(current: MetricsFile, baseline: MetricsFile) -> list[str]:
    """Return the AP of both sides by the definition that does not decide, where both are known by it."""
    other = {"ultralytics": ("coco", "AP", "COCO's"), "coco": ("ultralytics", "mAP50-95", "Ultralytics'")}
    name, key, label = other.get(_definition(current), ("", "", ""))
    found = [(file.content.get("definitions") or {}).get(name, {}).get(key) for file in (current, baseline)]
    if None in found:
        return []
    return [f"By {label} definition mAP50-95 is {number(found[0])}, of the baseline {number(found[1])}."]


def pairing_problems(current: Records, baseline: Records) -> list[Problem]:
    """Return why two evaluations cannot be paired image by image: other images, other labels, other thresholds."""
    ours, theirs = set(current.keys), set(baseline.keys)
    if ours != theirs:
        found = f"{len(ours - theirs)} only in the current evaluation{_some(ours - theirs)}, "
        found += f"{len(theirs - ours)} only in the baseline's{_some(theirs - ours)}"
        return [Problem("comparison, evaluated images", found, "the same images on both sides", _REMEDY)]
    if current.measured != baseline.measured:
        found = f"{current.measured} for the current model, {baseline.measured} for the baseline"
        return [Problem("comparison, what is measured", found, "the same on both sides", _REMEDY)]
    found = _relabelled(current, baseline)
    return [Problem("comparison, labels", found, "the same labels on both sides", _REMEDY)] if found else []


def _relabelled(current: Records, baseline: Records) -> str:
    """Return how the labels differ, in any order of the labels; empty when they do not."""
    same = current.label_fingerprint == baseline.label_fingerprint
    ours, theirs = current.arrays(), baseline.arrays()
    # A fingerprint is what a file says; that objects and classes line up is looked at in any case.
    if same and all(np.array_equal(ours[name], theirs[name]) for name in _TRUTH & ours.keys()):
        return ""
    different = {
        key for place, key in enumerate(current.keys) if not _alike(current.truth_of(place), baseline.truth_of(place))
    }
    if different:
        return f"{len(different)} images have other labels in the baseline{_some(different)}"
    return "" if same or current.truth_is_whole else "the labels have another content, with the same objects or classes"


def _alike(ours: NDArray[Any], theirs: NDArray[Any]) -> bool:
    """Return whether the labels of an image are the same; boxes may differ by what it takes to write them.

    Of one and the same label an instances file, a YOLO file and a validator, which scales it to its own image size and
    back, have three boxes that differ by hundredths of a pixel.
    """
    if ours.shape != theirs.shape or ours.ndim != 2 or not len(ours):
        return np.array_equal(ours, theirs)
    near = abs(ours[:, None, 1:] - theirs[None, :, 1:]).max(axis=2) <= _SAME_BOX
    alike = near & (ours[:, None, 0] == theirs[None, :, 0])
    for row in alike:  # each takes one of the other side
        free = np.flatnonzero(row)
        if not len(free):
            return False
        alike[:, free[0]] = False
    return True


def _some(keys: set[str]) -> str:
    """Return the first few names in brackets."""
    if not keys:
        return ""
    return f" ({', '.join(sorted(keys)[:_SHOWN])}{', …' if len(keys) > _SHOWN else ''})"
