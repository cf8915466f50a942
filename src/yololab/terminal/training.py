"""A training while it runs: by batch at the foot of a terminal, by epoch in a pipe and in the log."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from yololab.terminal.status_line import Activity, Part, bar
from yololab.text import duration, number, size

if TYPE_CHECKING:
    from yololab.terminal.screen import Screen
    from yololab.ultralytics_adapter.training.training_file import BatchReport


@dataclass(frozen=True)
class Expected:
    """What is known of a training before it starts.

    Attributes:
        epochs: How many there will be at most.
        metric: The metric that decides.
        baseline: Its value in the baseline; None when there is none.
        seconds: How long the training will take at most; None when nobody has estimated it.
        seconds_after: How long the job will take after it.
    """

    epochs: int
    metric: str = ""
    baseline: float | None = None
    seconds: float | None = None
    seconds_after: float = 0.0


class TrainingProgress(Activity):
    """The progress of a training: who trains tells it of batches and epochs.

    Args:
        screen: Where finished epochs are printed.
        expected: What is known of it before.
    """

    def __init__(self, screen: Screen, expected: Expected) -> None:
        super().__init__("train", text="setting up")
        self._screen, self._expected = screen, expected
        self._epoch, self._epochs = 0, expected.epochs
        self._epoch_started = self.started
        # How long the training took yet when it was told last, and when that was.
        self._left = None if expected.seconds is None else (expected.seconds, self.started)
        self._shown: Mapping[str, float | None] = {}
        self._pace: tuple[float | None, int | None] = (None, None)
        self._losses: Mapping[str, float] = {}
        self._validation_seconds = 0.0

    def batch(self, report: BatchReport) -> None:
        """Take note of a batch, or with none done of the beginning of an epoch."""
        if report.epoch != self._epoch:
            self._epoch_started = time.monotonic()
        self._epoch, self._epochs, self._losses = report.epoch, report.epochs, report.losses
        self._pace, self.text, self.things = (report.images_per_second, report.memory_bytes), "", "batch"
        self.count(report.batch, report.batches)

    def validation(self, done: int, total: int) -> None:
        """Take note of a batch of the validation of the epoch."""
        if self.things != "validating":
            self._validation_started = time.monotonic()
        self.things = "validating"
        self.count(done, total)

    def epoch(self, epoch: int, epochs: int, numbers: Mapping[str, float | None], seconds_left: float | None) -> None:
        """Show a finished epoch.

        Args:
            epoch: Epochs completed.
            epochs: Epochs in all.
            numbers: What to show of it, by name.
            seconds_left: Estimated time to the end of the training.
        """
        now = time.monotonic()
        if self.things == "validating":
            self._validation_seconds = now - self._validation_started
        self._shown = {name: value for name, value in numbers.items() if value is not None}
        self._left = None if seconds_left is None else (seconds_left, now)
        line = "  ".join(filter(None, (f"epoch {epoch}/{epochs}", *map(self._number, self._shown))))
        if seconds_left is not None and epoch < epochs:
            line += f"  {duration(seconds_left)} left"
        if self._screen.drawn and not self._screen.verbose:
            self._screen.log(f"{'':>9}  {line}")
        else:
            self._screen.detail(line)

    def rows(self, now: float) -> list[list[Part]]:
        """Return where it is and how long yet, and below that how good and how fast."""
        if not self._epoch:
            return super().rows(now)
        of_epoch = self.done / max(self.total, 1) if self.things == "batch" else 1.0
        share = (self._epoch - 1 + of_epoch) / max(self._epochs, 1)
        pace, memory = self._pace
        epoch, job = ("" if left is None else duration(left) for left in self._seconds_left(now))
        left = f"{job} left" if job else ""
        both = f"left: epoch {epoch}, job {job}" if epoch and job else ""
        losses = sum(self._losses.values())
        each = " ".join(f"{name.removesuffix('_loss')} {value:.3g}" for name, value in self._losses.items())
        metric = self._number(self._expected.metric) if self._expected.metric in self._shown else ""
        where: list[Part] = [
            (0, f"epoch {self._epoch}/{self._epochs}"),
            (4, bar(share, 8)),
            (1, f"{self.things} {self.done}/{self.total}"),
            (3, both or left, left),
        ]
        how: list[Part] = [
            (5, f"loss {losses:.3g} ({each})" if each else "", f"loss {losses:.3g}"),
            (2, metric, metric.partition(" (")[0]),
            (3, "" if pace is None else f"{pace:.3g} images/s"),
            (4, "" if memory is None else size(memory)),
        ]
        return [where, how]

    def _number(self, name: str) -> str:
        """Write a number of the last epoch, the one that decides beside the baseline's."""
        value, best = self._shown[name], self._expected.baseline
        beside = f" (baseline {number(best, 3)})" if name == self._expected.metric and best is not None else ""
        return f"{name} {value:.4g}{beside}"

    def _seconds_left(self, now: float) -> tuple[float | None, float | None]:
        """Return how long the epoch and the job take yet; None where that is not known."""
        of_epoch = None
        if self.things == "batch" and self.done:
            of_epoch = (now - self._epoch_started) * (self.total / self.done - 1) + self._validation_seconds
        left = None if self._left is None else max(self._left[0] - (now - self._left[1]), of_epoch or 0.0)
        if left is None and of_epoch is not None:
            whole = now - self._epoch_started + of_epoch
            left = of_epoch + whole * (self._epochs - self._epoch)
        return of_epoch, None if left is None else left + self._expected.seconds_after
