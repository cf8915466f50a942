"""Calling Slurm's own programs, and reading what `scontrol` knows of a job."""

import re
import subprocess

COMMAND_SECONDS = 60


def call_slurm(*command: str) -> subprocess.CompletedProcess[str] | None:
    """Run one of Slurm's programs, and return how it ended; None when it is not there or does not answer in time."""
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=COMMAND_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None


def job_facts(job: str) -> dict[str, str]:
    """Return what Slurm knows of a job (`scontrol show job`); empty when it does not answer or has forgotten it."""
    done = call_slurm("scontrol", "show", "job", "-o", job)
    # Values may hold spaces, keys may hold slashes and colons; a key is a word after a space, before an equals sign.
    parts = re.split(r"(?:^|\s)([A-Z][\w:/]*)=", done.stdout.strip() if done is not None else "")
    return {key: value.strip() for key, value in zip(parts[1::2], parts[2::2], strict=True)}
