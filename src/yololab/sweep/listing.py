"""The runs, trials and sweeps of a project, a row each."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from yololab.errors import InputError
from yololab.files.json_files import read_json
from yololab.files.metrics import number_in
from yololab.files.paths import OutputTree, RunFolder
from yololab.files.record import Record
from yololab.files.record_content import Status
from yololab.sweep.results.summary_files import SUMMARY_VERSION, SummaryContent
from yololab.sweep.state import SweepFolder, TrialStatus, trial_status
from yololab.tasks import TASKS, Direction

COLUMNS = ("run", "status", "task", "epochs", "dataset", "verdict", "started")
SWEEP_COLUMNS = ("sweep", "trials", "objective", "best", "value")


def list_sweeps(tree: OutputTree) -> list[dict[str, Any]]:
    """Return a row for each sweep, the newest last, from the summary that it wrote after its last trial."""
    rows = []
    for path in sorted(tree.multirun.glob("*")):
        folder = SweepFolder(path)
        row: dict[str, Any] = dict.fromkeys(SWEEP_COLUMNS) | {"sweep": folder.path.relative_to(tree.root).as_posix()}
        if not folder.is_sweep():
            if folder.is_rejected():
                rows.append(row | {"trials": "rejected"})
            continue
        try:
            content = read_json(folder.summary, (SUMMARY_VERSION,), SummaryContent)
        except InputError as error:
            reason = f"summary.json is damaged ({error.problems[0].found})" if folder.summary.exists() else "no summary"
            rows.append(row | {"trials": f"{reason}: yololab report {row['sweep']}"})
            continue
        counts = ", ".join(f"{count} {status}" for status, count in content["counts"].items())
        winner = content["winner"]
        values = {item["trial"]: item["objectives"] for item in content["trials"]}
        row |= {
            "trials": counts + ("" if content["finished"] else " (not finished)"),
            "objective": ", ".join(item["metric"] for item in content["objectives"]),
            "best": f"trial {winner['trial']}" if winner else None,
            "value": next(iter(values.get(winner["trial"], ())), None) if winner else None,
        }
        rows.append(row)
    return rows


def _place(row: dict[str, Any]) -> tuple[Any, ...]:
    """Return where a run stands: those with a primary metric by task, the best first; then the others."""
    value, task = row["value"], TASKS.get(row["task"])
    if value is None or task is None:
        return (True, row["task"] or "", 0.0, row["run"])
    return (False, row["task"], -value if task.primary.direction is Direction.HIGHER else value, row["run"])


def list_runs(tree: OutputTree) -> list[dict[str, Any]]:
    """Return a row for each run and trial, the best of each task first; an unreadable record is named in its row."""
    folders = sorted(path.parent for path in tree.records() if not path.parent.is_symlink())
    return sorted((_row(folder, tree.root) for folder in folders), key=_place)


def _row(folder: Path, root: Path) -> dict[str, Any]:
    name = folder.relative_to(root).as_posix().removeprefix("outputs/training/")
    empty: dict[str, Any] = dict.fromkeys((*COLUMNS, "metric", "value", "mAP50", "mAP50-95"))
    try:
        content = Record(RunFolder(folder)).read()
        status = _status(folder, content)
    except InputError as error:
        return empty | {"run": name, "path": str(folder), "status": f"unreadable: {error.problems[0].found}"}
    results, measured = content.get("results") or {}, content.get("evaluation") or {}
    task = TASKS.get(content.get("task") or "detect")
    metrics = {metric.name: number_in(measured, metric.name) for metric in task.metrics} if task else {}
    return (
        empty
        | {"mAP50": results.get("best_mAP50"), "mAP50-95": results.get("best_mAP50-95")}
        | metrics
        | {
            "run": name,
            "path": str(folder),
            "status": status + (", best of its sweep" if _is_winner(folder) else ""),
            "task": content.get("task"),
            "metric": task.primary_metric if task else None,
            "value": metrics.get(task.primary_metric) if task else None,
            "epochs": results.get("final_epoch"),
            "dataset": (content.get("dataset") or {}).get("name"),
            "verdict": (content.get("comparison") or {}).get("verdict"),
            "started": content.get("timestamp"),
        }
    )


def _is_winner(folder: Path) -> bool:
    """Return whether the link `best` of a sweep points at this trial."""
    link = SweepFolder(folder.parent).best
    return link.is_symlink() and link.resolve() == folder.resolve()


def _status(folder: Path, content: Mapping[str, Any]) -> str:
    """Return the status of a run or a trial; a run that says `running` while its process is gone was killed."""
    recorded = str(content["status"])
    if content.get("dry_run"):
        return f"{recorded} (dry run)"
    entry = SweepFolder(folder.parent).entry_of(folder)
    if entry is not None and entry.damaged:
        return f"{recorded} (its trial.json is damaged)"
    status = trial_status(entry, content)
    if recorded == Status.RUNNING and status is TrialStatus.INTERRUPTED:
        return "killed"
    return recorded if entry is None else status.value
