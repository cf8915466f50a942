"""`yololab runs`: every run and trial of the project, the best first."""

from typing import Any

from yololab.cli.request import Request
from yololab.sweep.listing import SWEEP_COLUMNS, list_runs, list_sweeps
from yololab.tasks import TASKS
from yololab.text import number

# Of runs of several tasks the table shows each one's own primary metric.
_SEVERAL_TASKS = ("task", "metric", "value")


def run(request: Request) -> int:
    """Print the tables of runs and sweeps; return 0."""
    rows = list_runs(request.tree)
    request.print_json(rows)
    screen = request.screen
    if rows:
        tasks = {row["task"] for row in rows} - {None}
        shown = tuple(reversed(TASKS[tasks.pop()].shown)) if len(tasks) == 1 else _SEVERAL_TASKS
        columns = ("run", "status", *shown, "epochs", "dataset", "verdict", "started")
        screen.table(columns, [tuple(_cell(row.get(column)) for column in columns) for row in rows])
    else:
        screen.show(f"There are no runs in {request.tree.root} yet.")
    sweeps = list_sweeps(request.tree)
    if sweeps:
        screen.table(SWEEP_COLUMNS, [tuple(_cell(row[column]) for column in SWEEP_COLUMNS) for row in sweeps])
    return 0


def _cell(value: Any) -> str:
    """Write a value: a metric with its digits, a dash for what is not known."""
    return number(value) if isinstance(value, float) else str(value or "—")
