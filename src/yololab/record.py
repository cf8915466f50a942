"""The record of a run, experiment_log.json: there from the first second, updated at each stage, never untrue.

Several processes may write to it (the job, and `yololab note` beside it): every update reads the file, changes its own
keys and replaces the file, under a lock.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from filelock import FileLock

from yololab.jsonfiles import read_json, write_json
from yololab.runfolder import RunFolder

RECORD_VERSION = 1
LOCK_TIMEOUT_SECONDS = 30


class Status(StrEnum):
    """What became of a run."""

    RUNNING = "running"
    COMPLETE = "complete"
    REJECTED = "rejected"
    FAILED = "failed"
    INTERRUPTED = "interrupted"
    PRUNED = "pruned"


def now() -> str:
    """Return the present moment in ISO 8601 with its offset, to the second."""
    return datetime.now().astimezone().isoformat(timespec="seconds")


@dataclass(frozen=True)
class Record:
    """The record of one run.

    Attributes:
        folder: The run's folder.
    """

    folder: RunFolder

    @property
    def path(self) -> Path:
        """The file."""
        return self.folder.record

    def begin(self, content: Mapping[str, Any], notes: str = "") -> None:
        """Write the first version: status running, results not known yet.

        Args:
            content: What is known at the start: config, provenance, name, …
            notes: The user's words given with the command.
        """
        first = {
            "timestamp": now(),
            "status": Status.RUNNING,
            "error": None,
            "results": {"best_mAP50": None, "best_mAP50-95": None, "final_epoch": None},
            "model_path": None,
            "notes": [_note(notes)] if notes else [],
            "approvals": [],
            "timings": {},
        }
        with self._lock():
            write_json(self.path, first | dict(content), RECORD_VERSION)

    def read(self) -> dict[str, Any]:
        """Return the record as it stands.

        Raises:
            InputError: There is none, or its version is unknown.
        """
        return read_json(self.path, (RECORD_VERSION,))

    def update(self, **sections: Any) -> None:
        """Replace the named sections, and leave all others as they are in the file."""
        self._change(lambda content: content.update(sections))

    def add_timing(self, stage: str, seconds: float) -> None:
        """Record how long a stage took."""
        self._change(lambda content: content.setdefault("timings", {}).update({stage: round(seconds, 3)}))

    def add_approval(self, approval: Mapping[str, Any]) -> None:
        """Append the answer of a gate."""
        self._change(lambda content: content.setdefault("approvals", []).append(dict(approval)))

    def add_note(self, text: str) -> None:
        """Append a note; earlier ones stay."""
        self._change(lambda content: content.update(notes=[*_as_list(content.get("notes")), _note(text)]))

    def finish(self, status: Status, error: Mapping[str, Any] | None = None) -> None:
        """Record the end of the run."""
        self.update(status=status, error=error, finished=now())

    def _change(self, change: Callable[[dict[str, Any]], object]) -> None:
        with self._lock():
            content = self.read()
            change(content)
            write_json(self.path, content, RECORD_VERSION)

    def _lock(self) -> FileLock:
        return FileLock(self.path.with_name(f".{self.path.name}.lock"), timeout=LOCK_TIMEOUT_SECONDS)


def _note(text: str) -> dict[str, str]:
    """Return one note with its time."""
    return {"time": now(), "text": text}


def _as_list(notes: Any) -> list[Any]:
    """Return notes as a list, also when somebody wrote them as plain text."""
    if isinstance(notes, list):
        return notes
    return [{"time": "", "text": str(notes)}] if notes else []
