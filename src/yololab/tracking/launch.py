"""The processes that feed trackers, as the job sees them: started, looked at now and then, given time at the end."""

import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from yololab.files.paths import TrackingFolder, TrackingStore
from yololab.text import duration
from yololab.tracking.contents import subject_of
from yololab.tracking.feeding import FedState, read_state, write_state
from yololab.tracking.registry import TRACKERS, check_installed, environment_of

# How long the end of a run waits for what is still to be sent: of a run and a sweep the weights, too.
PATIENCE_SECONDS = {"trial": 30.0, "run": 120.0, "sweep": 120.0}
AGAIN = "yololab track"


@dataclass
class Trackers:
    """The trackers of one run, each fed by a process of its own.

    What a process of theirs meets is told once, and costs nothing else.

    Attributes:
        folder: The folder of the run, or of the sweep.
        store: Where trackers keep things in the project.
        warn: Tells the user.
    """

    folder: Path
    store: TrackingStore
    warn: Callable[[str], None]
    _running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    _names: list[str] = field(default_factory=list)

    def start(self, names: Sequence[str]) -> None:
        """Start feeding trackers."""
        for name in names:
            log, self._names = TrackingFolder(self.folder).log(name), [*self._names, name]
            command = [sys.executable, "-m", "yololab.tracking.feeding", str(self.folder), name, str(self.store.path)]
            try:
                for place in (log.parent, self.store.of(name), self.store.home):
                    place.mkdir(parents=True, exist_ok=True)
                write_state(self.folder, name, replace(read_state(self.folder, name), error=None, ended=False))
                with log.open("ab") as output:
                    self._running[name] = subprocess.Popen(
                        command,
                        stdin=subprocess.PIPE,  # its end tells the process that the job is over, however that came
                        stdout=output,
                        stderr=subprocess.STDOUT,
                        start_new_session=True,  # Ctrl-C is for the job
                        env=environment_of(name, self.store),
                    )
            except OSError as error:
                self._failed(name, f"cannot be started: {error}")

    def look(self) -> None:
        """Tell of a tracker that has failed meanwhile."""
        for name, process in list(self._running.items()):
            if process.poll() is not None:
                self._take_end(name, process)

    def finish(self, kind: str) -> dict[str, FedState]:
        """Say that the job is over, give the trackers time for the rest, and return what each has been told.

        Args:
            kind: What is tracked, which decides how long that is. Ctrl-C ends the waiting.
        """
        for process in self._running.values():
            with suppress(OSError):  # it may be gone
                if process.stdin is not None:
                    process.stdin.close()
        until = time.monotonic() + PATIENCE_SECONDS[kind]
        for name, process in list(self._running.items()):
            try:
                process.wait(max(0.0, until - time.monotonic()))
            except (subprocess.TimeoutExpired, KeyboardInterrupt) as stopped:
                process.kill()
                process.wait()
                in_time = f"within {duration(PATIENCE_SECONDS[kind])}"
                self._failed(name, f"did not end {in_time if isinstance(stopped, Exception) else 'before Ctrl-C'}")
            self._take_end(name, process)
        return {name: read_state(self.folder, name) for name in self._names}

    def _take_end(self, name: str, process: subprocess.Popen[bytes]) -> None:
        """Take note of the end of a process; one that ended by itself, without a word, was killed."""
        del self._running[name]
        state = read_state(self.folder, name)
        if state.error is not None:
            self._tell(name, state.error)
        elif not state.ended:
            self._failed(name, f"its process ended with code {process.returncode}")

    def _failed(self, name: str, why: str) -> None:
        state = read_state(self.folder, name)
        if state.error is None:
            with suppress(OSError):
                write_state(self.folder, name, replace(state, error=why))
        if name not in self._running:
            self._tell(name, why)

    def _tell(self, name: str, why: str) -> None:
        self.warn(f"tracking={name}: {why}; the run is not touched by it, `{AGAIN} {self.folder}` sends the rest")


def feed_again(
    folder: Path, names: Sequence[str], store: TrackingStore, warn: Callable[[str], None]
) -> dict[str, FedState]:
    """Send trackers what they have not been told yet of a run or a sweep that has ended.

    Raises:
        InputError: The folder is neither a run's nor a sweep's; a tracker is not installed.
    """
    kind = subject_of(folder).kind
    check_installed(names)
    trackers = Trackers(folder, store, warn)
    trackers.start(names)
    return trackers.finish(kind)


def tracked_by(folder: Path) -> list[str]:
    """Return the trackers that have been told of a run."""
    return [name for name in TRACKERS if TrackingFolder(folder).state(name).is_file()]
