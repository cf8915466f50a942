"""What a search, or the choice of a checkpoint, can go by: names of metrics.json, and which way they improve."""

from collections.abc import Iterable, Sequence

from yololab.comparison.custom_metrics import CUSTOM, direction_of
from yololab.config.nearest import nearest
from yololab.errors import Problem
from yololab.extensions import Point, extensions
from yololab.tasks import TASKS, Task

FITNESS = "fitness"
SPEEDS = ("preprocess", "inference", "loss", "postprocess")


def epoch_metrics(row: Task, classes: Iterable[str]) -> list[str]:
    """Return the names of what each epoch of a training is validated with."""
    names = [*(metric.name for metric in row.metrics), FITNESS]
    return names + [f"per_class.{name}.{key}" for name in classes for key in row.per_class]


def metric_names(row: Task, classes: Iterable[str]) -> list[str]:
    """Return the name of every number of a metrics.json."""
    names = epoch_metrics(row, classes) + [f"speed_ms.{step}" for step in SPEEDS]
    return names + [f"{CUSTOM}.{name}" for name in extensions(Point.METRICS)]


def name_problem(where: str, metric: str, found: str, row: Task, known: Sequence[str]) -> Problem:
    """Return the problem of a name that is not known.

    Args:
        where: The setting.
        metric: The name.
        found: What it is instead.
        row: The task.
        known: All names.
    """
    close = nearest(metric, known)
    remedy = f"did you mean {' or '.join(close)}?" if close else ""
    short = ", ".join(name for name in known if not name.startswith("per_class."))
    per_class = f", or per_class.<class>.<{'|'.join(row.per_class)}>" if row.per_class else ""
    return Problem(where, f"{metric!r} is {found}", f"{short}{per_class}", remedy)


def selection_problems(metric: str | None, row: Task, classes: Iterable[str]) -> list[Problem]:
    """Return the problem of a `checkpoint.metric` that no epoch is validated with."""
    known = epoch_metrics(row, classes)
    if metric is None or metric in known:
        return []
    return [name_problem("checkpoint.metric", metric, "nothing that each epoch is validated with", row, known)]


def default_direction(task: str, metric: str) -> str | None:
    """Return which way a metric improves, where that is known: `maximize` or `minimize`.

    >>> default_direction("depth", "rmse")
    'minimize'
    """
    kind, _, name = metric.partition(".")
    better = {known.name: str(known.direction) for known in TASKS[task].metrics} | {FITNESS: "higher"}
    if kind == "speed_ms" or (kind == CUSTOM and direction_of(name) == "lower") or better.get(metric) == "lower":
        return "minimize"
    counted = kind == "per_class" and name.rpartition(".")[2] in TASKS[task].per_class
    return "maximize" if metric in better or counted or kind == CUSTOM else None
