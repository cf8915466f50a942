"""The trials of a freeze-thaw search: new points and paused trials from one study, one budget of epochs for all."""

import math
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from yololab.config.search import Sampler
from yololab.files.record import Record
from yololab.files.record_content import Status
from yololab.sweep.planning.freeze_thaw.points import near_point, spread_point
from yololab.sweep.planning.freeze_thaw.policy import Begin, Curve, Rules, Thaw, next_step
from yololab.sweep.planning.strategies import FreezeThaw
from yololab.sweep.planning.study_source import StudySource, patient
from yololab.sweep.state import TrialEntry, TrialStatus


@dataclass
class FreezeThawSource(StudySource):
    """The trials of a search that pauses trainings and goes on with the best ones.

    Attributes:
        late_after: Seconds after which nothing is started any more; None for never.
        clock: Seconds from some moment on.
    """

    late_after: float | None = None
    clock: Callable[[], float] = time.monotonic
    _since: float = field(init=False, default=0.0)

    def __post_init__(self) -> None:
        super().__post_init__()
        self._since = self.clock()
        pruner, epochs = self._study.pruner, self.settings.epochs
        assert isinstance(pruner, FreezeThaw)
        self.rules = Rules(
            epochs,
            min(pruner.first_epochs, epochs),
            self.settings.budget_epochs or epochs * self.settings.budget,
            self.settings.budget,
            pruner.first_round,
            pruner.later_rounds,
            pruner.whole if self.settings.first_point or self.settings.warm_points else 0,
        )

    @patient
    def next(self) -> TrialEntry | None:
        """Return the next trial, claimed for this process: interrupted ones first, then a new or a paused one."""
        with self.folder.locked():
            self.trials.refresh()
            if (again := self._interrupted()) is not None:
                return again
            late = self.late_after is not None and self.clock() - self._since >= self.late_after
            while True:
                entries = self.trials.all()
                shown = [self._curve(entry) for entry in entries]
                step = next_step(shown, self.rules, late=late)
                if isinstance(step, Begin):
                    started = self._begin(step, entries, shown)
                    if started is not None and not started.status.finished:
                        return started
                    if started is not None:  # it could not be composed, and has failed
                        continue
                    # The space has no more points: what is paused goes on.
                    step = next_step(shown, replace(self.rules, points=len(entries)), late=late)
                if not isinstance(step, Thaw):
                    return None
                # Should its process end before it says so itself, the old `paused` must not be taken for what it did.
                Record(self.folder.trial(entries[step.place].number)).update(status=Status.RUNNING)
                return self._claimed(replace(entries[step.place], until=None))

    @patient
    def prune_paused(self) -> list[TrialEntry]:
        """End what is still paused when nothing runs any more: other trials were better; returns their entries."""
        with self.folder.locked():
            self.trials.refresh()
            left = [entry for entry in self.trials.all() if not entry.status.finished]
            paused = [entry for entry in left if entry.status is TrialStatus.PAUSED]
            if len(paused) < len(left) or any(self.folder.has_another_parent(entry) for entry in paused):
                return []  # another parent is at work, and may thaw one
            found = []
            for entry in paused:
                ended = entry.ended(TrialStatus.PRUNED)
                Record(self.folder.trial(entry.number)).finish(Status.PRUNED)
                self.write(ended)
                found.append(ended)
        for entry in found:
            self.ended(entry)
        return found

    def _begin(self, step: Begin, entries: Sequence[TrialEntry], shown: Sequence[Curve]) -> TrialEntry | None:
        """Return the trial of a new point; None when the space has none left."""
        self._propose(entries, shown)
        point = self._next_point()
        return None if point is None else self._create(point.number, point.params, 0, until=step.until)

    def _propose(self, entries: Sequence[TrialEntry], shown: Sequence[Curve]) -> None:
        """Queue the next point, unless one is queued already or the points have their own order."""
        search, number = self.settings.search, len(entries)
        self.points.catch_up()
        if search.sampler is not Sampler.RANDOM or self.points.any_waiting:
            return
        point = spread_point(self.space.dimensions, number, search.seed)
        measured = [place for place, curve in enumerate(shown) if curve.values]
        if number >= self.rules.first_round and measured:
            best = entries[max(measured, key=lambda place: shown[place].best)]
            rng = random.Random(search.seed * 1_000_003 + len(self.points))
            point = near_point(self.space.dimensions, best.params, rng)
        self._study.enqueue_trial(point)

    def _curve(self, entry: TrialEntry) -> Curve:
        """Return what a trial has shown, larger is better."""
        known = {} if entry.study_trial is None else self.points[entry.study_trial].intermediate_values
        sign = -1.0 if self.settings.objectives[0].lower_is_better else 1.0
        values = {epoch: sign * value for epoch, value in known.items() if math.isfinite(value)}
        # One that another parent is about to start again still stands as paused.
        paused = entry.status is TrialStatus.PAUSED and not self.folder.has_another_parent(entry)
        ended = entry.status.finished
        trained = max(values, default=0) if ended else entry.until or self.settings.epochs
        return Curve(values, trained, not (paused or ended), ended, entry.status is TrialStatus.COMPLETE)
