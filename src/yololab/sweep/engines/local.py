"""Trials on this machine: a process and a slot each, ended with us."""

from __future__ import annotations

import json
import math
import os
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from yololab.config.reading import read_group
from yololab.config.settings import setting
from yololab.errors import InputError, JobError, Problem
from yololab.host.cores import usable_cores
from yololab.host.processes import ProcessIdentity
from yololab.sweep.engines.body import TrialBody, kill_group, shell_code, signal_text
from yololab.sweep.engines.warm.start import WarmProcess, WarmStart
from yololab.sweep.executor import THREADS, JobState, Resources


@dataclass(frozen=True)
class LocalSettings:
    """How trials share this machine.

    Attributes:
        jobs: Trials at a time; null for one a GPU slot, or one where there is no GPU.
        gpu_ids: GPUs that may be used; null for all that are visible.
        grace_seconds: From asking a trial to stop until it is killed.
        warm: Start trials that use no GPU from one process that has imported PyTorch, which saves each the import.
    """

    jobs: int | None = setting(None, at_least=1)
    gpu_ids: list[Any] | None = None
    grace_seconds: float = setting(60.0, at_least=0)
    warm: bool = True


@dataclass
class _Job:
    """A process that we watch.

    Attributes:
        identity: Who it is.
        slot: Its slot.
        deadline: Unix time at which it has run too long.
        process: It, when it is our own child.
        kill_at: Unix time at which it is killed, after it was asked to end.
        reason: Why it was ended, or how it ended.
        gone: Whether it is over.
    """

    identity: ProcessIdentity
    slot: int
    deadline: float | None
    process: subprocess.Popen[bytes] | WarmProcess | None = None
    kill_at: float | None = None
    reason: str | None = None
    gone: bool = False


def make_executor(settings: Mapping[str, Any], resources: Resources, body: Sequence[str]) -> LocalExecutor:
    """Return the engine of this machine.

    Raises:
        InputError: A setting is wrong.
    """
    return LocalExecutor(read_group(LocalSettings, "hydra.launcher", settings), resources, body)


