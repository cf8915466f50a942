"""The persisted state of a sweep: one sweep.json, and a small trial.json in the folder of each trial.

The truth of a finished trial is its own record, experiment_log.json; trial.json holds what only the sweep knows.
Where a trial is follows from both and from its process, in `trial_status` and nowhere else.
"""

from __future__ import annotations

import os
from collections.abc import Container, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

from filelock import FileLock
from msgspec import Meta

from yololab.config.schema import PathsConfig
from yololab.config.search import SearchConfig
from yololab.errors import InputError, Problem
from yololab.files.json_files import checked, read_json, write_json
from yololab.files.locks import process_of
from yololab.files.paths import RunFolder, SweepPaths
from yololab.files.record import Record, now
from yololab.files.record_content import Status
from yololab.host.processes import ProcessIdentity
from yololab.job.resume import whereabouts
from yololab.sweep.executor import Resources

SWEEP_VERSION = 1
TRIAL_VERSION = 1
APPROVALS_VERSION = 1
LOCK_TIMEOUT_SECONDS = 120
# A parent on another machine that has not been heard of for so long is gone.
SILENCE_SECONDS = 180.0


class TrialStatus(StrEnum):
    """Where a trial is. These are the only terms for it in a sweep: on the screen, in summary.json, in trial.json."""

    NOT_STARTED = "not started"
    RUNNING = "running"
    INTERRUPTED = "interrupted"
    PAUSED = "paused"
    COMPLETE = "complete"
    PRUNED = "pruned"
    FAILED = "failed"

    @property
    def finished(self) -> bool:
        """Whether nothing will come after it."""
        return self in (TrialStatus.COMPLETE, TrialStatus.PRUNED, TrialStatus.FAILED)

    @property
    def startable(self) -> bool:
        """Whether a parent may start it, for the first time or again from its last checkpoint."""
        return self in (TrialStatus.NOT_STARTED, TrialStatus.INTERRUPTED)


# The kind of the error of a trial whose trial.json cannot be read.
DAMAGED = "Damaged"
# How yololab 0.1.0 wrote both statuses of a trial that may be started into trial.json.
_WAITING = "waiting"


@dataclass(frozen=True)
class TrialEntry:
    """What the sweep knows of one trial.

    Attributes:
        number: Its number, which is also the name of its folder.
        overrides: Its overrides, those that do not vary included.
        params: Swept key → its value here, as a person reads it.
        status: Where it is, as far as the sweep has noted it; `trial_status` says where it really is.
        study_trial: Its number in the study; several trials share one when each point is tried with several seeds.
        attempts: How often its body was submitted.
        handle: The engine's handle of the newest submission.
        owner: The process that watches it; None when nobody does.
        objectives: The values of the sweep's objectives, in their order.
        error: Why it failed: `message` and `kind`.
        submitted: When it was first submitted.
        finished: When the sweep learnt of its end.
        until: The epoch after which it is paused, from 1; None when it is trained to its end.
        pauses: How often it was paused.
    """

    number: int
    overrides: tuple[str, ...]
    params: dict[str, Any]
    status: TrialStatus = TrialStatus.NOT_STARTED
    study_trial: int | None = None
    attempts: int = 0
    handle: str | None = None
    owner: ProcessIdentity | None = None
    objectives: tuple[float, ...] | None = None
    error: dict[str, Any] | None = None
    submitted: str | None = None
    finished: str | None = None
    until: int | None = None
    pauses: int = 0

    @property
    def damaged(self) -> bool:
        """Whether its trial.json cannot be read; it stands for itself then."""
        return (self.error or {}).get("kind") == DAMAGED

    def ended(
        self, status: TrialStatus, objectives: tuple[float, ...] | None = None, error: dict[str, Any] | None = None
    ) -> TrialEntry:
        """Return the entry of the trial after its process has ended: nobody watches it any more."""
        finished = now() if status.finished else None
        found = replace(self, status=status, objectives=objectives, error=error)
        return replace(found, owner=None, handle=None, finished=finished)

    def to_json(self) -> dict[str, Any]:
        """Return the content of trial.json, where the status has been called `state` from the first version on."""
        content = asdict(self)
        return content | {"state": content.pop("status")}


# What a record says, as a status of its trial; of a trial that is `running` its process says more.
_RECORDED = {Status.REJECTED: TrialStatus.FAILED} | {
    status: TrialStatus(status)
    for status in (Status.COMPLETE, Status.PRUNED, Status.PAUSED, Status.FAILED, Status.INTERRUPTED)
}


