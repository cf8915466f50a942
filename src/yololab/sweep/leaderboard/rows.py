"""The rows of the leaderboard: each record of a project, read again only when it has changed since it was indexed."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from yololab.errors import InputError
from yololab.files.index import FileIndex, indexed_name, is_settled, stamp_of
from yololab.files.json_files import MOST_BYTES
from yololab.files.paths import PROVENANCE, RECORD, TRIAL, CacheFolder, OutputTree, RunFolder, SweepPaths
from yololab.files.reading import read_bytes
from yololab.files.record_content import Status
from yololab.host.processes import ProcessIdentity
from yololab.masking import mask_secrets
from yololab.sweep.leaderboard.facts import Base, RunFacts, facts_of, read_record
from yololab.tasks import TASKS, Direction

INDEX_VERSION = 2
DAMAGED = "damaged"  # said of a trial whose trial.json cannot be read
# Task → its primary metric, and whether less of it is better.
_PRIMARY = {name: (task.primary_metric, task.primary.direction is Direction.LOWER) for name, task in TASKS.items()}
_BASE = "base"  # its name among the index's entries
# What a trial.json says of a trial that has ended; before that its record says more.
_ENDED = (Status.COMPLETE, Status.PRUNED, Status.FAILED)


@dataclass(slots=True)
class RunRow:
    """One run or trial.

    Attributes:
        name: Its name, which commands take: below `outputs/training`, or `multirun/<sweep>/<number>`.
        path: Its folder.
        facts: What its record says.
        status: What became of it: also `killed`, and `unreadable: …`.
        sweep: The sweep that it is a trial of, `multirun/<sweep>`.
        base: The base's settings, dotted key → value.
        winner: Whether it is the best of its sweep.
        baseline: Whether it is the baseline in force of its dataset and task.
    """

    name: str
    path: str
    facts: RunFacts
    status: str
    sweep: str | None
    base: dict[str, Any]
    winner: bool = False
    baseline: bool = False

    @property
    def metric(self) -> str | None:
        """The primary metric of its task."""
        return _PRIMARY.get(self.facts.task or "", (None, False))[0]

    @property
    def value(self) -> float | None:
        """What it reached in that."""
        return self.facts.metrics.get(_PRIMARY.get(self.facts.task or "", ("", False))[0])

    @property
    def score(self) -> float | None:
        """The same, so that more is better."""
        name, lower = _PRIMARY.get(self.facts.task or "", ("", False))
        value = self.facts.metrics.get(name)
        return -value if value is not None and lower else value

    def setting(self, key: str) -> Any:
        """Return a setting's value; `UNSET` where its version of yololab did not have it."""
        found = self.facts.changed.get(key, msgspec.UNSET)
        if found is not msgspec.UNSET or key in self.facts.absent or not self.facts.base:
            return found
        return self.base.get(key, msgspec.UNSET)

    @property
    def seed(self) -> Any:
        """The seed of its training."""
        found = self.setting("seed")
        return None if found is msgspec.UNSET else found


class _Trial(Struct):
    """What a trial.json says of a trial."""

    number: int
    state: str


class Objective(Struct):
    """What a sweep is after: a number of metrics.json, and `maximize` or `minimize`."""

    metric: str
    direction: str


class SweepFacts(Struct, frozen=True):
    """What a sweep.json says.

    Attributes:
        objectives: What the sweep is after.
        budget: How many trials it is made of.
        keys: What varies.
        problem: Why the file cannot be read; empty otherwise.
    """

    objectives: list[Objective] = []
    budget: int = 0
    keys: list[str] = []
    problem: str = ""


@dataclass
class Board:
    """What a project holds.

    Attributes:
        rows: A row each run and trial, by name.
        sweeps: What each sweep is after, by its name `multirun/<sweep>`.
        rejected: Sweeps that were not approved, and so not started.
        base: The base's settings.
        read: How many records were read; the others were known.
        problem: Why the index is done without; empty while it is not.
    """

    rows: list[RunRow] = field(default_factory=list)
    sweeps: dict[str, SweepFacts] = field(default_factory=dict)
    rejected: list[str] = field(default_factory=list)
    base: dict[str, Any] = field(default_factory=dict)
    read: int = 0
    problem: str = ""


@dataclass(slots=True)
class _Place:
    """Where a record lies: the run's name and folder, its sweep, the record's stamp, and whether that will show."""

    name: str
    folder: str
    sweep: str | None
    stamp: str
    settled: bool


class _Reader:
    """Reads records; the first one with settings is the base when there is none."""

    def __init__(self, base: Base | None) -> None:
        self.new = base is None
        self._take(base or Base({}))

    def _take(self, base: Base) -> None:
        self.base, self.values = base, base.values
        self.number = base.number if base.tree else 0

    def read(self, place: _Place) -> RunFacts:
        """Read a record; one that cannot be read says so in its facts."""
        try:
            record = read_record(Path(f"{place.folder}/{RECORD}"))
            if not self.number and record.requested_config:
                self._take(Base(mask_secrets(record.requested_config)))
            return facts_of(record, self.base, self.number, _trial(place.folder) if place.sweep else None)
        except InputError as error:
            return RunFacts("unreadable", problem=error.problems[0].found)


