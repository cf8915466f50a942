"""What runs now: each run's epoch, metric and time left, and what happens: it stalls, ends, or its losses are NaN."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from statistics import fmean

import msgspec

from yololab.errors import InputError
from yololab.files.epochs import EpochTable, read_results
from yololab.files.locks import last_sign
from yololab.files.paths import RunFolder
from yololab.files.record_content import Status
from yololab.sweep.leaderboard.rows import Board, RunRow
from yololab.tasks import TASKS
from yololab.text import counted, duration, number, read_number

EVERY_SECONDS = 2.0
# Reading ten thousand runs takes a while: no more than this share of the time goes into it.
MOST_SHARE = 0.05
# A run that wrote nothing for so long, and for so many of its epochs, stalls; before its first epoch it may be loading.
SILENT_SECONDS, SILENT_EPOCHS, LOADING_SECONDS = 600.0, 3.0, 3600.0
_RECENT = 5  # epochs whose pace tells the time left


@dataclass(frozen=True)
class Progress:
    """Where a run is.

    Attributes:
        name: Its name.
        status: Its status.
        epoch: Epochs completed.
        epochs: Epochs that were asked for.
        metric: The primary metric of its task.
        value: That of the last epoch that was validated.
        seconds_left: What the rest of the training will take at its pace.
        silent: Seconds since it last wrote anything.
        stalls: Whether that is too long.
        broken: The first epoch whose losses are no finite numbers; None while they are.
        error: Why it ended.
    """

    name: str
    status: str
    epoch: int = 0
    epochs: int | None = None
    metric: str | None = None
    value: float | None = None
    seconds_left: float | None = None
    silent: float | None = None
    stalls: bool = False
    broken: int | None = None
    error: str | None = None


@dataclass(frozen=True)
class Event:
    """Something that happened to a run or a sweep.

    Attributes:
        name: Its name.
        text: What happened.
        alert: Whether somebody far away wants to know.
    """

    name: str
    text: str
    alert: bool = True


def progress_of(row: RunRow) -> Progress:
    """Return where a run is, from its files; those that cannot be read count as not there."""
    folder = Path(row.path)
    facts = row.facts
    if row.status != Status.RUNNING:
        return Progress(row.name, row.status, facts.epochs or 0, metric=row.metric, value=row.value, error=facts.error)
    try:
        table = read_results(RunFolder(folder).results)
    except InputError:
        table = EpochTable((), (), {}, {}, {})
    asked = row.setting("epochs")
    planned = read_number(asked) if asked is not msgspec.UNSET else None
    done = table.epochs[-1] if table.epochs else 0
    paces = [seconds for seconds in table.seconds[-_RECENT:] if seconds is not None]
    left = fmean(paces) * max(planned - done, 0) if paces and planned else None
    silent = last_sign(folder)
    limit = max(SILENT_SECONDS, SILENT_EPOCHS * max(paces)) if paces else LOADING_SECONDS
    losses = table.train_losses()
    task = TASKS.get(facts.task or "")
    values = table.metrics.get(task.primary.source, ()) if task else ()
    return Progress(
        row.name,
        row.status,
        epoch=done,
        epochs=int(planned) if planned else None,
        metric=row.metric,
        value=next((value for value in reversed(values) if value is not None), None),
        seconds_left=left,
        silent=silent,
        stalls=silent is not None and silent > limit,
        broken=next((epoch for epoch, loss in zip(table.epochs, losses, strict=True) if loss is None), None),
    )


@dataclass
class Watch:
    """Looks at a project again and again, and says what has happened since the last time.

    Attributes:
        known: What was seen last, by name.
        sweeps: Sweeps of which a trial was running when they were seen last.
    """

    known: dict[str, Progress] = field(default_factory=dict)
    sweeps: set[str] = field(default_factory=set)
    _first: bool = True

    def look(self, board: Board) -> tuple[list[Progress], list[Event]]:
        """Return what runs now, and what has happened."""
        seen = {row.name: row for row in board.rows}
        running = [progress_of(row) for row in board.rows if row.status == Status.RUNNING]
        ended = [progress_of(seen[name]) for name in self.known if name in seen and seen[name].status != Status.RUNNING]
        events = [event for progress in (*running, *ended) for event in self._events(progress)]
        events += [Event(name, "its folder is gone") for name in self.known if name not in seen]
        events += self._sweep_events(board)
        self.known = {progress.name: progress for progress in running}
        self._first = False
        return running, events

    def _events(self, now: Progress) -> Iterator[Event]:
        before = self.known.get(now.name)
        if now.status != Status.RUNNING:
            reached = f", {now.metric} {number(now.value)}" if now.value is not None else ""
            why = f": {now.error}" if now.error else ""
            yield Event(now.name, f"{now.status} after {counted(now.epoch, 'epoch')}{reached}{why}")
            return
        if before is None and not self._first:
            yield Event(now.name, "has started", alert=False)
        if now.stalls and not (before and before.stalls):
            yield Event(now.name, f"stalls: nothing was written for {duration(now.silent)}")
        if before and before.stalls and not now.stalls:
            yield Event(now.name, "goes on")
        if now.broken is not None and (before is None or before.broken is None):
            yield Event(now.name, f"the losses of epoch {now.broken} are no finite numbers (NaN)")

    def _sweep_events(self, board: Board) -> Iterator[Event]:
        """Yield which sweeps have come to their end."""
        running = {row.sweep for row in board.rows if row.sweep and row.status == Status.RUNNING}
        for name in sorted(self.sweeps - running):
            trials = [row for row in board.rows if row.sweep == name]
            budget = board.sweeps[name].budget if name in board.sweeps else 0
            if trials and len(trials) >= budget:
                best = next((row for row in trials if row.winner), None)
                text = f", the best is {best.name} with {best.metric} {number(best.value)}" if best else ""
                yield Event(name, f"its {counted(len(trials), 'trial')} have ended{text}")
        self.sweeps = {name for name in self.sweeps | running if name in running}


def looks(
    read: Callable[[], Board], sleep: Callable[[float], None] = time.sleep, clock: Callable[[], float] = time.monotonic
) -> Iterator[tuple[list[Progress], list[Event]]]:
    """Yield, again and again, what runs now and what has happened.

    Args:
        read: Reads the project, as far as it is asked for.
        sleep: Waits.
        clock: Seconds from some moment on.
    """
    watch = Watch()
    while True:
        began = clock()
        seen = watch.look(read())
        took = clock() - began
        yield seen
        sleep(max(EVERY_SECONDS, took / MOST_SHARE))


def epoch_text(progress: Progress) -> str:
    """Write how far a run is."""
    if not progress.epoch:
        return "before its first epoch"
    return f"epoch {progress.epoch}" + (f"/{progress.epochs}" if progress.epochs else "")


def reached_text(progress: Progress) -> str:
    """Write what it has reached; empty before that is known."""
    return f"  {progress.metric} {number(progress.value)}" if progress.value is not None else ""


def left_text(progress: Progress) -> str:
    """Write how long its training will still take; empty before that is known."""
    return f"  about {duration(progress.seconds_left)} left" if progress.seconds_left is not None else ""