def trial_status(entry: TrialEntry | None, record: Mapping[str, Any] | None, *, gone: bool = False) -> TrialStatus:
    """Return where a trial is, from its trial.json, its record and its process.

    A process on another machine, of which nothing can be learnt from here, counts as running.

    Args:
        entry: What the sweep has noted; None for a run that belongs to no sweep, or whose record alone is asked.
        record: The trial's own record; None without one.
        gone: Whether the process is known to have ended: the engine said so.
    """
    if entry is not None and entry.status.finished:
        return entry.status
    if record is None:
        owner = entry.owner if entry is not None and entry.status is TrialStatus.RUNNING and not gone else None
        started = owner is not None and owner.is_alive() is not False
        return TrialStatus.RUNNING if started else TrialStatus.NOT_STARTED
    said = _RECORDED.get(record["status"])
    if said is not None:
        return said
    process = None if gone else process_of(record)
    alive = process is not None and process.is_alive() is not False
    return TrialStatus.RUNNING if alive else TrialStatus.INTERRUPTED


def failure(message: str, kind: str, exit_code: int = 1) -> dict[str, Any]:
    """Return the error of a trial as it stands in trial.json and in its record."""
    return {"message": message, "kind": kind, "exit_code": exit_code}


@dataclass(frozen=True)
class Objective:
    """One thing that the sweep is after.

    Attributes:
        metric: A number of metrics.json, dotted where it is nested: `mAP50-95`, `speed_ms.inference`.
        direction: `maximize` or `minimize`.
    """

    metric: str
    direction: str

    @property
    def lower_is_better(self) -> bool:
        """Whether it is an error, or a time."""
        return self.direction == "minimize"


@dataclass(frozen=True)
class StoppedEarly:
    """Why a sweep over seeds has fewer trials than were asked for.

    Attributes:
        seeds: Seeds of each recipe after which it was clear.
        level: What p had to lie below, one-sided.
        p: The largest p of the other recipes.
        best: The best recipe; empty where it ended since an answer was not to be expected any more.
        planned: How many trainings there would have been.
        chance: How likely all seeds would have given an answer, where it ended without.
    """

    seeds: int
    level: float
    p: float
    best: str
    planned: int
    chance: float | None = None


@dataclass(frozen=True)
class WarmTrial:
    """A trial of an earlier sweep that this one begins with.

    Attributes:
        folder: Its folder.
        metric: The objective, as both sweeps have it.
        value: What it had reached, on the split that chose it there: never the test split.
    """

    folder: str
    metric: str
    value: float


@dataclass(frozen=True)
class SweepSettings:
    """What was asked for: all that a resumed sweep needs to know.

    Attributes:
        name: The study's name in its storage.
        storage: The study's storage as a URL; null for the file in the sweep's folder.
        arguments: The overrides of the command line, sweeps included, with the space of the search file.
        keys: The keys that vary, in their order.
        objectives: What the sweep is after.
        search: The settings `search.*`.
        budget: How many trials the sweep is made of.
        engine: The engine's name.
        engine_settings: Its settings.
        resources: What each trial gets.
        working_directory: Where the command was run; relative paths start there.
        task: The task of the trials.
        epochs: Epochs of the longest training.
        seed: The seed of the first training of each point, when there are several.
        command: The command as it was typed.
        created: When.
        identity: What tells its points from those of other sweeps in the same study, wherever it lies.
        stopped: Why it has fewer trials than were asked for; None when it has not.
        first_point: Values that the first point has; what it leaves out is sampled. Empty when all are sampled.
        budget_epochs: Epochs of all trials together at most; None where only their number counts.
        warm_points: Points of earlier sweeps that come before all others, the best first.
        warm_from: Of each of these the folder of its trial, and what that had reached.
    """

    name: str
    storage: str | None
    arguments: tuple[str, ...]
    keys: tuple[str, ...]
    objectives: Annotated[tuple[Objective, ...], Meta(min_length=1)]
    search: SearchConfig
    budget: int
    engine: str
    engine_settings: dict[str, Any]
    resources: Resources
    working_directory: str
    task: str = "detect"
    epochs: int = 1
    seed: int = 0
    command: tuple[str, ...] = ()
    created: str = ""
    identity: str = ""
    stopped: StoppedEarly | None = None
    first_point: dict[str, Any] = field(default_factory=dict)
    budget_epochs: int | None = None
    warm_points: tuple[dict[str, Any], ...] = ()
    warm_from: tuple[WarmTrial, ...] = ()


def _is_number(name: str) -> bool:
    """Return whether a folder is called as a trial is: `7`, and neither `07` nor `²`."""
    return name.isdecimal() and str(int(name)) == name


