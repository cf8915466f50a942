"""The loop of every sweep: as many trials as the engine holds, the next as soon as one ends, none ends the others."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from yololab.errors import InterruptedRunError, JobError
from yololab.files.locks import process_of
from yololab.files.paths import RunFolder
from yololab.files.record import Record, now
from yololab.host.processes import ProcessIdentity
from yololab.host.signals import StopSignal
from yololab.sweep.executor import Executor, JobState
from yololab.sweep.results.outcome import read_outcome
from yololab.sweep.state import Objective, SweepFolder, TrialEntry, TrialStatus, failure

POLL_SECONDS = 0.5
HEARTBEAT_SECONDS = 30.0
# A body of this machine notices within seconds that its parent is gone, and saves its state.
ORPHAN_SECONDS = 30


class Source(Protocol):
    """Where trials come from, and who keeps what is known of them."""

    def next(self) -> TrialEntry | None:
        """Return the next trial, claimed for this process and its folder frozen; None when there is none now."""
        ...

    def environment(self, entry: TrialEntry) -> dict[str, str]:
        """Return the variables for the trial's process."""
        ...

    def write(self, entry: TrialEntry) -> None:
        """Write a trial's trial.json."""
        ...

    def ended(self, entry: TrialEntry) -> None:
        """Take note of a finished trial."""
        ...


class Observer(Protocol):
    """Who follows the sweep: the screen, the summary."""

    def changed(self, entry: TrialEntry) -> None:
        """Take note of a trial that was started, or has ended."""
        ...

    def tick(self, running: Mapping[int, TrialEntry], states: Mapping[int, JobState]) -> None:
        """Take note that time has passed."""
        ...


