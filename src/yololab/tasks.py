"""The tasks of Ultralytics in one table: what is measured, and which way is up.

Nothing else in the package asks "which task is this?": it takes the row of the table and reads its columns.
"""

from __future__ import annotations

from dataclasses import dataclass
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
        per_class: Our per-class key → attribute of the metric object, following `ap_class_index`.
        fitness: What Ultralytics' fitness is for the task; it chooses best.pt, and changed between its versions.
        class_metric: The key of `per_class` that goes with the primary metric.
        primary_kind: What the primary metric matches: `box`, `mask` or `pose`.
        confidence: Least confidence of a detection that an evaluation counts, Ultralytics' default for the task.
    """

    name: str
    metrics: tuple[Metric, ...]
    primary_metric: str
    per_class: dict[str, str]
    fitness: str = "mAP50-95"
    class_metric: str = "AP50-95"
    primary_kind: str = "box"
    confidence: float = 0.001

    @property
    def primary(self) -> Metric:
        """The row of the primary metric."""
        return next(metric for metric in self.metrics if metric.name == self.primary_metric)


_BOX_METRICS = (
    Metric("mAP50", "metrics/mAP50(B)"),
    Metric("mAP50-95", "metrics/mAP50-95(B)"),
    Metric("precision", "metrics/precision(B)"),
    Metric("recall", "metrics/recall(B)"),
)

TASKS: dict[str, Task] = {
    task.name: task
    for task in (
        Task(
            name="detect",
            metrics=_BOX_METRICS,
            primary_metric="mAP50-95",
            per_class={"AP50": "ap50", "AP50-95": "ap", "precision": "p", "recall": "r"},
        ),
    )
}


def task_named(name: str) -> Task:
    """Return the row of the task called `name`.

    Raises:
        InputError: yololab does not know the task (yet).
    """
    if name not in TASKS:
        raise InputError(Problem("task", f"{name!r}", f"one of {sorted(TASKS)}", "choose a model of a supported task"))
    return TASKS[name]
