"""Who a process is, so that another one can tell later whether it still lives: a number alone is given out again."""

from __future__ import annotations

import os
import socket
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

# Field 22 of /proc/<pid>/stat, counted after the command's closing bracket (proc(5)); field 3 is the state.
_START_FIELD, _STATE_FIELD = 19, 0


@dataclass(frozen=True)
class ProcessIdentity:
    """A process on a machine.

    Attributes:
        host: The machine's name.
        pid: The process's number there.
        started: When it started, in the machine's own ticks since boot, with the boot's id; empty where the system
            does not tell.
    """

    host: str
    pid: int
    started: str

    @classmethod
    def current(cls) -> ProcessIdentity:
        """Return this process."""
        return cls.of(os.getpid())

    @classmethod
    def of(cls, pid: int) -> ProcessIdentity:
        """Return a living process of this machine."""
        return cls(socket.gethostname(), pid, _started(pid))

    def is_alive(self) -> bool | None:
        """Return whether the process still lives; None for one on another machine, which cannot be known from here."""
        if self.host != socket.gethostname():
            return None
        if self.started:
            return _started(self.pid) == self.started
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return False
        except PermissionError:
            return True
        return True

    def same_boot(self) -> bool:
        """Return whether it was started on this machine since it was booted, whatever name the machine goes by."""
        return bool(self.started) and self.started.partition(":")[0] == _boot()

    def to_json(self) -> dict[str, Any]:
        """Return the identity as it stands in a file."""
        return asdict(self)

    @classmethod
    def from_json(cls, content: dict[str, Any]) -> ProcessIdentity:
        """Return an identity that was written to a file."""
        return cls(str(content["host"]), int(content["pid"]), str(content["started"]))


def _started(pid: int) -> str:
    """Return when a process of this machine started; empty when it is gone, a zombie, or the system does not tell."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    except OSError:
        return ""
    boot = _boot()
    return "" if fields[_STATE_FIELD] in "ZX" or not boot else f"{boot}:{fields[_START_FIELD]}"


def _boot() -> str:
    """Return the id of this machine's boot; empty where the system has none."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="utf-8").strip()
    except OSError:
        return ""
