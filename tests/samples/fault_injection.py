"""Stops a process, or fills its disk, at the n-th thing that it does to the files of a project.

Python reports every opening, making, renaming and removing of a file to its audit hooks, before it happens: counting
them gives every moment of a command a number, and a command of one process gives the same moments each time. A folder
with `sitecustomize.py` on `PYTHONPATH` puts the hook into a command and into all processes that it starts.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path

KINDS = ("kill", "terminate", "disk full")
SITECUSTOMIZE = '''
import errno, os, signal, sys

ROOT, COUNT, KIND = os.environ["FAULT_ROOT"], os.environ["FAULT_COUNT"], os.environ["FAULT_KIND"]
AT, OF_PARENT = int(os.environ["FAULT_AT"]), os.environ["FAULT_OF"] == "parent"
MINE = OF_PARENT == (os.getppid() == int(os.environ["FAULT_OWNER"]))
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT
CHANGES = {"os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.link", "os.symlink", "os.truncate"}
seen, busy = 0, False

def changes(event, arguments):
    """Whether an event changes a file of the project, or needs room on its disk."""
    if event == "open":
        path, mode, flags = arguments
        if not (set(mode) & set("wax+") if isinstance(mode, str) else (flags or 0) & WRITING):
            return False
    elif event in CHANGES:
        path = arguments[0]
    else:
        return False
    if isinstance(path, int) or path is None:
        return False
    return os.path.abspath(os.fsdecode(path)).startswith(ROOT + os.sep)

def hook(event, arguments):
    global seen, busy
    if busy or not changes(event, arguments):
        return
    busy = True
    try:
        seen += 1
        if AT == 0:
            with open(COUNT, "a") as file:
                file.write(event + "\\n")
        elif seen == AT or (seen > AT and KIND == "disk full" and not event.startswith(("os.remove", "os.rmdir"))):
            first = not os.path.exists(COUNT)
            open(COUNT, "a").close()
            if KIND == "disk full":
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(arguments[0]))
            if first:
                os.kill(os.getpid(), signal.SIGKILL if KIND == "kill" else signal.SIGTERM)
    finally:
        busy = False

if MINE:
    sys.addaudithook(hook)
'''


@dataclass(frozen=True)
class Fault:
    """What happens, and when.

    Attributes:
        kind: One of `KINDS`.
        at: The number of the moment, from 1; 0 counts the moments of a command and does nothing.
        of: "parent" for the command itself, "child" for the processes that it starts.
    """

    kind: str = "kill"
    at: int = 0
    of: str = "parent"

    def environment(self, project: Path, scratch: Path) -> dict[str, str]:
        """Return the environment of a command that meets the fault; `scratch` is a folder for it alone."""
        scratch.mkdir(parents=True, exist_ok=True)
        (scratch / "sitecustomize.py").write_text(SITECUSTOMIZE)
        path = os.pathsep.join([str(scratch), *(entry for entry in sys.path if entry)])
        own = {"ROOT": project.resolve(), "COUNT": scratch / "moments", "KIND": self.kind, "AT": self.at}
        own |= {"OF": self.of, "OWNER": os.getpid()}
        return os.environ | {"PYTHONPATH": path} | {f"FAULT_{key}": str(value) for key, value in own.items()}


def moments(scratch: Path) -> int:
    """Return how many moments a command had that ran with `at=0`."""
    file = scratch / "moments"
    return len(file.read_text().splitlines()) if file.exists() else 0
