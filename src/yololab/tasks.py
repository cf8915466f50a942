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


_MATCHED = {"AP50": "ap50", "AP50-95": "ap", "precision": "p", "recall": "r"}


def _matching(name: str, *also: tuple[str, str], confidence: float = 0.001) -> Task:
    """Return a task of boxes, and of what else is matched: Ultralytics' letter for it, and the attribute of its values.

    What else is matched comes first, and decides.
    """
    kinds = [*((letter, f"({letter})", attribute) for letter, attribute in also), ("B", "", "box")]
    scores = ("mAP50", "mAP50-95", "precision", "recall")
    suffix = kinds[0][1]
    return Task(
        name=name,
        metrics=tuple(
            Metric(f"{score}{end}", f"metrics/{score}({letter})") for letter, end, _ in kinds for score in scores
        ),
        primary_metric=f"mAP50-95{suffix}",
        shown=(f"mAP50-95{suffix}", "mAP50-95") if also else ("mAP50", "mAP50-95"),
        per_class={f"{key}{end}": f"{place}.{value}" for _, end, place in kinds for key, value in _MATCHED.items()},
        fitness=" + ".join(f"mAP50-95{end}" for _, end, _ in reversed(kinds)),
        class_metric=f"AP50-95{suffix}",
        confidence=confidence,
    )


TASKS: dict[str, Task] = {
    task.name: task
    for task in (
        _matching("detect"),
        _matching("segment", ("M", "seg")),
        _matching("pose", ("P", "pose")),
        _matching("obb", confidence=0.01),
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
                *(Metric(name, f"metrics/{name}", Direction.LOWER) for name in ("abs_rel", "rmse", "silog")),
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
