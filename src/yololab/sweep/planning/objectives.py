"""What a sweep is after: names of metrics.json, checked before the first trial."""

from collections.abc import Mapping, Sequence

from yololab.comparison.selection.metric_names import default_direction, metric_names, name_problem
from yololab.config.search import Pruner, SearchConfig
from yololab.errors import InputError, Problem
from yololab.sweep.state import Objective
from yololab.tasks import TASKS
from yololab.text import one_of


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
    known = metric_names(row, names.values())
    problems, found = [], []
    for metric, given in zip(metrics, directions, strict=True):
        if metric not in known:
            problems.append(name_problem("search.objective", metric, "no number of metrics.json", row, known))
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