class SweepFolder(SweepPaths):
    """A sweep's paths and its state."""

    def is_sweep(self) -> bool:
        """Whether a sweep was started here."""
        return self.settings_file.is_file()

    def is_rejected(self) -> bool:
        """Whether a sweep was not approved here, and so not started."""
        if self.is_sweep() or not self.approvals.is_file():
            return False
        try:
            return read_json(self.approvals, (APPROVALS_VERSION,), dict[str, Any]).get("status") == Status.REJECTED
        except InputError:
            return False

    def refuse_rejected(self) -> None:
        """Stop where there is nothing but an answer.

        Raises:
            InputError: The sweep was not approved.
        """
        if self.is_rejected():
            remedy = "the command that was typed starts it anew; `yololab clean` of the folder removes it"
            found = "a sweep that was not approved: nothing of it was run"
            raise InputError(Problem(str(self.path), found, "a run or a sweep that was started", remedy))

    def numbers(self, known: Container[int] = ()) -> list[int]:
        """Return the numbers of the trials that there are, in order.

        Args:
            known: Those whose trial.json is known to be there, and is not looked for again.
        """
        with os.scandir(self.path) as entries:
            found = [int(entry.name) for entry in entries if _is_number(entry.name)]
        return sorted(number for number in found if number in known or self.trial(number).trial.is_file())

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep other parents of the sweep from changing its trials meanwhile; a killed holder lets go by itself."""
        with FileLock(self.lock, timeout=LOCK_TIMEOUT_SECONDS):
            yield

    def write_heartbeat(self, owner: ProcessIdentity) -> float:
        """Leave a sign of life of a parent, for parents on other machines; return the moment by the file system."""
        file = self.heartbeat(owner.host, owner.pid, owner.started)
        file.parent.mkdir(exist_ok=True)
        file.touch()
        return file.stat().st_mtime

    def has_another_parent(self, entry: TrialEntry) -> bool:
        """Return whether another parent looks after a trial: it lives, or far away it gave a sign of life lately."""
        if entry.owner is None or entry.owner == ProcessIdentity.current():
            return False
        alive = entry.owner.is_alive()
        if alive is not None:
            return alive
        sign = self.heartbeat(entry.owner.host, entry.owner.pid, entry.owner.started)
        there = sign.exists()
        return there and self.write_heartbeat(ProcessIdentity.current()) - sign.stat().st_mtime < SILENCE_SECONDS

    def write_settings(self, settings: SweepSettings) -> None:
        """Write sweep.json."""
        write_json(self.settings_file, asdict(settings), SWEEP_VERSION)

    def read_settings(self) -> SweepSettings:
        """Read sweep.json.

        Raises:
            InputError: There is none, its version is unknown, or it is damaged.
        """
        return read_json(self.settings_file, (SWEEP_VERSION,), SweepSettings)

    def write_trial(self, entry: TrialEntry) -> None:
        """Write a trial.json."""
        write_json(self.trial(entry.number).trial, entry.to_json(), TRIAL_VERSION)

    def read_trial(self, number: int) -> TrialEntry:
        """Read a trial.json.

        Raises:
            InputError: There is none, its version is unknown, or it is damaged.
        """
        file = self.trial(number).trial
        content = read_json(file, (TRIAL_VERSION,), dict[str, Any])
        status = content.get("state")
        if status == _WAITING:
            status = TrialStatus.INTERRUPTED if content.get("attempts") else TrialStatus.NOT_STARTED
        entry = checked(content | {"status": status}, TrialEntry, str(file))
        if entry.number != number:
            raise InputError(Problem(f"{file}, number", f"{entry.number}", f"{number}, as its folder is called"))
        return entry

    def known_trial(self, number: int) -> TrialEntry:
        """Return what is known of a trial; one whose trial.json is damaged counts as failed, and says so."""
        try:
            return self.read_trial(number)
        except InputError as error:
            return TrialEntry(number, (), {}).ended(TrialStatus.FAILED, error=failure(str(error), DAMAGED))

    def leave_record(self, entry: TrialEntry) -> None:
        """Give a failed trial that could not write its record one: every folder says what became of its trial."""
        run = self.trial(entry.number)
        if not run.record.exists():
            run.path.mkdir(exist_ok=True)
            record = Record(run)
            record.begin({"name": str(entry.number)})
            record.finish(Status.FAILED, entry.error)

    def entry_of(self, folder: Path) -> TrialEntry | None:
        """Return what is known of the trial in `folder`; None when no trial of this sweep lies there."""
        known = folder.parent == self.path and _is_number(folder.name) and RunFolder(folder).trial.is_file()
        return self.known_trial(int(folder.name)) if known else None

    def whereabouts(self, frozen: PathsConfig) -> tuple[PathsConfig, Path]:
        """Return the folders of the project that the sweep lies in, and where relative paths of its trials start.

        Args:
            frozen: What the config of a trial says of the folders.
        """
        started_in = Path(self.read_settings().working_directory)
        return whereabouts(self.path, started_in, frozen, PathsConfig(), Path.cwd())

    def trials(self) -> list[TrialEntry]:
        """Return what is known of each trial, in the order of their numbers."""
        return [self.known_trial(number) for number in self.numbers()]
