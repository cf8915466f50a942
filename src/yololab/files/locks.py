"""One process a run: whoever works in a run's folder holds its lock, which the system lets go when the process ends."""

import os
import stat
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from yololab.errors import InputError, Problem
from yololab.files.atomic import ABANDONED_SECONDS, copy_file, remove_temporaries
from yololab.files.paths import RunFolder
from yololab.host.processes import ProcessIdentity

# Loader processes of a killed training inherit its lock; they notice within seconds that it is gone.
ORPHANS_SECONDS = 15.0
POLL_SECONDS = 0.5


@contextmanager
def locked(folder: RunFolder, process: ProcessIdentity | None = None) -> Iterator[None]:
    """Hold the lock of a run.

    Args:
        folder: The run's folder.
        process: The process that worked there last, as the record names it.

    Raises:
        InputError: Another process holds it; or something in the folder is a link, through which we would write.
    """
    own_files(folder.path)
    lock = FileLock(folder.lock, timeout=0)
    deadline = time.monotonic() + ORPHANS_SECONDS
    while True:
        try:
            lock.acquire()
            break
        except Timeout:
            gone = process is not None and process.is_alive() is False
            if not gone or time.monotonic() > deadline:
                raise InputError(still_running(folder, process)) from None
            time.sleep(POLL_SECONDS)
        except (NotImplementedError, OSError):  # a file system without locks: the process's identity has to do
            if process is not None and process.is_alive():
                raise InputError(still_running(folder, process)) from None
            break
    for place in (folder.path, folder.hydra, folder.weights, folder.evaluation):
        remove_temporaries(place, ABANDONED_SECONDS)
    try:
        yield
    finally:
        lock.release()


def own_files(folder: Path) -> None:
    """Make sure that what is written in a folder stays in it: the folder may be somebody else's.

    A file that has a second name elsewhere (a snapshot by `cp -al`) becomes a copy: the other one stays as it is. Links
    within the folder stay: submitit makes one for each job.

    Raises:
        InputError: Something is a link that leads out of the folder, or no file at all.
    """
    problems = []
    for path in folder.rglob("*"):
        status = path.lstat()
        if stat.S_ISREG(status.st_mode):
            if status.st_nlink > 1:
                copy_file(path, path)
        elif path.is_symlink() and Path(os.path.realpath(path)).is_relative_to(folder.resolve()):
            continue
        elif not stat.S_ISDIR(status.st_mode):
            found = f"is a link to {path.readlink()}" if path.is_symlink() else "is neither a file nor a folder"
            problems.append(Problem(str(path), found, "files of its own", "put what it points at in its place"))
    if problems:
        raise InputError(problems)


def still_running(folder: RunFolder, process: ProcessIdentity | None) -> Problem:
    """Return the problem of a run that another process works on."""
    who = f" (process {process.pid} on {process.host})" if process is not None else ""
    return Problem(
        str(folder.path), f"is still running{who}", "a run that has ended", "wait for it, or end that process first"
    )


def maybe_running_remotely(content: Mapping[str, Any]) -> ProcessIdentity | None:
    """Return the process of a run that may still run on another machine; None when it has ended, or ran here.

    Args:
        content: The run's record.
    """
    process = process_of(content)
    if content.get("status") != "running" or process is None or process.is_alive() is not None:
        return None
    # Containers of one machine have names of their own but one boot: the lock has shown that already.
    return None if process.same_boot() else process


def process_of(content: Mapping[str, Any]) -> ProcessIdentity | None:
    """Return the process that a record names; None when it names none."""
    found = (content.get("provenance") or {}).get("process") or {}
    return ProcessIdentity.from_json(found) if "pid" in found and "host" in found else None


def last_sign(folder: Path) -> float | None:
    """Return how many seconds ago a run last wrote into its folder; None when it never did."""
    times = [path.stat().st_mtime for path in folder.glob("*") if path.is_file()]
    return time.time() - max(times) if times else None
