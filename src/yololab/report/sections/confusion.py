"""The confusion matrix: what was taken for what."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from yololab.report.charts.heatmap import heatmap
from yololab.report.run_files import RunFiles, mapping
from yololab.tasks import TASKS
from yololab.text import as_number

MOST_CLASSES_DRAWN = 30
MOST_CONFUSIONS = 12
BACKGROUND = "background"
OBJECTS = "objects"


class Confusion(NamedTuple):
    """One way of being wrong.

    Attributes:
        true: The true class, or `background`.
        predicted: The predicted class, or `background`.
        times: How often.
        of_true: Share of all objects of the true class (of all false alarms, for the background).
    """

    true: str
    predicted: str
    times: float
    of_true: float


def confusion(run: RunFiles) -> dict[str, Any] | None:
    """Prepare the matrix and its largest mistakes; None when there is none, or when it is not square."""
    found = mapping(run.metrics.get("confusion"))
    labels, matrix = read_matrix(found.get("labels"), found.get("matrix"))
    if not labels:
        return None
    worst = top_confusions(labels, matrix)
    task = TASKS.get(str(run.metrics.get("task") or "detect"))
    counted = task.counted if task else OBJECTS
    # Of objects the background is what is not there; of pixels it is a class like any other.
    background = counted == OBJECTS and BACKGROUND in labels
    few = len(labels) - background <= MOST_CLASSES_DRAWN
    return {
        "drawing": heatmap(labels, matrix) if few else None,
        "worst": worst[:MOST_CONFUSIONS],
        "more": max(len(worst) - MOST_CONFUSIONS, 0),
        "classes": len(labels) - background,
        "counted": counted,
        "false_alarms": background,
    }


def read_matrix(labels: Any, matrix: Any) -> tuple[list[str], list[list[float]]]:
    """Return names and counts; two empty lists unless there is one row and one column a name, all of them numbers."""
    nothing: tuple[list[str], list[list[float]]] = ([], [])
    if not isinstance(labels, list) or not isinstance(matrix, list) or len(matrix) != len(labels):
        return nothing
    rows = [[as_number(value) for value in row] if isinstance(row, list) else [] for row in matrix]
    numbers = [[value for value in row if value is not None] for row in rows]
    if any(len(row) != len(labels) for row in numbers):
        return nothing
    return [str(label) for label in labels], numbers


def top_confusions(labels: Sequence[str], matrix: Sequence[Sequence[float]]) -> list[Confusion]:
    """Return everything off the diagonal that occurred, the most frequent first.

    Args:
        labels: Names of the classes.
        matrix: Counts; rows are what was predicted, columns what is true.
    """
    totals = [sum(row[column] for row in matrix) for column in range(len(labels))]
    found = [
        Confusion(labels[column], labels[row], value, value / totals[column])
        for row, counts in enumerate(matrix)
        for column, value in enumerate(counts)
        if row != column and value > 0
    ]
    return sorted(found, key=lambda item: (-item.times, -item.of_true))
