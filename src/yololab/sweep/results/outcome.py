"""What became of a trial: read from its own record, once its process is gone."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from yololab.errors import InputError
from yololab.files.json_files import read_json
from yololab.files.metrics import METRICS_VERSION
from yololab.files.paths import RunFolder
from yololab.files.record import Record, Status
from yololab.sweep.executor import OUTPUT
from yololab.sweep.state import Objective, TrialEntry, TrialStatus, failure, trial_status

LAST_LINES = 5


@dataclass(frozen=True)
class Outcome:
    """The end of an attempt.

    Attributes:
        entry: The trial, complete, pruned or failed; in a sweep that was asked to stop also one that can be resumed.
        retriable: Whether starting it again may end better: it was killed, or ended by its limits.
    """

    entry: TrialEntry
    retriable: bool = False


def read_outcome(
    entry: TrialEntry, folder: RunFolder, objectives: Sequence[Objective], reason: str | None, *, asked: bool
) -> Outcome:
    """Return how a trial whose process is gone has ended; one without a final status has failed, and is marked so.

    Args:
        entry: The trial, as it was started.
        folder: Its folder.
        objectives: What the sweep is after.
        reason: Why the process ended, as far as the engine knows.
        asked: Whether the whole sweep was asked to stop: what is not finished then can be resumed.
    """
    record: dict[str, Any] | None = None
    unread = ""
    try:
        record = Record(folder).read()
    except InputError as caught:
        unread = str(caught)
    status = trial_status(entry, record, gone=True)
    if status.startable and asked:
        return Outcome(entry.ended(status))
    if record is None:
        why = reason or last_lines(folder.path / OUTPUT) or unread
        message = f"the process ended before it wrote its record: {why}"
        return Outcome(entry.ended(TrialStatus.FAILED, error=failure(message, "NoRecord")), retriable=True)
    if status is TrialStatus.INTERRUPTED:
        killed = record["status"] == Status.RUNNING
        ended = "the process is gone without a final status" if killed else "interrupted"
        error = failure(f"{ended}: {reason}" if reason else ended, "Killed")
        Record(folder).finish(Status.FAILED, error)
        return Outcome(entry.ended(TrialStatus.FAILED, error=error), retriable=True)
    if status is TrialStatus.FAILED:
        error = record.get("error") or failure(f"the trial is {record['status']}", "Failed")
        if reason is not None:
            error = error | {"message": f"{reason}; {error.get('message')}"}
        retriable = reason is not None and error.get("exit_code") != InputError.exit_code
        return Outcome(entry.ended(TrialStatus.FAILED, error=error), retriable)
    measured = [(item.metric, objective_value(folder, item.metric)) for item in objectives]
    values = tuple(value for _, value in measured if value is not None)
    missing = ", ".join(metric for metric, value in measured if value is None)
    if missing and status is TrialStatus.COMPLETE:
        return Outcome(entry.ended(TrialStatus.FAILED, error=failure(f"{missing} is not a number", "NotANumber")))
    return Outcome(entry.ended(status, None if missing else values))


def objective_value(folder: RunFolder, metric: str) -> float | None:
    """Return a number of a run's metrics.json; None when it is not there or no finite number."""
    try:
        content = read_json(folder.metrics, (METRICS_VERSION,))
    except InputError:
        return None
    return number_in(content, metric)


def number_in(content: Mapping[str, Any], metric: str) -> float | None:
    """Return the number under a dotted name; a name that itself has dots in it (a class's) is found too.

    >>> number_in({"per_class": {"st. bernard": {"AP50": 0.5}}}, "per_class.st. bernard.AP50")
    0.5
    """
    if metric in content:
        found = content[metric]
        is_number = isinstance(found, (int, float)) and not isinstance(found, bool) and math.isfinite(found)
        return float(found) if is_number else None
    for key, item in content.items():
        if metric.startswith(f"{key}.") and isinstance(item, Mapping):
            value = number_in(item, metric.removeprefix(f"{key}."))
            if value is not None:
                return value
    return None


def trial_content(folder: RunFolder) -> dict[str, Any]:
    """Return what a trial says of itself."""
    try:
        return Record(folder).read()
    except InputError as error:
        return {"status": Status.FAILED, "error": failure(str(error), "NoRecord")}


def last_lines(path: Path) -> str:
    """Return the end of a process's output, on one line."""
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ""
    return " | ".join(line.strip() for line in lines[-LAST_LINES:] if line.strip())
