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
from yololab.sweep.state import Objective, TrialState

LAST_LINES = 5
EXIT_INPUT = 2


@dataclass(frozen=True)
class Outcome:
    """The end of a trial.

    Attributes:
        state: Complete, pruned or failed; WAITING for one that was interrupted and can go on.
        objectives: Its values, in the order of the objectives; None when it has none.
        error: Why it failed: `message`, `kind`, and `exit_code`.
        retriable: Whether starting it again may end better: it was killed, or ended by its limits.
    """

    state: TrialState
    objectives: tuple[float, ...] | None = None
    error: dict[str, Any] | None = None
    retriable: bool = False


def read_outcome(folder: RunFolder, objectives: Sequence[Objective], reason: str | None, *, asked: bool) -> Outcome:
    """Return how a trial whose process is gone has ended; one without a final status has failed, and is marked so.

    Args:
        folder: The trial's folder.
        objectives: What the sweep is after.
        reason: Why the process ended, as far as the engine knows.
        asked: Whether the whole sweep was asked to stop: what is not finished then can go on later.
    """
    try:
        content = Record(folder).read()
    except InputError as unread:
        if asked:
            return Outcome(TrialState.WAITING)
        told = last_lines(folder.path / OUTPUT)
        message = f"the process ended before it wrote its record: {reason or told or unread}"
        return Outcome(TrialState.FAILED, error=_error(message, "NoRecord"), retriable=True)
    status = content["status"]
    if status == Status.COMPLETE:
        return _complete(folder, objectives)
    if status == Status.PRUNED:
        return Outcome(TrialState.PRUNED, _values(folder, objectives))
    if status in (Status.RUNNING, Status.INTERRUPTED):
        if asked:
            return Outcome(TrialState.WAITING)
        ended = "the process is gone without a final status" if status == Status.RUNNING else "interrupted"
        error = _error(f"{ended}: {reason}" if reason else ended, "Killed")
        Record(folder).finish(Status.FAILED, error)
        return Outcome(TrialState.FAILED, error=error, retriable=True)
    failure: dict[str, Any] = content.get("error") or _error(f"the trial is {status}", "Failed")
    if reason is not None:
        failure = failure | {"message": f"{reason}; {failure.get('message')}"}
    retriable = reason is not None and failure.get("exit_code") != EXIT_INPUT
    return Outcome(TrialState.FAILED, error=failure, retriable=retriable)


def _complete(folder: RunFolder, objectives: Sequence[Objective]) -> Outcome:
    """Return the outcome of a complete run; one whose objective is no number has failed all the same."""
    values = _values(folder, objectives)
    if values is not None:
        return Outcome(TrialState.COMPLETE, values)
    missing = [item.metric for item in objectives if objective_value(folder, item.metric) is None]
    return Outcome(TrialState.FAILED, error=_error(f"{', '.join(missing)} is not a number", "NotANumber"))


def _values(folder: RunFolder, objectives: Sequence[Objective]) -> tuple[float, ...] | None:
    """Return the value of every objective; None when one is missing."""
    values = [objective_value(folder, item.metric) for item in objectives]
    known = tuple(value for value in values if value is not None)
    return known if len(known) == len(values) else None


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
        return {"status": Status.FAILED, "error": _error(str(error), "NoRecord")}


def last_lines(path: Path) -> str:
    """Return the end of a process's output, on one line."""
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ""
    return " | ".join(line.strip() for line in lines[-LAST_LINES:] if line.strip())


def _error(message: str, kind: str) -> dict[str, Any]:
    return {"message": message, "kind": kind, "exit_code": 1}