@dataclass
class LocalExecutor:
    """Runs trials as children of this process, which end with it, also when it is killed.

    Attributes:
        settings: How trials share the machine.
        resources: What each trial gets.
        body: The command of a trial, without its folder.
    """

    settings: LocalSettings
    resources: Resources
    body: Sequence[str]
    _jobs: dict[str, _Job] = field(default_factory=dict)
    # Those that had not ended when a trial was started last: of all that were, in ten thousand trials, few.
    _alive: dict[str, _Job] = field(default_factory=dict)

    def __post_init__(self) -> None:
        ids = visible_gpus() if self.settings.gpu_ids is None else list(map(str, self.settings.gpu_ids))
        shared: list[str | None] = list(gpu_slots(ids, self.resources.gpus)) or [None]
        count = self.settings.jobs or len(shared)
        self._slots = [shared[index % len(shared)] for index in range(count)]
        self._warm = WarmStart(self.body) if self.settings.warm and shared == [None] else None

    @property
    def capacity(self) -> int:
        """How many trials run at once."""
        return len(self._slots)

    @property
    def threads(self) -> int:
        """Threads of each trial."""
        return self.resources.cpus or max(1, usable_cores() // self.capacity)

    def submit(self, folder: Path, environment: Mapping[str, str]) -> str:
        """Start the body in the slot that is used the least."""
        self._alive = {handle: job for handle, job in self._alive.items() if not job.gone}
        used = Counter(job.slot for job in self._alive.values())
        slot = min(range(self.capacity), key=lambda index: (used[index], index))
        gpu = self._slots[slot]
        own = {THREADS: str(self.threads)} | ({} if gpu is None else {"CUDA_VISIBLE_DEVICES": gpu})
        body = TrialBody(str(folder), self.body, {**own, **environment}, str(Path.cwd()))
        try:
            # SIGTERM: a training of this machine has the time to save its state, and a resume waits for it.
            process = (self._warm.start(body) if self._warm else None) or body.start(signal.SIGTERM)
        except OSError as error:
            raise JobError(f"the process cannot be started: {error}") from error
        minutes = self.resources.time_minutes
        deadline = None if minutes is None else time.time() + 60 * minutes
        job = _Job(ProcessIdentity.of(process.pid), slot, deadline, process)
        handle = json.dumps({**job.identity.to_json(), "slot": slot, "deadline": deadline})
        self._jobs[handle] = self._alive[handle] = job
        return handle

    def poll(self, handles: Sequence[str]) -> dict[str, JobState]:
        """Look after the processes; of one on another machine nothing can be said from here."""
        states = {}
        for handle in handles:
            job = self._job(handle)
            self._look_after(job)
            if job.gone or job.identity.is_alive() is not None:
                states[handle] = JobState.GONE if job.gone else JobState.RUNNING
        return states

    def cancel(self, handle: str) -> None:
        """Send SIGTERM; SIGKILL follows after the grace."""
        self._end(self._job(handle), "cancelled")

    def reason(self, handle: str) -> str | None:
        """Return why a job was ended, or the signal that ended it."""
        return self._job(handle).reason

    def close(self) -> None:
        """End every child that still runs; one that was asked before has had its time."""
        own = [job for job in self._jobs.values() if job.process is not None and not job.gone]
        for job in own:
            if job.kill_at is not None:
                job.kill_at = time.time()
            self._end(job, "cancelled")
        while any(not job.gone for job in own):
            for job in own:
                self._look_after(job)
            time.sleep(0.05)
        if self._warm is not None:
            self._warm.close()

    def _job(self, handle: str) -> _Job:
        """Return a job; one of an earlier parent is read from its handle."""
        if handle not in self._jobs:
            try:
                content = json.loads(handle)
                slot, deadline = min(int(content["slot"]), self.capacity - 1), content["deadline"]
                identity = ProcessIdentity.from_json(content)
                job = _Job(identity, slot, None if deadline is None else float(deadline))
                self._jobs[handle] = self._alive[handle] = job
            except (ValueError, TypeError, LookupError):  # not written by this engine
                self._jobs[handle] = _Job(ProcessIdentity("", 0, ""), 0, None, gone=True)
        return self._jobs[handle]

    def _look_after(self, job: _Job) -> None:
        """Note the end of a process, and end one that takes too long or too much."""
        if job.gone:
            return
        if job.process is not None:
            code = job.process.poll()
            job.gone = code is not None
            if code is not None and code < 0 and job.reason is None:
                job.reason = signal_text(shell_code(code))
        else:
            job.gone = job.identity.is_alive() is False
        now, limit = time.time(), self.resources.memory_gb
        if job.gone and job.process is not None:
            kill_group(job.identity.pid)  # whatever it has started itself goes with it
        elif job.gone:
            return  # an earlier parent's: its number may have been given out again
        elif now >= (job.kill_at or math.inf):
            kill_group(job.identity.pid)
        elif job.kill_at is None and now >= (job.deadline or math.inf):
            minutes = self.resources.time_minutes
            self._end(job, f"the time limit{f' of {minutes:g} min' if minutes else ''} was reached")
        elif job.kill_at is None and limit is not None and memory_of(job.identity.pid) > limit * 2**30:
            self._end(job, f"it took more memory than {limit:g} GiB")

    def _end(self, job: _Job, reason: str) -> None:
        """Ask a process to end."""
        if job.gone or job.kill_at is not None:
            return
        job.reason = reason
        job.kill_at = time.time() + self.settings.grace_seconds
        if job.identity.is_alive():
            with suppress(ProcessLookupError):
                os.kill(job.identity.pid, signal.SIGTERM)


def gpu_slots(ids: Sequence[str], share: float | None) -> list[str]:
    """Return the GPUs of each slot, as they stand in CUDA_VISIBLE_DEVICES.

    Args:
        ids: The GPUs.
        share: GPUs of a trial; None for one.

    Raises:
        InputError: A trial wants more GPUs than there are.

    >>> gpu_slots(["0", "2"], 0.5)
    ['0', '2', '0', '2']
    >>> gpu_slots(["0", "1", "2", "3"], 2)
    ['0,1', '2,3']
    """
    wanted = 1.0 if share is None else share
    if not ids or wanted == 0:
        return []
    if wanted < 1:
        return list(ids) * int(1 / wanted)
    count = int(wanted)
    if count > len(ids):
        found = f"{count} for a trial, and {len(ids)} can be used"
        raise InputError(Problem("hydra.launcher.gpus", found, f"at most {len(ids)}"))
    return [",".join(ids[start : start + count]) for start in range(0, len(ids) - count + 1, count)]


def visible_gpus() -> list[str]:
    """Return the GPUs that a process of ours may use, as they stand in CUDA_VISIBLE_DEVICES."""
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if visible is not None:
        return [name for name in visible.replace(" ", "").split(",") if name and name != "-1"]
    return sorted((device.name.removeprefix("nvidia") for device in Path("/dev").glob("nvidia[0-9]*")), key=int)


def memory_of(pid: int) -> int:
    """Return the bytes that a process and its children hold in memory; 0 when it is gone."""
    total = 0
    with suppress(psutil.Error):
        process = psutil.Process(pid)
        for member in (process, *process.children(recursive=True)):
            with suppress(psutil.Error):
                total += member.memory_info().rss
    return total
