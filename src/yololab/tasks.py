"""The tasks of Ultralytics in one table: what is measured, and which way is up.

Nothing else in the package asks "which task is this?": it takes the row of the table and reads its columns.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from yololab.errors import InputError, Problem


class Direction(StrEnum):
    """Which way a metric improves."""

    HIGHER = "higher"
    LOWER = "lower"


@dataclass(frozen=True)
class Metric:
    """One metric of a task.

    Attributes:
        name: Our name in metrics.json, e.g. `mAP50-95`.
        source: The key of Ultralytics' `results_dict`, e.g. `metrics/mAP50-95(B)`.
        direction: Which way it improves.
    """

    name: str
    source: str
    direction: Direction = Direction.HIGHER


@dataclass(frozen=True)
class Task:
    """One task of Ultralytics.

    Attributes:
        name: Ultralytics' name.
        metrics: Its metrics, the ones compared first at the front.
        primary_metric: The metric that decides a comparison.
        shown: The metrics that are shown of an epoch and in the list of runs.
        per_class: Our per-class key → where its values are: an attribute of Ultralytics' metric object (a dot for an
            attribute of an attribute), or of what the validator keeps. Empty where the task has no classes.
        fitness: What Ultralytics' fitness is for the task; it chooses best.pt, and changed between its versions.
        class_metric: The key of `per_class` that goes with the primary metric; empty where the task has no classes.
        counted: What the labels of a class are counted in.
        confidence: Least confidence of a detection that an evaluation counts, Ultralytics' default for the task.
        imgsz: Image size where the user names none, Ultralytics' default for the task, px.
    """

    name: str
    metrics: tuple[Metric, ...]
    primary_metric: str
    shown: tuple[str, ...]
    per_class: Mapping[str, str] = field(default_factory=dict)
    fitness: str = "mAP50-95"
    class_metric: str = "AP50-95"
    counted: str = "objects"
    confidence: float = 0.001
    imgsz: int = 640

    @property
    def primary(self) -> Metric:
        """The row of the primary metric."""
        return next(metric for metric in self.metrics if metric.name == self.primary_metric)


def _matched(letter: str, suffix: str) -> tuple[Metric, ...]:
    """Return the metrics of one kind of matching: Ultralytics' letter, and what stands behind our names."""
    names = ("mAP50", "mAP50-95", "precision", "recall")
    return tuple(Metric(f"{name}{suffix}", f"metrics/{name}({letter})") for name in names)


def _matched_classes(attribute: str, suffix: str) -> dict[str, str]:
    """Return the class values of one kind of matching."""
    values = {"AP50": "ap50", "AP50-95": "ap", "precision": "p", "recall": "r"}
    return {f"{key}{suffix}": f"{attribute}.{value}" for key, value in values.items()}


def _lower(name: str) -> Metric:
    """Return a metric that is an error."""
    return Metric(name, f"metrics/{name}", Direction.LOWER)


_BOX, _BOX_CLASSES = _matched("B", ""), _matched_classes("box", "")

TASKS: dict[str, Task] = {
    task.name: task
    for task in (
        Task(
            name="detect", metrics=_BOX, primary_metric="mAP50-95", shown=("mAP50", "mAP50-95"), per_class=_BOX_CLASSES
        ),
        Task(
            name="segment",
            metrics=(*_matched("M", "(M)"), *_BOX),
            primary_metric="mAP50-95(M)",
            shown=("mAP50-95(M)", "mAP50-95"),
            per_class=_matched_classes("seg", "(M)") | _BOX_CLASSES,
            fitness="mAP50-95 + mAP50-95(M)",
            class_metric="AP50-95(M)",
        ),
        Task(
            name="pose",
            metrics=(*_matched("P", "(P)"), *_BOX),
            primary_metric="mAP50-95(P)",
            shown=("mAP50-95(P)", "mAP50-95"),
            per_class=_matched_classes("pose", "(P)") | _BOX_CLASSES,
            fitness="mAP50-95 + mAP50-95(P)",
            class_metric="AP50-95(P)",
        ),
        Task(
            name="obb",
            metrics=_BOX,
            primary_metric="mAP50-95",
            shown=("mAP50", "mAP50-95"),
            per_class=_BOX_CLASSES,
            confidence=0.01,
        ),
        Task(
            name="classify",
            metrics=(Metric("top1", "metrics/accuracy_top1"), Metric("top5", "metrics/accuracy_top5")),
            primary_metric="top1",
            shown=("top1", "top5"),
            per_class={"top1": "top1", "top5": "top5"},
            fitness="(top1 + top5) / 2",
            class_metric="top1",
            counted="images",
            imgsz=224,
        ),
        Task(
            name="semantic",
            metrics=(Metric("mIoU", "metrics/mIoU"), Metric("pixel_acc", "metrics/pixel_acc")),
            primary_metric="mIoU",
            shown=("mIoU", "pixel_acc"),
            per_class={"IoU": "per_class_iou", "pixel_acc": "per_class_pixel_accuracy"},
            fitness="mIoU",
            class_metric="IoU",
            counted="pixels",
        ),
        Task(
            name="depth",
            metrics=(
                *(Metric(f"delta{number}", f"metrics/delta{number}") for number in (1, 2, 3)),
                *(_lower(name) for name in ("abs_rel", "rmse", "silog")),
            ),
            primary_metric="delta1",
            shown=("delta1", "abs_rel"),
            fitness="delta1",
            class_metric="",
        ),
    )
}


def task_named(name: str) -> Task:
    """Return the row of the task called `name`.

    Raises:
        InputError: Ultralytics has no such task.
    """
    if name not in TASKS:
        raise InputError(Problem("task", f"{name!r}", f"one of {sorted(TASKS)}", "choose a model of a supported task"))
    return TASKS[name]
