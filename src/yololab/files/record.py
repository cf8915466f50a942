"""The record of a run, experiment_log.json: there from the first second, updated at each stage, never untrue.

Several processes may write to it (the job, and `yololab note` next to it): every update reads the file, changes its own
keys and replaces the file, under a lock.
"""

import errno
import os
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, cast

from filelock import FileLock

from yololab.errors import InputError, Problem
from yololab.files.atomic import ABANDONED_SECONDS, remove_temporaries, write_bytes
from yololab.files.json_files import read_json, write_json
from yololab.files.paths import RunFolder
from yololab.files.record_content import RecordContent, Status
from yololab.host.processes import ProcessIdentity
from yololab.masking import mask_secrets

RECORD_VERSION = 1
LOCK_TIMEOUT_SECONDS = 30
RESERVED_BYTES = 256 * 1024
_FULL = (errno.ENOSPC, errno.EDQUOT)
# Sections whose keys are names of settings; in others a class of the dataset may be called "token".
_OF_SETTINGS = frozenset({"config", "requested_config", "effective_config", "provenance"})


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
            notes: The user's text given with the command.
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
            "attempts": [_attempt("start")],
        }
        with self._lock():
            self._write(first | dict(content))
        self._reserve()

    def resume(self, train_seconds: float) -> None:
        """Note that another attempt begins: status running again, everything else as the previous ones have left it.

        Args:
            train_seconds: What the training has taken so far, also in attempts that could not record it any more.
        """

        def change(content: dict[str, Any]) -> None:
            attempts = content.setdefault("attempts", [])
            if attempts and attempts[-1].get("ended") is None:
                attempts[-1]["status"] = "killed"
            reason = f"after {attempts[-1].get('status')}" if attempts else "resume"
            attempts.append(_attempt(reason))
            timings = content.setdefault("timings", {})
            if train_seconds:
                timings["train"] = max(timings.get("train", 0.0), round(train_seconds, 3))
            process = {"process": ProcessIdentity.current().to_json()}
            content["provenance"] = (content.get("provenance") or {}) | process
            content.update(status=Status.RUNNING, error=None, exit_code=None, exit_reason=None, finished=None)

        self._change(change)
        self._reserve()

    def describe_attempt(self, **facts: Any) -> None:
        """Add to the entry of the attempt that is running: `from_epoch`, `differences`."""

        def change(content: dict[str, Any]) -> None:
            for attempt in content.get("attempts", [])[-1:]:
                attempt.update(facts)

        self._change(change)

    def read(self) -> RecordContent:
        """Return the record as it stands.

        Raises:
            InputError: There is none, its version is unknown, or a section is not what it has to be.
        """
        return read_json(self.path, (RECORD_VERSION,), RecordContent)

    def update(self, **sections: Any) -> None:
        """Replace the named sections, and leave all others as they are in the file."""
        self._change(lambda content: content.update(sections))

    def add_timing(self, stage: str, seconds: float) -> None:
        """Record how long a stage took, added to what it took in earlier attempts."""

        def change(content: dict[str, Any]) -> None:
            timings = content.setdefault("timings", {})
            timings[stage] = round(timings.get(stage, 0.0) + seconds, 3)

        self._change(change)

    def add_approval(self, approval: Mapping[str, Any]) -> None:
        """Append the answer of a gate."""
        self._change(lambda content: content.setdefault("approvals", []).append(dict(approval)))

    def add_note(self, text: str) -> None:
        """Append a note; earlier ones stay."""
        self._change(lambda content: content.update(notes=[*_as_list(content.get("notes")), _note(text)]))

    def change_tags(self, added: Iterable[str], removed: Collection[str]) -> None:
        """Add tags, and take others away; each is there once, in the order in which they came."""

        def change(content: dict[str, Any]) -> None:
            tags = dict.fromkeys([*(content.get("tags") or ()), *added])
            content.update(tags=[tag for tag in tags if tag not in removed])

        self._change(change)

    def finish(self, status: Status, error: Mapping[str, Any] | None = None) -> None:
        """Record the end of the run, and of its attempt."""

        def change(content: dict[str, Any]) -> None:
            ended = now()
            content.update(status=status, error=error, finished=ended)
            for attempt in content.get("attempts", [])[-1:]:
                attempt.update(status=status, ended=ended)

        try:
            self._change(change)
        except OSError as unwritten:
            if unwritten.errno not in _FULL:
                raise
            self.folder.reserve.unlink(missing_ok=True)
            self._change(change)
        self.folder.reserve.unlink(missing_ok=True)

    def _change(self, change: Callable[[dict[str, Any]], object]) -> None:
        with self._lock():
            content = cast(dict[str, Any], self.read())
            change(content)
            remove_temporaries(self.path.parent, ABANDONED_SECONDS)  # a note needs no run's lock, and may be killed too
            self._write(content)

    def _write(self, content: Mapping[str, Any]) -> None:
        masked = {name: mask_secrets(item, by_key=name in _OF_SETTINGS) for name, item in content.items()}
        write_json(self.path, masked, RECORD_VERSION)

    def _reserve(self) -> None:
        """Keep room for the end of the record: a run that has filled the disk still says so."""
        write_bytes(self.folder.reserve, os.urandom(RESERVED_BYTES))  # zeros would be packed away

    def _lock(self) -> FileLock:
        if self.folder.record_lock.is_symlink():  # in a folder of somebody else's
            raise InputError(Problem(str(self.folder.record_lock), "a link", "a file of its own", "remove it"))
        return FileLock(self.folder.record_lock, timeout=LOCK_TIMEOUT_SECONDS)


def _attempt(reason: str) -> dict[str, Any]:
    """Return the entry of an attempt that begins now, in this process."""
    process = ProcessIdentity.current()
    return {
        "started": now(),
        "ended": None,
        "status": Status.RUNNING,
        "host": process.host,
        "pid": process.pid,
        "from_epoch": 0,
        "reason": reason,
    }


def _note(text: str) -> dict[str, str]:
    """Return one note with its time."""
    return {"time": now(), "text": text}


def _as_list(notes: Any) -> list[Any]:
    """Return notes as a list, also when somebody wrote them as plain text."""
    if isinstance(notes, list):
        return notes
    return [{"time": "", "text": str(notes)}] if notes else []
