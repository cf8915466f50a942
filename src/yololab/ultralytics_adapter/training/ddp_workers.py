"""Watching a multi-GPU training from the process that asked for it: its workers tell it nothing but their files."""

import logging
import os
import signal
import subprocess
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from yololab.errors import InputError
from yololab.files.epochs import read_results
from yololab.host.processes import ProcessIdentity
from yololab.ultralytics_adapter.isolation.logs import LOGGER_NAME, plain_lines
from yololab.ultralytics_adapter.training.training_file import EpochReport, epoch_report

POLL_SECONDS = 0.5
GRACE_SECONDS = 10.0
TAIL_LINES = 30


@dataclass
class WorkerLaunch:
    """Stands in for `subprocess.run` when Ultralytics starts its workers.

    Their lines go to Ultralytics' logger in this process; a finished epoch is seen by its row in results.csv; a stop is
    asked for by a file. They are a session of their own, so that Ctrl-C reaches this process only, and end with it.

    Attributes:
        results: The training's results.csv.
        stop_file: The file that asks the workers to stop after the epoch.
        task: The training's task.
        epochs: How many epochs there will be.
        validated: Whether each epoch is validated.
        on_epoch: Called with each finished epoch.
        should_stop: Asked twice a second.
        tail: The last lines of the workers.
    """

    results: Path
    stop_file: Path
    task: str
    epochs: int
    validated: bool
    on_epoch: Callable[[EpochReport], None]
    should_stop: Callable[[], bool]
    tail: deque[str] = field(default_factory=lambda: deque(maxlen=TAIL_LINES))
    _reported: int = 0

    def run(self, command: Sequence[str], check: bool = True, **_: Any) -> None:
        """Run the workers to their end.

        Raises:
            CalledProcessError: They failed; `output` holds their last lines.
        """
        # Workers download nothing; without the network there is nothing to wait for at their import either.
        environment = {**os.environ, "YOLO_OFFLINE": "1", "PYTHONUNBUFFERED": "1"}
        with subprocess.Popen(
            list(command),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            errors="replace",
            env=environment,
            start_new_session=True,
        ) as process:
            reader = threading.Thread(target=self._read, args=(process.stdout,), daemon=True)
            reader.start()
            try:
                while process.poll() is None:
                    time.sleep(POLL_SECONDS)
                    self._report()
                    if not self.stop_file.exists() and self.should_stop():
                        self.stop_file.touch()
            finally:
                _end(process)
            reader.join(GRACE_SECONDS)
        self._report()
        if check and process.returncode:
            raise subprocess.CalledProcessError(process.returncode, list(command), "\n".join(self.tail))

    def _read(self, stream: IO[str]) -> None:
        """Lead the workers' lines into Ultralytics' logger."""
        logger = logging.getLogger(LOGGER_NAME)
        for text in stream:
            for line in plain_lines(text):
                self.tail.append(line)
                logger.log(logging.WARNING if line.startswith(("WARNING", "ERROR")) else logging.INFO, "%s", line)

    def _report(self) -> None:
        """Report the epochs that results.csv holds and that have not been reported."""
        try:
            table = read_results(self.results, validated=self.validated)
        except InputError:
            return  # not written yet
        for index in range(self._reported, len(table.epochs)):
            self.on_epoch(epoch_report(table, index, self.task, self.epochs))
        self._reported = max(self._reported, len(table.epochs))


def end_orphan(owner: ProcessIdentity) -> None:
    """End this worker at once when the process that asked for the training is gone.

    It was killed; whoever resumes its run must not find another training in the same folder.
    """
    if owner.is_alive() is False:
        os._exit(1)


def _end(process: subprocess.Popen[str]) -> None:
    """End the workers' session if it still runs: politely, then by force."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        if process.poll() is not None:
            return
        try:
            os.killpg(process.pid, number)
        except ProcessLookupError:
            return
        try:
            process.wait(GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            continue
