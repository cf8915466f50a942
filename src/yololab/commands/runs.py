"""`yololab runs`: every run and trial of the project, the best first."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from yololab.commands.request import Request, tree_of
from yololab.errors import InputError
from yololab.provenance import process_is_alive
from yololab.record import Record, Status
from yololab.runfolder import OutputTree, RunFolder
from yololab.screen import number
from yololab.tasks import TASKS, Direction

COLUMNS = ("run", "status", "task", "epochs", "dataset", "verdict", "started")
# Of runs of several tasks the table shows each one's own primary metric.
_SEVERAL_TASKS = ("task", "metric", "value")


def run(request: Request) -> int:
    """Print the table of runs.

    Returns:
        0.
    """
    request.expect_operands("runs", 0, 0)
    tree = tree_of(request.compose(), request.working_directory)
    rows = sorted(list_runs(tree), key=_place)
    if request.as_json:
        request.print_json(rows)
        return 0
    screen = request.screen()
    if not rows:
        screen.show(f"There are no runs in {tree.root} yet.")
        return 0
    tasks = {row["task"] for row in rows} - {None}
    shown = tuple(reversed(TASKS[tasks.pop()].shown)) if len(tasks) == 1 else _SEVERAL_TASKS
    columns = ("run", "status", *shown, *COLUMNS[3:])
    screen.table(columns, [tuple(_cell(row.get(column)) for column in columns) for row in rows])
    return 0


def _cell(value: Any) -> str:
    """Write a value: a metric with its digits, a dash for what is not known."""
    return number(value) if isinstance(value, float) else str(value or "—")


def _place(row: dict[str, Any]) -> tuple[Any, ...]:
    """Return where a run stands: by task, the best primary metric first, those without one last."""
    value, task = row["value"], TASKS.get(row["task"])
    if value is None or task is None:
        return (row["task"] or "", True, 0.0, row["run"])
    return (row["task"], False, -value if task.primary.direction is Direction.HIGHER else value, row["run"])


def list_runs(tree: OutputTree) -> list[dict[str, Any]]:
    """Return a row for each run and trial whose record can be read; one that cannot is listed with its error."""
    rows = []
    records = [*tree.training.glob("*/experiment_log.json"), *tree.multirun.glob("*/*/experiment_log.json")]
    for path in sorted(records):
        if path.parent.is_symlink():
            continue
        rows.append(_row(path.parent, tree.root))
    return rows


def _row(folder: Path, root: Path) -> dict[str, Any]:
    name = folder.relative_to(root).as_posix().removeprefix("outputs/training/")
    empty: dict[str, Any] = dict.fromkeys((*COLUMNS, "metric", "value", "mAP50", "mAP50-95"))
    try:
        content = Record(RunFolder(folder)).read()
    except InputError as error:
        return empty | {"run": name, "path": str(folder), "status": f"unreadable: {error.problems[0].found}"}
    results, measured = content.get("results") or {}, content.get("evaluation") or {}
    task = TASKS.get(content.get("task") or "detect")
    metrics = {metric.name: measured.get(metric.name) for metric in task.metrics} if task else {}
    return (
        empty
        | {"mAP50": results.get("best_mAP50"), "mAP50-95": results.get("best_mAP50-95")}
        | metrics
        | {
            "run": name,
            "path": str(folder),
            "status": _status(content),
            "task": content.get("task"),
            "metric": task.primary_metric if task else None,
            "value": metrics.get(task.primary_metric) if task else None,
            "epochs": results.get("final_epoch"),
            "dataset": (content.get("dataset") or {}).get("name"),
            "verdict": (content.get("comparison") or {}).get("verdict"),
            "started": content.get("timestamp"),
        }
    )


def _status(content: dict[str, Any]) -> str:
    """Return the recorded status; a run that says `running` while its process is gone was killed."""
    status = str(content["status"])
    process = (content.get("provenance") or {}).get("process") or {}
    if content.get("dry_run"):
        return f"{status} (dry run)"
    if status == Status.RUNNING and process_is_alive(process) is False:
        return "killed"
    return status
