"""What an engine has to be able to do: start the body of a trial somewhere, say whether it is still there, end it."""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from yololab.config.settings import setting

# The body of a trial; its folder is added as the last argument. An engine is given it (or another one) when it is made.
BODY = (sys.executable, "-m", "yololab.sweep.trial")
# The password of the study's database. An engine passes it on to trials, and writes it into no file.
PASSWORD = "YOLOLAB_STORAGE_PASSWORD"
# How many threads a trial takes that does not say so itself: an engine sets it in the job's environment.
THREADS = "YOLOLAB_THREADS"


@dataclass(frozen=True)
class Resources:
    """What each trial gets; null leaves it to the engine.

    Attributes:
        cpus: CPU cores.
        gpus: GPUs; a part of one (0.5) lets trials share it, where the engine can.
        memory_gb: Main memory, in GiB.
        time_minutes: The longest that a trial may run; it is ended then, and has failed.
    """

    cpus: int | None = setting(None, at_least=0)
    gpus: float | None = setting(None, at_least=0)
    memory_gb: float | None = setting(None, at_least=0)
    time_minutes: float | None = setting(None, at_least=0)


class JobState(StrEnum):
    """Where a job is. An engine knows no success: what became of a trial stands in the trial's own record."""

    PENDING = "pending"
    RUNNING = "running"
    GONE = "gone"


class Executor(Protocol):
    """An engine, made with the command of the body and the resources of each trial.

    A job is a process of its own, in the folder of its trial, whose output goes to files there. Engines may start a job
    again (a requeue, a lost node); the body is made for that.
    """

    @property
    def capacity(self) -> int:
        """How many jobs may be pending or running at once."""
        ...

    def submit(self, folder: Path, environment: Mapping[str, str]) -> str:
        """Start the body for the trial in `folder`.

        Args:
            folder: The trial's folder, absolute.
            environment: Variables to add to the job's environment.

        Returns:
            A handle: plain text that any later process, with an engine of the same kind, can poll and cancel.

        Raises:
            JobError: The engine does not take the job; the trial has failed.
        """
        ...

    def poll(self, handles: Sequence[str]) -> dict[str, JobState]:
        """Return the states of jobs.

        A handle that is missing in the answer is one of which nothing could be learnt (an unreachable controller):
        its last known state holds. A job is GONE when it will not run any more, also when nobody remembers it.
        """
        ...

    def cancel(self, handle: str) -> None:
        """Ask a job to end, first gently (SIGTERM, so that it saves its state), then for good; returns at once."""
        ...

    def reason(self, handle: str) -> str | None:
        """Return why a job ended, as far as the engine knows: a signal, the time limit, memory; else None."""
        ...

    def close(self) -> None:
        """Let go of what the engine holds in this process; jobs of a cluster continue, those of this machine end."""
        ...
