"""Waiting for a trial's record: shared storage may show what a node wrote some time after its job has ended."""

import time
from dataclasses import dataclass, field
from pathlib import Path

from yololab.errors import InputError
from yololab.files.paths import RunFolder
from yololab.files.record import Record
from yololab.files.record_content import Status


@dataclass
class LateRecords:
    """Jobs that have ended, and since when.

    Attributes:
        seconds: How long a trial without a final status is waited for. One that was killed never gets one.
    """

    seconds: float
    _since: dict[str, float] = field(default_factory=dict)

    def has_arrived(self, handle: str, folder: Path | None) -> bool:
        """Return whether what stands in the folder of an ended job can be relied on.

        Args:
            handle: The job.
            folder: Its trial's folder; None when that is not known.
        """
        since = self._since.setdefault(handle, time.monotonic())
        return folder is None or has_final_status(folder) or time.monotonic() - since >= self.seconds


def has_final_status(folder: Path) -> bool:
    """Return whether a trial has said how it ended."""
    try:
        return bool(Record(RunFolder(folder)).read()["status"] != Status.RUNNING)
    except (InputError, KeyError):
        return False
