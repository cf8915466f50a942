"""Trials as jobs of Slurm, submitted through submitit."""

from __future__ import annotations

import io
import os
import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stderr
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from yololab.errors import InputError, JobError, Problem
from yololab.files.paths import RunFolder
from yololab.sweep.engines.body import TrialBody
from yololab.sweep.engines.late_records import LateRecords
from yololab.sweep.engines.slurm.commands import call_slurm, job_facts
from yololab.sweep.engines.slurm.job import SlurmTrial
from yololab.sweep.engines.slurm.queue import ENDED, QueuedJob, folder_is_missing, read_queue, why_ended
from yololab.sweep.engines.slurm.settings import SlurmSettings, read_slurm_settings, submission
from yololab.sweep.executor import PASSWORD, JobState, Resources

_WHERE = "hydra/launcher=slurm"
_PROGRAMS = ("sbatch", "squeue", "scancel", "scontrol", "srun")
# A site may answer squeue from a copy that is a little old; a job that was never listed is waited for this long.
_LISTED_WITHIN_SECONDS = 60.0
# What sbatch says when it would take the job later: the controller is away, or the user has too many jobs already.
_LATER = (
    "Unable to contact",
    "Socket timed out",
    "temporarily",
    "Connection refused",
    "Zero Bytes",
    "Transport endpoint",
    "MaxSubmitJob",
    "MaxJobsSubmit",
)
_WAITS_SECONDS = (2, 5, 10, 20, 40, 60, 60, 60, 60, 60, 60, 60)


def make_executor(settings: Mapping[str, Any], resources: Resources, body: Sequence[str]) -> SlurmExecutor:
    """Return the engine of a Slurm cluster.

    Raises:
        InputError: submitit or Slurm's commands are missing here, or a setting is wrong.
    """
    remedies = {}
    if find_spec("submitit") is None:
        remedies["submitit is not installed"] = "pip install 'yololab[slurm]'"
    missing = ", ".join(name for name in _PROGRAMS if shutil.which(name) is None)
    if missing:
        remedies[f"not on PATH: {missing}"] = "start the sweep where jobs are submitted: on a login node of the cluster"
    if remedies:
        raise InputError(Problem(_WHERE, found, remedy=remedy) for found, remedy in remedies.items())
    return SlurmExecutor(read_slurm_settings(settings, resources), resources, tuple(body))


