"""Feeding one tracker, in a process of its own: `python -m yololab.tracking.feeding FOLDER TRACKER STORE`.

It reads the folder again and again and sends what is new, until its standard input ends: the job is over by then, or
has been killed. What it has sent it notes in a file of the folder, so a resumed run goes on where this one stops. The
job never waits for it while it trains, and what goes wrong here costs nothing but the tracker.
"""

import os
import sys
import threading
import traceback
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from yololab.errors import InputError
from yololab.files.json_files import read_json, write_json
from yololab.files.paths import TrackingFolder, TrackingStore
from yololab.masking import mask_secrets, shown
from yololab.tracking.contents import contents_of, subject_of
from yololab.tracking.registry import TRACKERS
from yololab.tracking.tracker import Tracker

STATE_VERSION = 1
SECONDS_BETWEEN_LOOKS = 1.0


@dataclass(frozen=True)
class FedState:
    """What a tracker has been told of a run; it lies in the run's folder.

    Attributes:
        id: What the tracker calls the run; empty before it was made.
        place: Where it is kept, and how to look at it.
        step: The last epoch (of a sweep: trial) that was sent.
        files: Kind → size and time of the files that were sent.
        baseline: The name under which it was noted as the baseline.
        ended: Whether everything was sent.
        error: What ended the feeding; None when nothing did.
    """

    id: str = ""
    place: str = ""
    step: int = -1
    files: dict[str, list[int]] | None = None
    baseline: str | None = None
    ended: bool = False
    error: str | None = None


def read_state(folder: Path, name: str) -> FedState:
    """Return what a tracker has been told; nothing when the file is not there, or damaged."""
    with suppress(InputError):
        return read_json(TrackingFolder(folder).state(name), (STATE_VERSION,), FedState)
    return FedState()


def write_state(folder: Path, name: str, state: FedState) -> None:
    """Note what a tracker has been told."""
    write_json(TrackingFolder(folder).state(name), mask_secrets(asdict(state), by_key=False), STATE_VERSION)


@dataclass
class Feeding:
    """One run and one tracker.

    Attributes:
        folder: The run's folder.
        name: The tracker's name.
        tracker: The tracker.
        state: What it has been told.
    """

    folder: Path
    name: str
    tracker: Tracker
    state: FedState

    def begin(self) -> None:
        """Open the run in the tracker, and send the config."""
        place = self.tracker.open()
        self._note(id=place.id, place=place.text, ended=False, error=None)
        self.tracker.settings(contents_of(self.tracker.subject).settings)

    def send_steps(self) -> None:
        """Send the epochs that are new."""
        steps = contents_of(self.tracker.subject).steps
        for step in sorted(step for step in steps if step > self.state.step):
            self.tracker.numbers(steps[step], step)
            self._note(step=step)

    def end(self) -> None:
        """Send what is known in the end."""
        self.send_steps()
        contents = contents_of(self.tracker.subject)
        if contents.results:
            self.tracker.numbers(contents.results, max(self.state.step, 0))
        self.tracker.facts(contents.facts)
        for kind, path in contents.files.items():
            stat = path.stat()
            mark, sent = [stat.st_size, int(stat.st_mtime)], self.state.files or {}
            if sent.get(kind) != mark:
                self.tracker.file(kind, path)
                self._note(files={**sent, kind: mark})
        if contents.baseline and contents.baseline != self.state.baseline:
            self.tracker.baseline(contents.baseline)
            self._note(baseline=contents.baseline)
        self.tracker.close(contents.failed)
        self._note(ended=True)

    def _note(self, **changes: object) -> None:
        self.state = replace(self.state, **changes)  # type: ignore[arg-type]
        write_state(self.folder, self.name, self.state)


def feed(folder: Path, name: str, store: TrackingStore, over: Callable[[], bool]) -> int:
    """Feed a tracker until the job is over, and note what goes wrong.

    Args:
        folder: The folder of the run.
        name: The tracker.
        store: Where trackers keep things in the project.
        over: Waits a moment, and says whether the job is over.

    Returns:
        0, or 1 when the tracker failed.
    """
    state = read_state(folder, name)
    try:
        row = TRACKERS[name]
        tracker = row.load()(subject_of(folder), store, row.online(os.environ), state.id or None)
        feeding = Feeding(folder, name, tracker, state)
        feeding.begin()
        while not over():
            feeding.send_steps()
        feeding.end()
    except (Exception, SystemExit) as error:  # whatever the library of a tracker raises
        message = " ".join(f"{type(error).__name__}: {error}".split())
        with suppress(OSError):
            write_state(folder, name, replace(read_state(folder, name), error=message[:400]))
            log = TrackingFolder(folder).log(name)
            with log.open("a", encoding="utf-8") as file:
                file.write(shown(mask_secrets(traceback.format_exc(), by_key=False)))
        return 1
    return 0


def _end_of_input() -> Callable[[], bool]:
    """Return what waits a moment, and says whether whoever holds the other end of standard input is gone."""
    gone = threading.Event()

    def wait() -> None:
        while os.read(0, 1):
            pass
        gone.set()

    threading.Thread(target=wait, daemon=True).start()
    return lambda: gone.wait(SECONDS_BETWEEN_LOOKS)


if __name__ == "__main__":
    with suppress(OSError, AttributeError):
        os.nice(10)  # the training comes first
    code = feed(Path(sys.argv[1]), sys.argv[2], TrackingStore(Path(sys.argv[3])), _end_of_input())
    raise SystemExit(code)
