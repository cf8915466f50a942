"""Who a process is, so that another one can tell later whether it still lives: a number alone is given out again."""

from __future__ import annotations

import os
import socket
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class ProcessIdentity:
    """A process on a machine.

    Attributes:
        host: The machine's name.
        pid: The process's number there.
        started: When it started: `<id of the boot>:<hundredths of a second since it>` on Linux, the time on other
            systems; empty where the system does not tell.
    """

    host: str
    pid: int
    started: str

    @classmethod
    def current(cls) -> ProcessIdentity:
        """Return this process."""
        return _current()

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
        import psutil  # here as below: it takes a while, and few commands ask for processes

        return bool(psutil.pid_exists(self.pid))

    def same_boot(self) -> bool:
        """Return whether it was started on this machine since it was booted, whatever name the machine goes by."""
        return bool(self.started) and self.started.partition(":")[0] == _boot()

    def to_json(self) -> dict[str, Any]:
        """Return the identity as it stands in a file."""
        return asdict(self)

    @classmethod
    def from_json(cls, content: dict[str, Any]) -> ProcessIdentity:
        """Return an identity that was written to a file."""
        return cls(str(content["host"]), int(content["pid"]), str(content.get("started") or ""))


@cache
def _current() -> ProcessIdentity:
    """Return this process; asked for with each file that says whose a trial is."""
    return ProcessIdentity.of(os.getpid())


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_current.cache_clear)


def _started(pid: int) -> str:
    """Return when a process of this machine started; empty when it is gone, a zombie, or the system does not tell."""
    import psutil

    try:
        # Before the process is asked: psutil reckons its start from the time of the boot, which changes when the clock
        # is set. The time between the two does not.
        booted = psutil.boot_time()
        process = psutil.Process(pid)
        if process.status() in (psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD):
            return ""
        seconds = process.create_time()
    except (psutil.Error, ValueError, OverflowError):  # no number that a process can have
        return ""
    boot = _boot()
    # Linux counts in hundredths, whatever its kernel's own clock (proc(5), CLK_TCK); others give the time itself.
    return f"{boot}:{round(100 * (seconds - booted))}" if boot else f"{seconds:.2f}"


def _boot() -> str:
    """Return the id of this machine's boot; empty where the system has none."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="utf-8").strip()
    except OSError:
        return ""


def memory_in_use() -> int:
    """Return the bytes of memory that this process holds."""
    import psutil

    return int(psutil.Process().memory_info().rss)
