"""A sweep while it runs: a table on a terminal, else one line for each trial that starts or ends."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from yololab.errors import InputError
from yololab.files.epochs import read_results
from yololab.files.record_content import FOLD
from yololab.sweep.executor import JobState
from yololab.sweep.state import SweepFolder, SweepSettings, TrialEntry, TrialStatus
from yololab.tasks import TASKS
from yololab.terminal.screen import Screen, make_table
from yololab.terminal.status_line import Activity
from yololab.text import duration, number, shortened

REFRESH_SECONDS = 2.0
VALUES_WIDTH = 60
MOST_ROWS = 15


@dataclass
class SweepProgress:
    """What a user sees of a running sweep.

    Attributes:
        folder: The sweep's folder.
        settings: What was asked for.
        screen: Where to print.
        planned: How many trials there will be at most.
        parallel: How many trials run at once.
    """

    folder: SweepFolder
    settings: SweepSettings
    screen: Screen
    planned: int
    parallel: int
    # Of the trials that have ended: kept up with each, since a line tells them after each of ten thousand.
    _ended: dict[int, TrialStatus] = field(default_factory=dict)
    _count: Counter[TrialStatus] = field(default_factory=Counter)
    _best: tuple[float, int] | None = None
    _took: float = 0.0  # of so many trials together
    _timed: int = 0
    _foreseen: float | None = None
    # Where trials are paused: the epochs that each has trained, those before this process, the seconds of all pieces.
    _trained: dict[int, int] = field(default_factory=dict)
    _trained_before: int = 0
    _pieces: float = 0.0
    _started: dict[int, float] = field(default_factory=dict)
    _activity: Activity = field(default_factory=lambda: Activity("sweep"))
    _shown: float = 0.0

    @contextmanager
    def shown(self) -> Iterator[None]:
        """Show how far the sweep is, on a terminal with a table of the trials that run."""
        entries = self.folder.trials()
        for entry in entries:
            if entry.status.finished:
                self._note(entry)
        there = [entry for entry in entries if entry.status in (TrialStatus.PAUSED, TrialStatus.COMPLETE)]
        self._trained = {entry.number: entry.until or self.settings.epochs for entry in there}
        self._trained_before = sum(self._trained.values())
        with self.screen.showing(self._activity):
            yield

    def changed(self, entry: TrialEntry) -> None:
        """Print a line for a trial that was started or has ended."""
        self._shown = 0.0
        values = "  ".join(f"{key}={_short(value)}" for key, value in entry.params.items())
        if entry.status is TrialStatus.RUNNING:
            self._started[entry.number] = time.monotonic()
            again = f"  (attempt {entry.attempts - entry.pauses})" if entry.attempts - entry.pauses > 1 else ""
            again += "  goes on" if entry.pauses else ""
            again += "" if entry.until is None else f"  until epoch {entry.until}"
            self.screen.stage(f"trial {entry.number}", f"{values}{again}")
            return
        if entry.status in (TrialStatus.PAUSED, TrialStatus.COMPLETE):
            self._trained[entry.number] = entry.until or self.settings.epochs
            if entry.number in self._started:
                self._pieces += time.monotonic() - self._started[entry.number]
        if entry.status.finished:
            self._note(entry)
            if entry.number in self._started and entry.status is TrialStatus.COMPLETE:
                self._took += time.monotonic() - self._started.pop(entry.number)
                self._timed += 1
        numbers = "  ".join(
            f"{item.metric} {number(value)}"
            for item, value in zip(self.settings.objectives, entry.objectives or (), strict=False)
        )
        if entry.status is TrialStatus.PAUSED:
            epoch, value = self._epoch(entry)
            numbers = f"after epoch {epoch}  {self.settings.objectives[0].metric} {number(value)}"
        error = str((entry.error or {}).get("message", "")).partition("\n")[0]
        parts = (entry.status.value, numbers, error, self.overview())
        self.screen.stage(f"trial {entry.number}", "  ".join(filter(None, parts)))

    def _note(self, entry: TrialEntry) -> None:
        """Count a trial that has ended."""
        before = self._ended.get(entry.number)
        if before is not None:
            self._count[before] -= 1
        self._ended[entry.number] = entry.status
        self._count[entry.status] += 1
        if entry.status is TrialStatus.COMPLETE and entry.objectives:
            value, lower = entry.objectives[0], self.settings.objectives[0].lower_is_better
            if self._best is None or (value < self._best[0] if lower else value > self._best[0]):
                self._best = value, entry.number

    def tick(self, running: Mapping[int, TrialEntry], states: Mapping[int, JobState]) -> None:
        """Draw the table anew."""
        if time.monotonic() - self._shown < REFRESH_SECONDS:
            return
        self._shown = time.monotonic()
        if self.screen.drawn:
            shown = [running[number] for number in sorted(running)[:MOST_ROWS]]
            rows = [self._row(entry, states.get(entry.number)) for entry in shown]
            columns = ("trial", "values", "state", "epoch", self.settings.objectives[0].metric, "left")
            self._activity.above = make_table(columns, rows)
        self._activity.text = f"{len(running)} running, {self.overview()}"

    def overview(self) -> str:
        """Return how far the sweep is, in one line."""
        count = self._count
        parts = [f"{len(self._ended)}/{self.planned}"]
        if self.settings.budget_epochs is not None:
            parts = [f"{sum(self._trained.values())}/{self.settings.budget_epochs} epochs"]
            parts += [f"{count[TrialStatus.COMPLETE]} complete"] if count[TrialStatus.COMPLETE] else []
        parts += [f"{count[status]} {status}" for status in (TrialStatus.PRUNED, TrialStatus.FAILED) if count[status]]
        if self._best is not None and FOLD not in self.settings.keys:  # a fold is no better than another
            value, trial = self._best
            parts.append(f"best {number(value)} (trial {trial})")
        left = self.seconds_left()
        return ", ".join(parts) + ("" if left is None else f", about {duration(left)} left")

    def seconds_left(self) -> float | None:
        """Return how long the rest will take at the pace so far; None before the first epoch of a trial."""
        if self.settings.budget_epochs is not None:
            trained = sum(self._trained.values()) - self._trained_before
            left_epochs = self.settings.budget_epochs - sum(self._trained.values())
            return self._pieces / trained * left_epochs / max(1, self.parallel) if trained > 0 else None
        left = self.planned - len(self._ended)
        each = self._took / self._timed if self._timed else self._foreseen
        return None if each is None or left <= 0 else each * left / max(1, self.parallel)

    def _row(self, entry: TrialEntry, state: JobState | None) -> tuple[str, ...]:
        """Return a running trial's row."""
        values = shortened("  ".join(f"{key}={_short(value)}" for key, value in entry.params.items()), VALUES_WIDTH)
        epoch, value = self._epoch(entry)
        began = self._started.get(entry.number)
        left = None
        if began is not None and epoch:
            self._foreseen = (time.monotonic() - began) / epoch * self.settings.epochs
            left = self._foreseen * max(0.0, 1 - epoch / self.settings.epochs)
        elif began is not None and self._timed:
            left = max(0.0, self._took / self._timed - (time.monotonic() - began))
        shown = "" if epoch is None else str(epoch), number(value), "" if left is None else duration(left)
        return (str(entry.number), values, str(state or entry.status), *shown)

    def _epoch(self, entry: TrialEntry) -> tuple[int | None, float | None]:
        """Return the last epoch that a trial has finished, and the metric that was measured last."""
        try:
            table = read_results(self.folder.trial(entry.number).results)
        except InputError:
            return None, None
        shown = self.settings.objectives[0].metric
        source = next((item.source for item in TASKS[self.settings.task].metrics if item.name == shown), None)
        column = table.metrics.get(source or "", ())
        # with `speed` not each epoch is validated
        known = next((value for value in reversed(column) if value is not None), None)
        return (table.epochs[-1] if table.epochs else None), known


def _short(value: Any) -> str:
    """Write a value with at most four digits that count."""
    return f"{value:.4g}" if isinstance(value, float) else str(value)
