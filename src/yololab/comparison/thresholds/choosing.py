"""The operating threshold of an evaluated model: chosen from its records, kept beside its numbers and its export."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TypedDict

from yololab.comparison.evidence import read_records
from yololab.comparison.groups import Clusters, units_of
from yololab.errors import InputError, Problem
from yololab.files.json_files import read_json, write_json
from yololab.files.metrics import MetricsFile
from yololab.files.paths import THRESHOLDS
from yololab.files.predictions import PredictionsError
from yololab.statistics.inference.paired_models import metrics_of
from yololab.statistics.inference.resampling import Units
from yololab.statistics.inference.thresholds import (
    F1,
    REPLICATES,
    Estimate,
    OperatingThreshold,
    ThresholdRule,
    choose_thresholds,
    ranked_answers,
)
from yololab.statistics.metrics.detection_metrics import DetectionMetrics, primary_kind
from yololab.statistics.metrics.ranked_detections import RankedClass
from yololab.statistics.records.base import Records
from yololab.statistics.records.classification import ClassifyRecords
from yololab.statistics.records.detections import DetectionRecords
from yololab.tasks import TASKS
from yololab.text import first_of, interval, number

THRESHOLDS_VERSION = 1
SETTING = "evaluation.threshold"
# Where a model finds nothing that is right, no threshold is any better: Ultralytics' own for predictions.
_WITHOUT = 0.25
_ANSWERS = "answer"  # what a classification gives, beside box, mask and pose


class EstimateContent(TypedDict):
    """A number with its 95 % interval."""

    value: float
    low: float | None
    high: float | None


class ThresholdContent(TypedDict):
    """The threshold of a class, or of all; what could not be chosen is null, and `reason` says why."""

    threshold: EstimateContent | None
    precision: EstimateContent | None
    recall: EstimateContent | None
    f1: EstimateContent | None
    images: int
    labels: int
    applied: float
    reason: str


class ThresholdsContent(TypedDict, total=False):
    """The thresholds of one evaluation, by one rule."""

    rule: str
    measured: str
    model: str | None
    task: str | None
    split: str | None
    dataset_fingerprint: str | None
    unit: str
    units: int
    replicates: int
    overall: ThresholdContent
    per_class: dict[str, ThresholdContent]
    notes: list[str]


def why_no_threshold(records: Records) -> str:
    """Return why an evaluation has no operating threshold; empty when it can have one."""
    if not isinstance(records, (DetectionRecords, ClassifyRecords)):
        return f"does not apply to {records.task}: every pixel gets an answer, and none has a confidence"
    return "" if _ranked(records) else "has nothing to be chosen on: no image has a label"


def thresholds_from(
    records: Records, rule: str, group: str | None = None, alike: Clusters = None
) -> ThresholdsContent | None:
    """Choose the thresholds of an evaluation.

    Args:
        records: What the evaluation kept of each image.
        rule: `f1`, `recall>=0.9`, `precision>=0.95`.
        group: What names the group of an image, see `units_of`.
        alike: The images that look alike.

    Returns:
        What goes into the file; None where there is nothing to choose, see `why_no_threshold`.
    """
    notes, ranked, read = list[str](), _ranked(records), ThresholdRule.read(rule)
    try:
        units = units_of(records.keys, group, None, alike)
    except InputError as error:  # a comparison refuses it; an evaluation that took hours does not
        units = units_of(records.keys, None)
        notes.append(f"images are taken as independent: {error.problems[0].found}")
    found = choose_thresholds(ranked, units, len(records.keys), read)
    if found is None:
        return None
    instead = _best(ranked, len(records.keys)) if found.overall.threshold is None else _WITHOUT
    overall = _content(found.overall, read, instead, "that of the highest F1")
    names = {index: str(name) for index, name in records.names.items()}
    classes = {item.index: item for item in found.classes if item.index is not None}
    own = {
        names.get(index, str(index)): _content(item, read, overall["applied"], "that of all classes")
        for index, item in classes.items()
    }
    others = [name for index, name in names.items() if index not in classes]
    notes += [f"no label of {first_of(others)}: that of all classes is taken"] if others else []
    return {
        "rule": rule,
        "measured": _kind(records),
        "task": records.task,
        "split": records.split,
        "unit": units.name,
        "units": len(units.keys),
        "replicates": REPLICATES,
        "overall": overall,
        "per_class": own,
        "notes": notes,
    }


def write_thresholds(folder: Path, content: ThresholdsContent, metrics: Mapping[str, object]) -> None:
    """Write the thresholds of an evaluation.

    Args:
        folder: Where.
        content: The thresholds.
        metrics: What its metrics.json says: of which model, on which images.
    """
    about = {key: metrics.get(key) for key in ("model", "dataset_fingerprint")}
    write_json(folder / THRESHOLDS, {**content, **about}, THRESHOLDS_VERSION)


def read_thresholds(path: Path) -> ThresholdsContent:
    """Read the thresholds of a model.

    Raises:
        InputError: The file is missing, damaged, or of a version that we do not know.
    """
    return read_json(path, (THRESHOLDS_VERSION,), ThresholdsContent)


def thresholds_of(metrics: MetricsFile, rule: str | None = None) -> ThresholdsContent:
    """Return the thresholds of an evaluation: those beside it, or chosen from its records when the rule is another.

    Args:
        metrics: The evaluation.
        rule: The rule; None takes what was chosen, and `f1` where nothing was.

    Raises:
        InputError: There are no records, or nothing to choose.
    """
    path = metrics.path.parent / THRESHOLDS
    kept = read_thresholds(path) if path.is_file() else None
    if kept is not None and rule in (None, kept.get("rule")):
        return kept
    try:
        records = read_records(metrics, "model")
    except PredictionsError as error:
        raise InputError(Problem(SETTING, str(error), remedy="evaluate it again, or give conf=…")) from None
    found = thresholds_from(records, rule or F1, metrics.group, metrics.alike)
    if found is None:
        raise InputError(Problem(SETTING, why_no_threshold(records)))
    about = metrics.content
    return {**found, "model": about.get("model"), "dataset_fingerprint": about.get("dataset_fingerprint")}


def threshold_text(content: ThresholdsContent) -> str:
    """Return the threshold of all classes in a sentence."""
    overall, rule = content["overall"], content["rule"]
    if overall["threshold"] is None:
        return f"threshold {number(overall['applied'], 3)}: {overall['reason']}"
    found = overall["threshold"]
    text = f"threshold {number(found['value'], 3)} (95 % {_interval(found)}) by {rule} on {content['split']}"
    values = [
        f"{name} {number(value['value'], 3)} ({_interval(value)})"
        for name, value in (("precision", overall["precision"]), ("recall", overall["recall"]))
        if value is not None
    ]
    return f"{text}: {', '.join(values)}"


def threshold_reasons(content: ThresholdsContent) -> list[str]:
    """Return, of the classes without a threshold of their own, why: a line for each reason."""
    lines: dict[str, list[str]] = {}
    for name, found in content["per_class"].items():
        if found["reason"]:
            lines.setdefault(found["reason"], []).append(name)
    return [f"{first_of(names, 6)}: {reason}" for reason, names in lines.items()] + list(content["notes"])


def _interval(found: EstimateContent) -> str:
    return interval(found["low"], found["high"], lambda value: number(value, 3))


def _ranked(records: Records) -> Sequence[RankedClass]:
    """Return what has a confidence, as classes of detections."""
    if isinstance(records, ClassifyRecords):
        return ranked_answers(records)
    measure = metrics_of(records, TASKS[records.task].primary_metric) if isinstance(records, DetectionRecords) else None
    return measure.ranked[measure.kind] if isinstance(measure, DetectionMetrics) else ()


def _kind(records: Records) -> str:
    """Return what is judged right or wrong: what the primary metric matches."""
    return _ANSWERS if isinstance(records, ClassifyRecords) else primary_kind(TASKS[records.task].primary_metric)


def _best(ranked: Sequence[RankedClass], images: int) -> float:
    """Return the threshold of the highest F1, for where a rule has none."""
    found = choose_thresholds(ranked, Units(tuple(map(str, range(images)))), images, ThresholdRule(), 1)
    return _WITHOUT if found is None or found.overall.threshold is None else found.overall.threshold.value


def _content(found: OperatingThreshold, rule: ThresholdRule, instead: float, what: str) -> ThresholdContent:
    """Return a threshold for the file.

    Args:
        found: What was chosen.
        rule: By which rule.
        instead: The threshold that is used where there is none.
        what: Which one that is, in words.
    """
    reason = ""
    if found.index is not None and found.few:
        # Not claimed, whatever it is: in so few images it is a matter of chance.
        reason = f"too few images hold it ({found.images}); {what} is taken"
    elif found.threshold is None:
        nothing = rule.at_least is None or not found.closest
        highest = (
            "nothing is found that is right" if nothing else f"the {rule.metric} is {number(found.closest, 3)} at most"
        )
        reason = f"{highest}; {what} is taken, {number(instead, 3)}"
    own = found.threshold if not reason else None
    return {
        "threshold": _estimate(own),
        "precision": _estimate(found.precision if own else None),
        "recall": _estimate(found.recall if own else None),
        "f1": _estimate(found.f1 if own else None),
        "images": found.images,
        "labels": found.labels,
        "applied": own.value if own else instead,
        "reason": reason,
    }


def _estimate(found: Estimate | None) -> EstimateContent | None:
    return None if found is None else {"value": found.value, "low": found.low, "high": found.high}