@dataclass
class SlurmExecutor:
    """One job of Slurm for each trial; jobs continue when this process ends.

    A handle is the job's number.

    Attributes:
        settings: How trials become jobs.
        resources: What each trial gets.
        body: The command of a trial, without its folder.
    """

    settings: SlurmSettings
    resources: Resources
    body: Sequence[str]
    _states: dict[str, JobState] = field(default_factory=dict)
    _submitted: dict[str, float] = field(default_factory=dict)
    _asked: float | None = None
    _worked: bool = False

    def __post_init__(self) -> None:
        self._late_records = LateRecords(self.settings.late_records_seconds)

    @property
    def capacity(self) -> int:
        """How many jobs may be pending or running at once."""
        return self.settings.jobs

    def submit(self, folder: Path, environment: Mapping[str, str]) -> str:
        """Submit the body as a job, unless there is one for this folder already (its parent died before it noted it).

        Raises:
            InputError: Slurm refuses the first job: something is wrong with the settings.
            JobError: Slurm refuses a later one.
        """
        waits = iter(_WAITS_SECONDS)
        while (job := _job_of(folder)) is None:
            try:
                job = self._sbatch(folder, environment)
                break
            except _SubmissionError as error:
                seconds = next(waits, None) if error.later else None
                if seconds is None:
                    raise self._refused(str(error)) from None
                time.sleep(seconds)
        self._states[job] = JobState.PENDING
        self._submitted[job] = time.monotonic()
        return job

    def poll(self, handles: Sequence[str]) -> dict[str, JobState]:
        """Ask Slurm, at most every `poll_seconds`; between two answers the last one holds.

        Raises:
            InputError: The first jobs ended because their nodes do not see the folder of the sweep.
        """
        now = time.monotonic()
        new = [handle for handle in handles if handle not in self._states]
        if new or self._asked is None or now - self._asked >= self.settings.poll_seconds:
            self._asked = now
            self._ask(handles)
        return {handle: self._states[handle] for handle in handles if handle in self._states}

    def cancel(self, handle: str) -> None:
        """Cancel a job: Slurm sends SIGTERM, and SIGKILL after its KillWait."""
        call_slurm("scancel", handle)

    def reason(self, handle: str) -> str | None:
        """Return why a job ended, as long as Slurm remembers it (its MinJobAge)."""
        return why_ended(handle)

    def close(self) -> None:
        """Leave the jobs to Slurm."""

    def _ask(self, handles: Sequence[str]) -> None:
        """Learn where jobs are; nothing is learnt when Slurm does not answer."""
        queue = read_queue()
        if queue is None:
            return
        missing = [handle for handle in handles if handle not in queue]
        # Perhaps somebody else's jobs, or a list that was cut: no job is called gone after one list.
        more = read_queue(missing) if missing else {}
        if more is None:
            return
        queue |= more
        for handle in handles:
            job = queue.get(handle)
            if job is not None and job.state == "FAILED" and self._states.get(handle) is not JobState.GONE:
                self._check_folder(handle)
            self._states[handle] = self._state(handle, job)
            # Running alone proves nothing: a job runs for a moment even where its folder is not seen.
            self._worked |= job is not None and job.folder is not None and RunFolder(job.folder).output.is_file()

    def _state(self, handle: str, job: QueuedJob | None) -> JobState:
        """Return where a job is, that Slurm lists or not."""
        if job is None:
            submitted = self._submitted.get(handle)
            recent = submitted is not None and time.monotonic() - submitted < _LISTED_WITHIN_SECONDS
            return JobState.PENDING if recent else JobState.GONE
        self._submitted.pop(handle, None)
        if job.job_state is not JobState.GONE:
            return job.job_state
        never_ran = job.state == "CANCELLED" and self._states.get(handle) is JobState.PENDING
        over = never_ran or self._late_records.has_arrived(handle, job.folder)
        return JobState.GONE if over else JobState.RUNNING

    def _check_folder(self, handle: str) -> None:
        """Stop the sweep when its first jobs cannot work where they should."""
        facts = {} if self._worked else job_facts(handle)
        if folder_is_missing(facts):
            found = f"node {facts.get('NodeList')} cannot write there"
            remedy = "put the sweep on storage that all nodes share: paths.root=/shared/folder"
            raise InputError(Problem(facts.get("Comment", "the sweep's folder"), found, remedy=remedy))

    def _sbatch(self, folder: Path, environment: Mapping[str, str]) -> str:
        """Write the job's files and call sbatch.

        Raises:
            _SubmissionError: sbatch refuses.
        """
        import submitit

        # submitit writes them to a file; the password is passed on by Slurm, with all that this process has.
        variables = {name: value for name, value in environment.items() if name != PASSWORD}
        if self.resources.gpus == 0:
            variables.setdefault("CUDA_VISIBLE_DEVICES", "")
        body = TrialBody(str(folder), tuple(self.body), variables, str(Path.cwd()), self.resources.cpus)
        trial = SlurmTrial(body, self.settings.signal_seconds, self.settings.requeue, self.settings.max_requeues)
        executor = submitit.SlurmExecutor(RunFolder(folder).slurm)
        name = f"{folder.parent.name}.{folder.name}"
        executor.update_parameters(**submission(self.settings, self.resources), job_name=name, comment=str(folder))
        try:
            # submitit prints what sbatch says; it is in the error as well.
            with _outside_of_any_job(), redirect_stderr(io.StringIO()):
                return str(executor.submit(trial).job_id)
        except Exception as error:
            # submitit names no base of its errors; all of them mean that there is no job.
            raise _SubmissionError(_said_by_sbatch(error)) from error

    def _refused(self, said: str) -> InputError | JobError:
        """Return the error of a job that Slurm does not take."""
        if self._submitted or self._states:
            return JobError(f"Slurm does not take the job: {said}")
        return InputError(Problem(_WHERE, f"Slurm refuses the first job: {said}", remedy="change hydra.launcher.…"))


class _SubmissionError(Exception):
    """sbatch did not take a job."""

    @property
    def later(self) -> bool:
        """Whether it may take it later."""
        return any(text in str(self) for text in _LATER)


def _job_of(folder: Path) -> str | None:
    """Return the job of this trial that is pending or running already; None when there is none, or Slurm is away."""
    over = {*ENDED, "COMPLETING"}
    jobs = [number for number, job in (read_queue() or {}).items() if job.folder == folder and job.state not in over]
    return jobs[-1] if jobs else None


def _said_by_sbatch(error: Exception) -> str:
    """Return what sbatch said, from submitit's error: the lines of sbatch itself when there are some."""
    lines = [line.strip() for text in (str(error), str(error.__cause__ or "")) for line in text.splitlines()]
    said = [line.removeprefix("sbatch: ").removeprefix("error: ") for line in lines if line.startswith("sbatch:")]
    return "; ".join(dict.fromkeys(said)) or f"{type(error).__name__}: {' '.join(lines[-1:])}"


@contextmanager
def _outside_of_any_job() -> Iterator[None]:
    """Hide the variables of a job that this process itself runs in: sbatch would take them for options."""
    prefixes = ("SLURM_", "SLURMD_", "SRUN_", "SBATCH_", "SUBMITIT_") if "SLURM_JOB_ID" in os.environ else ()
    names = [name for name in os.environ if name.startswith(prefixes) and name != "SLURM_CONF"]
    hidden = {name: os.environ.pop(name) for name in names}
    try:
        yield
    finally:
        os.environ.update(hidden)
