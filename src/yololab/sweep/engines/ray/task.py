"""What runs inside a worker of Ray: the body of a trial as its child, and a look at what a node offers."""

import platform
import subprocess
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import yololab
from yololab.files.atomic import write_text
from yololab.sweep.engines.body import TrialBody, kill_all, shell_code

_LOOK_SECONDS = 0.5


@dataclass(frozen=True)
class Ended:
    """What a task returns.

    Attributes:
        code: The body's exit code as a shell gives it.
        reason: Why we ended it; None when we did not.
    """

    code: int
    reason: str | None = None


@dataclass(frozen=True)
class NodeView:
    """What a node sees.

    Attributes:
        node: Its name.
        sees_folder: Whether the sweep's folder is there.
        version: The version of yololab there.
    """

    node: str
    sees_folder: bool
    version: str


def run_body(body: TrialBody, started: str, time_minutes: float | None, grace_seconds: float) -> Ended:
    """Run a trial.

    Args:
        body: The trial.
        started: A file to leave when it starts: Ray itself does not say whether a task runs already or still waits.
        time_minutes: When it is ended; None: never.
        grace_seconds: From asking it to stop until it is killed.
    """
    process = body.start()
    try:
        write_text(Path(started), platform.node())
        deadline = None if time_minutes is None else time.monotonic() + 60 * time_minutes
        while deadline is None or time.monotonic() < deadline:
            # In small pieces: a cancellation is seen between two of them, and never within one.
            with suppress(subprocess.TimeoutExpired):
                return Ended(shell_code(process.wait(timeout=_LOOK_SECONDS)))
        code = _stop(process, grace_seconds)
        return Ended(shell_code(code), f"the time limit of {time_minutes:g} min was reached")
    finally:
        # Also when Ray cancels the task, which raises KeyboardInterrupt here.
        _stop(process, grace_seconds)


def _stop(process: subprocess.Popen[bytes], grace_seconds: float) -> int:
    """Ask the body to save its state and end; kill it when that takes too long."""
    deadline = time.monotonic() + grace_seconds
    if process.poll() is None:
        process.terminate()
    while process.poll() is None and time.monotonic() < deadline:
        with suppress(subprocess.TimeoutExpired):
            process.wait(timeout=_LOOK_SECONDS)
    kill_all(process)
    return process.wait()


def look_around(folder: str) -> NodeView:
    """Say what this node sees."""
    return NodeView(platform.node(), Path(folder).is_dir(), yololab.__version__)
