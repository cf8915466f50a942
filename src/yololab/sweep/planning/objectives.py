"""What a sweep is after: names of metrics.json, checked before the first trial."""

from collections.abc import Mapping, Sequence

from yololab.comparison.custom_metrics import CUSTOM, direction_of
from yololab.config.nearest import nearest
from yololab.config.search import Pruner, SearchConfig
from yololab.errors import InputError, Problem
from yololab.extensions import Point, extensions
from yololab.sweep.state import Objective
from yololab.tasks import TASKS
from yololab.text import one_of

SPEEDS = ("preprocess", "inference", "loss", "postprocess")


def plan_objectives(search: SearchConfig, task: str, names: Mapping[int, str]) -> tuple[Objective, ...]:
    """Return the objectives of a search.

    Args:
        search: The search.
        task: The task of its trials.
        names: The dataset's classes.

    Raises:
        InputError: A name that no metrics.json has, or a direction that is not known.
    """
    row = TASKS[task]
    metrics = search.objective or [row.primary_metric]
    directions: Sequence[str | None] = search.direction or [None] * len(metrics)
    known = [metric.name for metric in row.metrics]
    known += ["fitness", *(f"speed_ms.{step}" for step in SPEEDS)]
    known += [f"per_class.{name}.{key}" for name in names.values() for key in row.per_class]
    known += [f"{CUSTOM}.{name}" for name in extensions(Point.METRICS)]
    problems, found = [], []
    for metric, given in zip(metrics, directions, strict=True):
        if metric not in known:
            close = nearest(metric, known)
            remedy = f"did you mean {' or '.join(close)}?" if close else ""
            allowed = f"{', '.join(known[: len(row.metrics) + 5])}, or per_class.<class>.<{'|'.join(row.per_class)}>"
            problems.append(Problem("search.objective", f"{metric!r} is no number of metrics.json", allowed, remedy))
            continue
        direction = given or default_direction(task, metric)
        if direction is None:
            problems.append(Problem("search.direction", f"{metric}: not known", "maximize, minimize"))
        else:
            found.append(Objective(metric, direction))
    by_epoch = [metric.name for metric in row.metrics]
    if search.pruner not in (Pruner.NONE, Pruner.WILCOXON) and metrics[0] not in by_epoch:
        remedy = "search.pruner=none, or another objective"
        found_text = f"{search.pruner} prunes by {metrics[0]}, which is not measured in each epoch"
        problems.append(Problem("search.pruner", found_text, f"with {one_of(by_epoch)}", remedy))
    if problems:
        raise InputError(problems)
    return tuple(found)


def default_direction(task: str, metric: str) -> str | None:
    """Return which way a metric improves, where that is known: `maximize` or `minimize`."""
    kind, _, name = metric.partition(".")
    better = {known.name: str(known.direction) for known in TASKS[task].metrics} | {"fitness": "higher"}
    if kind == "speed_ms" or (kind == CUSTOM and direction_of(name) == "lower") or better.get(metric) == "lower":
        return "minimize"
    counted = kind == "per_class" and name.rpartition(".")[2] in TASKS[task].per_class
    return "maximize" if metric in better or counted or kind == CUSTOM else None