def read_board(tree: OutputTree, cache: Path | None) -> Board:
    """Read what a project holds; a record that cannot be read is named in its own row.

    Args:
        tree: The project's results.
        cache: Our cache folder, where the index lies; None reads every record.
    """
    sweeps = list(_folders(tree.multirun, tree.multirun.name))
    trials = (trial for name, folder in sweeps for trial in _folders(folder, name))
    places = [*_places(_folders(tree.training, "")), *_places(trials)]
    index = FileIndex(None if cache is None or not places else CacheFolder(cache).runs(INDEX_VERSION, tree), 0.2)
    known = index.known(None, RunFacts)
    reader = _Reader(index.known([_BASE], Base).get(_BASE, ("", None))[1])
    board, fresh = Board(), {}
    for place in places:
        key = indexed_name(place.name)
        stamp, facts = known.get(key, ("", None))
        if facts is None or stamp != place.stamp or facts.base not in (0, reader.number):
            facts = reader.read(place)
            board.read += 1
            if place.settled:
                fresh[key] = (place.stamp, facts)
        board.rows.append(RunRow(_text(place.name), place.folder, facts, _status(facts), place.sweep, reader.values))
    if reader.new and reader.number:
        index.save({_BASE: ("", reader.base)}, Base)
    index.save(fresh, RunFacts, gone=known.keys() - {indexed_name(place.name) for place in places})
    for name, folder in sweeps:
        _add_sweep(name, SweepPaths(Path(folder)), board)
    _mark(tree, board)
    board.base, board.problem = reader.values, index.problem
    return board


def _folders(parent: str | Path, name: str) -> Iterator[tuple[str, str]]:
    """Yield (name, path) of the folders in a folder, in order; links and hidden ones are none."""
    try:
        with os.scandir(parent) as entries:
            found = sorted(
                entry.name for entry in entries if entry.name[0] != "." and entry.is_dir(follow_symlinks=False)
            )
    except OSError:
        return
    yield from ((f"{name}/{item}" if name else item, f"{parent}/{item}") for item in found)


def _places(folders: Iterator[tuple[str, str]]) -> Iterator[_Place]:
    """Yield where records lie."""
    for name, folder in folders:
        try:
            status = os.stat(f"{folder}/{RECORD}")  # noqa: PTH116 - ten thousand of them
        except OSError:
            if not os.path.lexists(f"{folder}/{RECORD}"):  # no run; a link that leads nowhere, or to itself, is told
                continue
            yield _Place(name, folder, None, "", settled=False)
            continue
        stamp, settled, sweep = stamp_of(status), is_settled(status), None
        if "/" in name:
            sweep = name.rpartition("/")[0]
            try:
                noted = os.stat(f"{folder}/{TRIAL}")  # noqa: PTH116
                stamp, settled = f"{stamp}+{stamp_of(noted)}", settled and is_settled(noted)
            except OSError:
                stamp += "+"
        yield _Place(name, folder, sweep, stamp, settled)


def _trial(folder: str) -> str | None:
    """Return what a trial's sweep has noted of it."""
    run = RunFolder(Path(folder))
    if not run.trial.exists():
        return None
    try:
        trial = msgspec.json.decode(read_bytes(run.trial, MOST_BYTES), type=_Trial)
    except (InputError, msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        return DAMAGED
    return trial.state if str(trial.number) == run.path.name else DAMAGED


def _status(facts: RunFacts) -> str:
    """Return the status of a run or a trial; a run that says `running` while its process is gone was killed."""
    if facts.problem:
        return f"unreadable: {facts.problem}"
    if facts.trial == DAMAGED:
        return f"{facts.status} (its {TRIAL} is damaged)"
    if facts.trial in _ENDED:
        return facts.trial
    if facts.status != Status.RUNNING:
        return facts.status
    process = facts.process
    alive = process and ProcessIdentity(process.host, process.pid, process.started or "").is_alive()
    return "killed" if process is None or alive is False else facts.status


def _add_sweep(name: str, paths: SweepPaths, board: Board) -> None:
    """Read what a sweep is after, or that it was not approved."""
    try:
        board.sweeps[_text(name)] = msgspec.json.decode(read_bytes(paths.settings_file, MOST_BYTES), type=SweepFacts)
    except InputError as error:
        if paths.settings_file.exists():
            board.sweeps[_text(name)] = SweepFacts(problem=error.problems[0].found)
        elif paths.approvals.exists():
            board.rejected.append(_text(name))
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
        board.sweeps[_text(name)] = SweepFacts(problem=str(error)[:200].lower())


def _mark(tree: OutputTree, board: Board) -> None:
    """Mark the winners of sweeps, and the runs that are baselines in force."""
    winners = set()
    for name in board.sweeps:
        link = SweepPaths(tree.root / name).best
        if link.is_symlink():
            winners.add(f"{name}/{link.readlink().name}")
    origins = set()
    for path in tree.baselines.glob(f"*/*/{PROVENANCE}"):
        try:
            content = msgspec.json.decode(read_bytes(path, MOST_BYTES), type=dict[str, Any])
        except (InputError, msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
            continue
        origins.add(str(content.get("place") or content.get("run")))
    for row in board.rows:
        row.winner = row.name in winners
        row.baseline = bool(origins) and not origins.isdisjoint({row.path, os.path.relpath(row.path, tree.root)})


def _text(name: str) -> str:
    """Return a name as text that can be written anywhere: bytes that are no UTF-8 with a backslash."""
    return name if name.isascii() else name.encode("utf-8", "backslashreplace").decode()
