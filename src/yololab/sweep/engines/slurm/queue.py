"""What Slurm says of jobs: `squeue` whether they are still there, `scontrol` why they ended.

Neither needs accounting. A controller that does not answer teaches nothing; a job that an answering one does not list
any more is gone.
"""

import getpass
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from yololab.errors import InputError
from yololab.files.reading import last_lines
from yololab.sweep.engines.body import signal_text
from yololab.sweep.engines.slurm.commands import call_slurm, job_facts
from yololab.sweep.engines.slurm.job import NO_PROGRESS, NOT_AGAIN, TOO_OFTEN
from yololab.sweep.executor import JobState

# Job states of squeue(1) after which nothing comes. All others are not the end, those that we do not know included.
ENDED = frozenset([
    "BOOT_FAIL", "CANCELLED", "COMPLETED", "DEADLINE", "FAILED", "NODE_FAIL", "OUT_OF_MEMORY", "PREEMPTED", "REVOKED",
    "TIMEOUT",
])  # fmt: skip
PENDING = frozenset(["CONFIGURING", "PENDING", "REQUEUED", "REQUEUE_FED", "REQUEUE_HOLD", "SPECIAL_EXIT"])
REASONS = {
    NO_PROGRESS: "the time limit was reached before an epoch was finished: raise hydra.launcher.time_minutes",
    TOO_OFTEN: "the time limit was reached, and the job was queued again hydra.launcher.max_requeues times already",
    NOT_AGAIN: "stopped by Slurm with its state saved, and not queued again",
}
# What slurmd leaves when it cannot open the job's output: the exit "signal" 53.
_NO_OUTPUT_FILE = "0:53"
_SEPARATOR = "|"


@dataclass(frozen=True)
class QueuedJob:
    """A line of squeue.

    Attributes:
        state: Slurm's word for the job's state.
        comment: The job's comment.
    """

    state: str
    comment: str

    @property
    def folder(self) -> Path | None:
        """The trial's folder, which is the comment of our jobs."""
        return Path(self.comment) if self.comment.startswith("/") else None

    @property
    def job_state(self) -> JobState:
        """Where the job is, as an engine says it."""
        if self.state in ENDED:
            return JobState.GONE
        return JobState.PENDING if self.state in PENDING else JobState.RUNNING


def parse_queue(text: str) -> dict[str, QueuedJob]:
    """Return the jobs in the output of `squeue -o '%i|%T|%k'`, by their number.

    >>> parse_queue("7|RUNNING|/data/multirun/a|b/0")
    {'7': QueuedJob(state='RUNNING', comment='/data/multirun/a|b/0')}
    """
    lines = [line.strip().split(_SEPARATOR, 2) for line in text.splitlines()]
    return {parts[0]: QueuedJob(*parts[1:]) for parts in lines if len(parts) == 3}


def read_queue(jobs: Iterable[str] = ()) -> dict[str, QueuedJob] | None:
    """Ask Slurm for our jobs, those that ended a short time ago included.

    Args:
        jobs: Jobs to ask for by their numbers, whoever owns them; none for all that this user owns.

    Returns:
        The jobs by number; None when Slurm did not answer.
    """
    numbers = list(jobs)
    # With one number that is gone squeue fails, as it does when the controller is gone; of two it leaves that one out.
    which = ["-j", ",".join(numbers + numbers[:1])] if numbers else ["-u", getpass.getuser()]
    done = call_slurm("squeue", "-h", "-r", "-t", "all", "-o", _SEPARATOR.join(("%i", "%T", "%k")), *which)
    return parse_queue(done.stdout) if done is not None and done.returncode == 0 else None


def why_ended(job: str) -> str | None:
    """Return why a job ended, as far as Slurm still knows."""
    facts = job_facts(job)
    state = facts.get("JobState", "")
    if state not in ENDED or state == "COMPLETED":
        return None
    code, _, number = facts.get("ExitCode", "0:0").partition(":")
    if folder_is_missing(facts):
        return f"node {facts.get('NodeList')} cannot write into {facts.get('Comment')}"
    if state == "FAILED":
        return REASONS.get(int(code)) or signal_text(int(code) or 128 + int(number)) or _last_error(facts)
    text = {
        "TIMEOUT": "ended by Slurm at its time limit",
        "OUT_OF_MEMORY": "ended by Slurm: it took more memory than it had asked for",
        "CANCELLED": "cancelled in Slurm",
        "NODE_FAIL": "its node failed",
        "PREEMPTED": "pushed aside by a more urgent job, and not queued again",
    }.get(state, f"ended by Slurm: {state}")
    return f"{text} (job {job} on {facts['NodeList']})" if facts.get("NodeList", "(null)") != "(null)" else text


def folder_is_missing(facts: dict[str, str]) -> bool:
    """Return whether a job ended because its node does not see the trial's folder."""
    return facts.get("JobState") == "FAILED" and facts.get("ExitCode") == _NO_OUTPUT_FILE


def _last_error(facts: dict[str, str]) -> str | None:
    """Return the last line that the job itself wrote, when the body was not even started."""
    try:
        lines = last_lines(Path(facts.get("StdOut", "")))
    except InputError:
        return None
    errors = [line.strip() for line in lines if "Error" in line]
    return errors[-1] if errors else None