@dataclass
class TrialLoop:
    """Runs the trials of one sweep.

    Attributes:
        folder: The sweep's folder.
        source: Where trials come from.
        executor: The engine.
        objectives: What the sweep is after.
        observers: Who follows it.
        retries: How often a trial that was killed is started again.
        still_running: Trials of an earlier parent.
        timeout_seconds: From when on no trial is started any more.
        poll_seconds: How often the engine is asked.
        clock: Seconds from some moment on.
    """

    folder: SweepFolder
    source: Source
    executor: Executor
    objectives: Sequence[Objective]
    observers: Sequence[Observer]
    retries: int = 0
    still_running: Sequence[TrialEntry] = ()
    timeout_seconds: float | None = None
    poll_seconds: float = POLL_SECONDS
    clock: Callable[[], float] = time.monotonic
    _running: dict[int, TrialEntry] = field(default_factory=dict)
    _states: dict[int, JobState] = field(default_factory=dict)

    def run(self, stop: StopSignal) -> None:
        """Run until nothing is left.

        Raises:
            InterruptedRunError: It was asked to stop; running trials have saved their state and wait.
        """
        started = self.clock()
        self._running = {entry.number: entry for entry in self.still_running}
        self._states = dict.fromkeys(self._running, JobState.RUNNING)
        stopping, last_heartbeat = False, -HEARTBEAT_SECONDS
        try:
            while True:
                if stop.requested and not stopping:
                    stopping = True
                    for running in self._running.values():
                        self.executor.cancel(running.handle or "")
                late = self.timeout_seconds is not None and self.clock() - started >= self.timeout_seconds
                while not (stopping or late) and len(self._running) < self.executor.capacity:
                    if (entry := self.source.next()) is None:
                        break
                    self._submit(entry)
                if not self._running:
                    break
                self._look(stopping=stopping)
                if self.clock() - last_heartbeat >= HEARTBEAT_SECONDS:
                    last_heartbeat = self.clock()
                    self.folder.write_heartbeat(ProcessIdentity.current())
                for observer in self.observers:
                    observer.tick(self._running, self._states)
                if self._running:
                    time.sleep(self.poll_seconds)
        finally:
            self.executor.close()
            if self._running:
                # After a second signal, or an error of ours: what has ended with us is interrupted, and what runs
                # on in a cluster keeps its handle.
                self._look(stopping=True)
        if stopping:
            raise InterruptedRunError(f"interrupted; `yololab resume {self.folder.path}` continues from here")

    def _submit(self, entry: TrialEntry) -> None:
        """Start a trial; one that the engine does not take has failed."""
        attempt = replace(entry, status=TrialStatus.RUNNING, attempts=entry.attempts + 1)
        attempt = replace(attempt, owner=ProcessIdentity.current(), submitted=entry.submitted or now())
        # Before the engine has it: a parent killed in between leaves a claim that its successor sees as dead.
        self.source.write(attempt)
        try:
            handle = self.executor.submit(self.folder.trial(entry.number).path, self.source.environment(entry))
        except JobError as error:
            self._record(attempt.ended(TrialStatus.FAILED, error=failure(str(error), "JobError")))
            return
        attempt = replace(attempt, handle=handle)
        self.source.write(attempt)
        self._running[entry.number] = attempt
        self._states[entry.number] = JobState.PENDING
        for observer in self.observers:
            observer.changed(attempt)

    def _look(self, *, stopping: bool) -> None:
        """Ask the engine, and take note of what is gone."""
        numbers = {entry.handle or "": number for number, entry in self._running.items()}
        for handle, state in self.executor.poll(list(numbers)).items():
            number = numbers[handle]
            self._states[number] = state
            if state is JobState.GONE:
                self._finish(self._running[number], stopping=stopping)

    def _finish(self, entry: TrialEntry, *, stopping: bool) -> None:
        """Take note of a trial whose process is gone; start it again when that may help."""
        del self._running[entry.number]
        del self._states[entry.number]
        folder = self.folder.trial(entry.number)
        reason = self.executor.reason(entry.handle or "")
        # One that its parent's death has stopped can be resumed; one that was ended by a limit has failed.
        orphan = reason is None and entry.handle in [item.handle for item in self.still_running]
        outcome = read_outcome(entry, folder, self.objectives, reason, asked=stopping or orphan)
        if outcome.retriable and entry.attempts - entry.pauses <= self.retries and not stopping:
            self._submit(entry)
        else:
            self._record(outcome.entry)

    def _record(self, ended: TrialEntry) -> None:
        """Write what became of a trial."""
        self.source.write(ended)
        if ended.status is TrialStatus.FAILED:
            self.folder.leave_record(ended)
        if ended.status.finished:
            self.source.ended(ended)
        for observer in self.observers:
            observer.changed(ended)


def reattach_trials(folder: SweepFolder, executor: Executor, objectives: Sequence[Objective]) -> list[TrialEntry]:
    """Look after the trials of a parent that is gone.

    One whose process still runs becomes ours. One that ended meanwhile is recorded. One that was killed with its parent
    is interrupted, and will be resumed from its last checkpoint.

    Args:
        folder: The sweep's folder.
        executor: The engine.
        objectives: What the sweep is after.

    Returns:
        The trials that still run, as ours.
    """
    running = []
    with folder.locked():
        for entry in folder.trials():
            if entry.status is not TrialStatus.RUNNING or folder.has_another_parent(entry):
                continue
            if entry.handle is None and _orphan_lives(folder.trial(entry.number)):
                # Its parent was killed before it wrote down what it had started: nobody can look after that process.
                continue
            state = JobState.GONE
            if entry.handle is not None:  # of which the engine may know nothing just now: then its last state holds
                state = executor.poll([entry.handle]).get(entry.handle, JobState.RUNNING)
            if state is JobState.GONE:
                found = read_outcome(entry, folder.trial(entry.number), objectives, None, asked=True).entry
            else:
                found = replace(entry, owner=ProcessIdentity.current())
                running.append(found)
            folder.write_trial(found)
    return running


def _orphan_lives(run: RunFolder) -> bool:
    """Return whether a trial's process still lives although its parent is gone; it is given time to notice."""
    process = process_of(Record(run).read()) if run.record.is_file() else None
    deadline = time.monotonic() + ORPHAN_SECONDS
    while process is not None and process.is_alive():
        if time.monotonic() > deadline:
            return True
        time.sleep(1)
    return False
