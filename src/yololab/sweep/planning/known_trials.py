"""The trials of a sweep as one of its parents knows them: kept up with what changes, so that none is read in vain.

Ours change only when we write them. Those of other parents are read anew for a small share of the time, and
whenever something would follow from them: that a trial may be claimed, or that nothing is left to do.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from yololab.files.index import stamp_of
from yololab.host.processes import ProcessIdentity
from yololab.host.sparing import Sparing
from yololab.sweep.state import SweepFolder, TrialEntry, TrialStatus


@dataclass
class KnownTrials:
    """The trials of a sweep. All but `write` is called under the sweep's lock.

    Attributes:
        folder: The sweep's folder.
        idle: Points all of whose trainings have ended, until somebody takes them out who needs them no more.
        clock: Seconds from some moment on.
    """

    folder: SweepFolder
    clock: Callable[[], float] = time.monotonic
    idle: set[int] = field(default_factory=set)
    _entries: dict[int, TrialEntry] = field(default_factory=dict)
    # Those that others may change, with the stamp of the file that we know; of them, those that may be started.
    _foreign: dict[int, str | None] = field(default_factory=dict)
    _startable: set[int] = field(default_factory=set)
    # Point → its trainings.
    _trainings: dict[int, dict[int, TrialEntry]] = field(default_factory=dict)
    _next: int = 0

    def __post_init__(self) -> None:
        self._sparing = Sparing(self.clock)
        self.refresh()

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._entries)

    def all(self) -> list[TrialEntry]:
        """Return each, in the order of their numbers."""
        return [entry for _, entry in sorted(self._entries.items())]

    def refresh(self) -> None:
        """Learn all that other parents have done, from the whole folder."""
        with self._sparing.working():
            for number in self.folder.numbers(self._entries):
                if number not in self._entries or number in self._foreign:
                    self._read(number)

    def catch_up(self) -> None:
        """Learn which trials other parents have begun; what has become of those is looked up now and then."""
        if self._foreign and self._sparing.due:
            self.refresh()
        number = self._next
        while (run := self.folder.trial(number)).path.is_dir():
            if run.trial.is_file():
                self._read(number)
            number += 1

    def write(self, entry: TrialEntry) -> None:
        """Write a trial of ours."""
        self.folder.write_trial(entry)
        self._keep(entry, None)

    def startable(self) -> TrialEntry | None:
        """Return the first trial that may be started and that no other parent looks after; None without one."""
        for number in sorted(self._startable):
            self._read(number)
            entry = self._entries[number]
            if entry.status.startable and not self.folder.has_another_parent(entry):
                return entry
        return None

    def of_point(self, point: int) -> list[TrialEntry]:
        """Return the trainings of a point of the study, as they are now; empty when it has none."""
        for number in [*self._trainings.get(point, ())]:
            if number in self._foreign:
                self._read(number)
        return [*self._trainings.get(point, {}).values()]

    def has_point(self, point: int) -> bool:
        """Return whether a point of the study has a trial here."""
        return point in self._trainings

    def free_number(self) -> int:
        """Return the number of the next trial; a folder with a run whose trial.json is gone keeps its own."""
        number = self._next
        while (run := self.folder.trial(number)).record.exists() or run.holds_a_run():
            number += 1
        return number

    def _read(self, number: int) -> None:
        """Read a trial, unless its file is the one that we know."""
        try:
            stamp = stamp_of(self.folder.trial(number).trial.stat())
        except OSError:
            stamp = None
        if stamp is None or self._foreign.get(number) != stamp:
            self._keep(self.folder.known_trial(number), stamp)

    def _keep(self, entry: TrialEntry, stamp: str | None) -> None:
        """Take note of a trial."""
        number, status = entry.number, entry.status
        self._entries[number] = entry
        self._next = max(self._next, number + 1)
        ours = status is TrialStatus.RUNNING and entry.owner == ProcessIdentity.current()
        if ours or (status.finished and not entry.damaged):  # a file may be unreadable for a moment
            self._foreign.pop(number, None)
        else:
            self._foreign[number] = stamp
        (self._startable.add if status.startable else self._startable.discard)(number)
        if entry.study_trial is not None:
            of_point = self._trainings.setdefault(entry.study_trial, {})
            of_point[number] = entry
            ended = all(item.status.finished for item in of_point.values())
            (self.idle.add if ended else self.idle.discard)(entry.study_trial)
