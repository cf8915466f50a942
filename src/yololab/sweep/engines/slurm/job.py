"""What runs inside a job of Slurm: the body of a trial as a child, and the decision to be queued again.

submitit starts it on the node: it is the pickled function. Slurm tells it with SIGUSR2 that the time limit is near,
and with SIGTERM that somebody cancelled the job or that a more urgent one pushes it aside. The body then saves its
state; what was not finished is queued again, in the same folder, where the body resumes from last.pt.
"""

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from yololab.files.paths import RunFolder
from yololab.host.signals import handled
from yololab.sweep.engines.body import TrialBody, ask_to_stop, kill_all, shell_code
from yololab.sweep.engines.slurm.commands import call_slurm, job_facts

# Exit codes of a job that is not queued again, besides those of the body (see `queue.REASONS`).
NO_PROGRESS = 121
TOO_OFTEN = 122
NOT_AGAIN = 123
# The body's exit code after a stop (see `errors.InterruptedRunError`).
_INTERRUPTED = 130
# Slurm may send its signal up to this much too early (sbatch(1), --signal).
_TOO_EARLY_SECONDS = 60
_SECONDS_BEFORE_THE_END = 20
_ENDED_WITHIN_SECONDS = 120


@dataclass
class Notice:
    """Which of Slurm's signals have come.

    Attributes:
        time_limit: The time limit is near (or the site sends the same signal before it pushes a job aside).
        ending: Slurm is about to end the job.
    """

    time_limit: bool = False
    ending: bool = False

    def __bool__(self) -> bool:
        return self.time_limit or self.ending

    def take(self, number: int, frame: FrameType | None = None) -> None:
        """Note a signal."""
        del frame
        self.time_limit |= number == signal.SIGUSR2
        self.ending |= number == signal.SIGTERM


@dataclass(frozen=True)
class SlurmTrial:
    """The function that submitit calls on the node.

    Attributes:
        body: The trial.
        signal_seconds: How long before the time limit Slurm tells.
        requeue: Whether a trial that was stopped is queued again.
        max_requeues: How often at most.
    """

    body: TrialBody
    signal_seconds: int
    requeue: bool
    max_requeues: int

    def __call__(self) -> None:
        """Run the trial.

        Raises:
            SystemExit: Its exit code, when it is not 0 and the job is not queued again.
        """
        began = time.time()
        notice = Notice()
        # Instead of submitit's own handlers, which would raise in the middle of what we do.
        with handled((signal.SIGUSR2, signal.SIGTERM), notice.take):
            process = self.body.start()
            try:
                code = self._wait(process, notice)
            finally:
                kill_all(process)
            if code != 0 and notice and (code == _INTERRUPTED or code < 0):
                code = self._after_stop(began, code, notice)
        if code != 0:
            raise SystemExit(shell_code(code))

    def _wait(self, process: subprocess.Popen[bytes], notice: Notice) -> int:
        """Wait for the body, and pass on what Slurm says; a batch that takes too long is not waited for."""
        deadline: float | None = None
        while True:
            with suppress(subprocess.TimeoutExpired):
                return process.wait(timeout=1.0)
            if notice:
                # Again and again: a body that was still importing has ignored the first ones.
                ask_to_stop(process)
            if notice.time_limit and deadline is None:
                left = max(self.signal_seconds - _SECONDS_BEFORE_THE_END, self.signal_seconds / 2)
                deadline = time.monotonic() + left
            if deadline is not None and time.monotonic() > deadline:
                process.kill()

    def _after_stop(self, began: float, code: int, notice: Notice) -> int:
        """Queue the job again when that makes sense.

        Returns:
            0 when it is, else the exit code that says why not.
        """
        job = os.environ["SLURM_JOB_ID"]
        facts = job_facts(job)
        # A job that is being cancelled could be queued again as well, and would come back to life.
        if facts.get("JobState", "RUNNING") != "RUNNING":
            return code
        pushed_aside = facts.get("PreemptTime", "None") != "None"
        if not notice.time_limit and not pushed_aside:
            return code
        if not self.requeue:
            return NOT_AGAIN
        if int(facts.get("Restarts", 0)) >= self.max_requeues:
            return TOO_OFTEN
        if not pushed_aside and self._is_at_the_end(facts) and not self._has_finished_an_epoch(began):
            return NO_PROGRESS
        sys.stderr.write(f"yololab: queueing job {job} again\n")
        done = call_slurm("scontrol", "requeue", job)
        if done is None or done.returncode != 0:
            why = "no answer" if done is None else done.stderr.strip()
            sys.stderr.write(f"yololab: Slurm refused: {why}\n")
            return NOT_AGAIN
        # Slurm ends us now; a job that ended by itself meanwhile would count as done.
        time.sleep(_ENDED_WITHIN_SECONDS)
        return 0

    def _is_at_the_end(self, facts: dict[str, str]) -> bool:
        """Return whether the signal came for the time limit; a site may send the same one for a more urgent job."""
        try:
            end = time.mktime(time.strptime(facts["EndTime"], "%Y-%m-%dT%H:%M:%S"))
        except (KeyError, ValueError):
            return False
        return end - time.time() <= self.signal_seconds + _TOO_EARLY_SECONDS

    def _has_finished_an_epoch(self, began: float) -> bool:
        """Return whether this attempt got further: what makes no progress in its whole time never will."""
        last = RunFolder(Path(self.body.folder)).last
        return last.is_file() and last.stat().st_mtime >= began
