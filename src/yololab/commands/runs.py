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

COLUMNS = ("run", "status", "mAP50-95", "mAP50", "epochs", "dataset", "verdict", "started")


def run(request: Request) -> int:
    """Print the table of runs.

    Returns:
        0.
    """
    request.expect_operands("runs", 0, 0)
    tree = tree_of(request.compose(), request.working_directory)
    rows = sorted(list_runs(tree), key=lambda row: (row["mAP50-95"] is None, -(row["mAP50-95"] or 0), row["run"]))
    if request.as_json:
        request.print_json(rows)
        return 0
    screen = request.screen()
    if not rows:
        screen.show(f"There are no runs in {tree.root} yet.")
        return 0
    cells = [
        tuple(number(row[column]) if "mAP" in column else str(row[column] or "—") for column in COLUMNS) for row in rows
    ]
    screen.table(COLUMNS, cells)
    return 0


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
    empty: dict[str, Any] = dict.fromkeys(COLUMNS)
    try:
        content = Record(RunFolder(folder)).read()
    except InputError as error:
        return empty | {"run": name, "path": str(folder), "status": f"unreadable: {error.problems[0].found}"}
    results = content.get("results") or {}
    return empty | {
        "run": name,
        "path": str(folder),
        "status": _status(content),
        "mAP50": results.get("best_mAP50"),
        "mAP50-95": results.get("best_mAP50-95"),
        "epochs": results.get("final_epoch"),
        "dataset": (content.get("dataset") or {}).get("name"),
        "verdict": (content.get("comparison") or {}).get("verdict"),
        "started": content.get("timestamp"),
    }


def _status(content: dict[str, Any]) -> str:
    """Return the recorded status; a run that says `running` while its process is gone was killed."""
    status = str(content["status"])
    process = (content.get("provenance") or {}).get("process") or {}
    if content.get("dry_run"):
        return f"{status} (dry run)"
    if status == Status.RUNNING and process_is_alive(process) is False:
        return "killed"
    return status
