"""The body of a trial as a process: the child of whoever starts it, which ends with it, its output in its folder.

Also runs on a cluster's node: it must not need what only the parent of the sweep has.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from yololab.files.paths import RunFolder
from yololab.sweep.executor import THREADS


@dataclass(frozen=True)
class TrialBody:
    """What a machine needs to know to run a trial.

    Attributes:
        folder: The trial's folder, absolute, and the same on every machine.
        command: The body's command, without the folder.
        environment: Variables to add to those of the process that starts it.
        working_directory: Where the command of the sweep was run.
        threads: Threads of the trial; None where the engine decides.
        own_python: `command` is what follows Python, and the machine's own Python is taken.
    """

    folder: str
    command: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)
    working_directory: str = "."
    threads: int | None = None
    own_python: bool = False

    def start(self, at_our_death: int | None = None) -> subprocess.Popen[bytes]:
        """Start the body, in a session of its own: Ctrl-C at a terminal reaches only us.

        Args:
            at_our_death: The signal that it gets when we are gone, however we end; None for SIGKILL, as on a cluster:
                the trial is then started again on another machine, and must not meet itself.

        Raises:
            OSError: This machine does not see the folder, or not Python.
        """
        variables = {**os.environ, **self.environment}
        if self.threads is not None:
            variables.setdefault(THREADS, str(self.threads))
        number = signal.SIGKILL if at_our_death is None else at_our_death
        tied = [sys.executable, "-m", "yololab.sweep.engines.die_with_parent", str(os.getpid()), str(int(number))]
        python = [sys.executable] if self.own_python else []
        with RunFolder(Path(self.folder)).output.open("ab") as output:
            return subprocess.Popen(
                [*tied, *python, *self.command, self.folder],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                cwd=self.working_directory,
                env=variables,
            )


def ask_to_stop(process: subprocess.Popen[bytes]) -> None:
    """Ask the body to end its batch and save its state; asking twice is asking once, as for SIGTERM it is not."""
    with suppress(ProcessLookupError):
        process.send_signal(signal.SIGUSR2)


def kill_group(pid: int) -> None:
    """End a process that leads a session, and all that it started."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)


def kill_all(process: subprocess.Popen[bytes]) -> None:
    """End the body and all that it started, and wait for it."""
    kill_group(process.pid)
    process.kill()
    process.wait()


def shell_code(code: int) -> int:
    """Return an exit code as a shell gives it: 128 and the signal's number for a process that a signal has ended.

    >>> shell_code(-9), shell_code(1)
    (137, 1)
    """
    return 128 - code if code < 0 else code


def signal_text(code: int) -> str | None:
    """Say which signal ended a process; None for an exit code of its own.

    >>> signal_text(137)
    'killed by SIGKILL (by somebody, or by the system because memory ran out)'
    """
    number = code - 128
    if number not in signal.valid_signals():
        return None
    hint = " (by somebody, or by the system because memory ran out)" if number == signal.SIGKILL else ""
    return f"killed by {signal.Signals(number).name}{hint}"
