"""Starting trials from a process that has imported PyTorch already, where that is as good as a fresh one.

It is on Linux, for trials that use no GPU. Whatever stands in the way (it cannot import, a library has started a
thread, the environment has changed since) is no error: the trial then gets a fresh process, as everywhere else.
"""

import os
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, Pipe
from pathlib import Path
from signal import SIGTERM
from typing import Any

from yololab.files.paths import RunFolder
from yololab.host.processes import ProcessIdentity
from yololab.sweep.engines.body import TrialBody
from yololab.sweep.engines.warm import server
from yololab.sweep.engines.warm.server import Start

# A busy machine imports slowly; a server that says nothing for longer is given up.
ANSWER_SECONDS = 300.0


@dataclass
class WarmProcess:
    """A trial that was forked.

    Attributes:
        identity: Who it is.
        parent: Who can say what became of it.
    """

    identity: ProcessIdentity
    parent: "WarmStart"

    @property
    def pid(self) -> int:
        """Its number."""
        return self.identity.pid

    def poll(self) -> int | None:
        """Return the exit code, negative for a signal; None while it runs."""
        code, known = self.parent.look(self.pid)
        if known or self.identity.is_alive():
            return code
        return -SIGTERM  # the server is gone, and the system has sent this to all that it had forked


@dataclass
class WarmStart:
    """The process that forks trials, as its parent sees it; it is started with the first trial.

    Attributes:
        body: The command of a trial, without its folder.
    """

    body: Sequence[str]
    _server: subprocess.Popen[bytes] | None = None
    _pipe: Connection | None = None
    _works: bool = True
    _environment: dict[str, str] = field(default_factory=dict)
    _directory: str = ""
    _codes: dict[int, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        # Only what Python runs as a module can be run within a process of Python.
        self._works = sys.platform == "linux" and tuple(self.body[:2]) == (sys.executable, "-m") and len(self.body) == 3

    def start(self, body: TrialBody) -> WarmProcess | None:
        """Start a trial; None when it needs a fresh process.

        Raises:
            OSError: Its folder is not there.
        """
        with RunFolder(Path(body.folder)).output.open("ab"):
            pass
        if not self._works or not self._ready(body):
            return None
        child: int | None = self._ask((body.folder, {**os.environ, **body.environment}))
        return None if child is None else WarmProcess(ProcessIdentity.of(child), self)

    def look(self, pid: int) -> tuple[int | None, bool]:
        """Return the exit code of a trial, None while it runs, and whether the server was there to say so."""
        if pid not in self._codes:
            self._codes |= self._ask(None) or {}
        return self._codes.get(pid), pid in self._codes or self._pipe is not None

    def close(self) -> None:
        """End the server; what it has forked and still runs ends with it."""
        self._works = False
        if self._pipe is not None:
            self._pipe.close()
            self._pipe = None
        if self._server is not None:
            with suppress(subprocess.TimeoutExpired):
                self._server.wait(5)
            self._server.kill()
            self._server.wait()

    def _ready(self, body: TrialBody) -> bool:
        """Return whether the server can start this trial; it is started when there is none yet."""
        if self._server is None:
            self._begin(body)
        # Libraries have read the environment when they were imported.
        return self._works and self._environment == dict(os.environ) and self._directory == body.working_directory

    def _begin(self, body: TrialBody) -> None:
        """Start the server and wait until it has imported everything."""
        self._environment, self._directory = dict(os.environ), body.working_directory
        self._pipe, theirs = Pipe()
        arguments = [str(theirs.fileno()), str(os.getpid()), self.body[2], body.folder]
        with theirs:
            self._server = subprocess.Popen(
                [sys.executable, "-m", server.__name__, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                start_new_session=True,
                cwd=body.working_directory,
                env=self._environment | dict(body.environment),
            )
        if self._answer(ANSWER_SECONDS) is not True:
            self.close()

    def _ask(self, request: Start | None) -> Any:
        """Return what the server answers; None when it is gone."""
        try:
            if self._pipe is not None:
                self._pipe.send(request)
        except OSError:
            self.close()
        return self._answer(ANSWER_SECONDS)

    def _answer(self, seconds: float) -> Any:
        """Return the next answer of the server; None when there comes none, and the server is ended."""
        with suppress(EOFError, OSError):
            if self._pipe is not None and self._pipe.poll(seconds):
                return self._pipe.recv()
        self.close()
        return None
