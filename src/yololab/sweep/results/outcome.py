"""What became of a trial: read from its own record, once its process is gone."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from yololab.errors import InputError
from yololab.files import reading
from yololab.files.json_files import read_json
from yololab.files.metrics import METRICS_VERSION, MetricsContent, number_in
from yololab.files.paths import RunFolder
from yololab.files.record import Record
from yololab.files.record_content import RecordContent, Status
from yololab.sweep.state import Objective, TrialEntry, TrialStatus, failure, trial_status

LAST_LINES = 5


@dataclass(frozen=True)
class Outcome:
    """The end of an attempt.

    Attributes:
        entry: The trial, complete, pruned, paused or failed; in a sweep that was asked to stop also one that can be
            resumed.
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
    record: RecordContent | None = None
    unread = ""
    try:
        record = Record(folder).read()
    except InputError as caught:
        unread = str(caught)
    status = trial_status(entry, record, gone=True)
    if status.startable and asked:
        return Outcome(entry.ended(status))
    if status is TrialStatus.PAUSED:
        return Outcome(replace(entry.ended(status), pauses=entry.pauses + 1))
    if record is None:
        why = reason or last_lines(folder.output) or unread
        message = f"the process ended before it wrote its record: {why}"
        return Outcome(entry.ended(TrialStatus.FAILED, error=failure(message, "NoRecord")), retriable=True)
    if status is TrialStatus.INTERRUPTED:
        killed = record["status"] == Status.RUNNING
        ended = "the process is gone without a final status" if killed else "interrupted"
        error = failure(f"{ended}: {reason}" if reason else ended, "Killed")
        Record(folder).finish(Status.FAILED, error)
        return Outcome(entry.ended(TrialStatus.FAILED, error=error), retriable=True)
    if status is TrialStatus.FAILED:
        error = dict(record.get("error") or failure(f"the trial is {record['status']}", "Failed"))
        if reason is not None:
            error = error | {"message": f"{reason}; {error.get('message')}"}
        retriable = reason is not None and error.get("exit_code") != InputError.exit_code
        return Outcome(entry.ended(TrialStatus.FAILED, error=error), retriable)
    try:
        content = read_json(folder.metrics, (METRICS_VERSION,), MetricsContent)
    except InputError:
        content = {}
    measured = {item.metric: number_in(content, item.metric) for item in objectives}
    values = tuple(value for value in measured.values() if value is not None)
    missing = ", ".join(name for name, value in measured.items() if value is None)
    if missing and status is TrialStatus.COMPLETE:
        return Outcome(entry.ended(TrialStatus.FAILED, error=failure(f"{missing} is not a number", "NotANumber")))
    return Outcome(entry.ended(status, None if missing else values))


def last_lines(path: Path) -> str:
    """Return the end of a process's output, on one line."""
    try:
        lines = reading.last_lines(path)
    except InputError:
        return ""
    return " | ".join(line.strip() for line in lines[-LAST_LINES:] if line.strip())
