"""Which epoch becomes best.pt: by any metric that an epoch is validated with, as it was measured or smoothed.

Ultralytics writes best.pt when an epoch's fitness is the highest so far, and counts patience by it. Another rule puts
its own number in the place of that fitness, so that patience and an interrupted training follow it, too. A smoothed
number is the mean over an epoch and its two neighbours, so it is known an epoch late: the checkpoint is then the
last.pt that is about to be replaced.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from operator import attrgetter
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from yololab.errors import InputError, Problem
from yololab.files.atomic import copy_file
from yololab.tasks import TASKS, Task

if TYPE_CHECKING:
    from yololab.ultralytics_adapter.training.trainer import TrainerMixin

FITNESS = "fitness"
BEST, LAST, SMOOTHED = "best", "last", "smoothed"
_PER_CLASS = "per_class."
# How many of the classes named first count.
_FIRST = {"top1": 1, "top5": 5}


@dataclass(frozen=True)
class SelectionRule:
    """How best.pt is chosen.

    Attributes:
        metric: A metric of the task, `per_class.<class>.<key>`, or `fitness` for Ultralytics' own.
        lower_is_better: Whether it is an error.
        select: `best` for the epoch with the best value, `smoothed` for the best mean over three epochs, `last`.
    """

    metric: str = FITNESS
    lower_is_better: bool = False
    select: str = BEST

    @property
    def is_ultralytics(self) -> bool:
        """Whether it is what Ultralytics does anyway."""
        return self.metric == FITNESS and self.select == BEST


# What Ultralytics does.
BY_FITNESS = SelectionRule()


def scores(values: Sequence[float | None], select: str, *, over: bool) -> list[float | None]:
    """Return by what each epoch is judged; None where that is not known (yet).

    Args:
        values: The metric of each epoch, more is better; None where it was not measured.
        select: `best`, `smoothed` or `last`.
        over: Whether there will be no further epoch, so that the last one has its final score.

    >>> scores([0.0, 0.75, 0.75, 0.0], "smoothed", over=False)
    [0.375, 0.5, 0.5, None]
    """
    if select != SMOOTHED:
        return list(values)
    found: list[float | None] = []
    for place, value in enumerate(values):
        near = [item for item in values[max(place - 1, 0) : place + 2] if item is not None]
        settled = over or place + 1 < len(values) or len(values) == 1
        found.append(math.fsum(near) / len(near) if settled and value is not None else None)
    return found


def chosen_epoch(values: Sequence[float | None], select: str, *, over: bool) -> int | None:
    """Return the index of the epoch whose checkpoint is best.pt: of equal ones the later; None before there is one.

    Args:
        values: The metric of each epoch, more is better; None where it was not measured.
        select: `best`, `smoothed` or `last`.
        over: Whether there will be no further epoch.

    >>> chosen_epoch([0.1, 0.9, 0.1, 0.5, 0.6, 0.5], "best", over=True)
    1
    >>> chosen_epoch([0.1, 0.9, 0.1, 0.5, 0.6, 0.5], "smoothed", over=True)
    5
    """
    if select == LAST:
        return len(values) - 1 if values else None
    known = [(score, place) for place, score in enumerate(scores(values, select, over=over)) if score is not None]
    return max(known)[1] if known else None


class Selection:
    """The choice of best.pt in the process that trains.

    Attributes:
        rule: How it is made.
        values: The metric of each epoch so far, more is better; None where it was not measured.
        chosen: Index of the epoch of best.pt; None before there is one.
    """

    def __init__(self, rule: SelectionRule) -> None:
        self.rule = rule
        self.values: list[float | None] = []
        self.chosen: int | None = None

    def state(self) -> dict[str, Any]:
        """Return what a checkpoint must hold, so that a resumed training goes on choosing."""
        return {"values": self.values, "chosen": self.chosen}

    def resume(self, state: Mapping[str, Any]) -> None:
        """Go on from what a checkpoint holds."""
        self.values, self.chosen = list(state["values"]), state["chosen"]

    def rate(self, trainer: TrainerMixin, metrics: Mapping[str, Any], fitness: Any) -> Any:
        """Return what stands for an epoch's fitness, by which patience counts, and note the best so far.

        Args:
            trainer: The trainer, after its validation.
            metrics: What the validation has measured, by Ultralytics' names.
            fitness: Ultralytics' fitness.

        Raises:
            InputError: There is no such number, because no image shows the class.
        """
        if self.rule.is_ultralytics:
            return fitness
        sound = math.isfinite(fitness)  # else the trainer must see it, to go back to its last checkpoint
        self._note(trainer.epoch, self._measured(trainer, metrics, fitness) if sound else None)
        known = [score for score in scores(self.values, self.rule.select, over=False) if score is not None]
        if not sound or not known:
            return fitness
        trainer.best_fitness = max(known)
        return known[-1]

    def skip(self, epoch: int) -> None:
        """Note an epoch, from 0, that is not validated."""
        if not self.rule.is_ultralytics:
            self._note(epoch, None)

    def _note(self, epoch: int, value: float | None) -> None:
        """Note what an epoch has reached, after those before it."""
        lost = [None] * (epoch - len(self.values))
        self.values = [*self.values[:epoch], *lost, value]

    @contextmanager
    def kept_when_saved(self, trainer: TrainerMixin) -> Iterator[None]:
        """Have best.pt written where the choice falls, around what Ultralytics does to save an epoch."""
        log = trainer.log
        if self.rule.is_ultralytics or not self.values:
            yield
            if trainer.best_fitness == trainer.fitness:
                log.result.best_epoch = trainer.epoch + 1
            return
        # somebody who has asked to stop can resume, and then there are further epochs
        over = bool(trainer.stop) and not log.stop_requested
        before, self.chosen = self.chosen, chosen_epoch(self.values, self.rule.select, over=over)
        if self.chosen == trainer.epoch:
            trainer.best_fitness = trainer.fitness  # Ultralytics' sign to write it
            yield
        else:
            if self.chosen == trainer.epoch - 1 and self.chosen != before and trainer.last.is_file():
                copy_file(trainer.last, trainer.best)
            best, trainer.best = trainer.best, SimpleNamespace(write_bytes=len)
            try:
                yield
            finally:
                trainer.best = best
        log.result.best_epoch = None if self.chosen is None else self.chosen + 1

    def _measured(self, trainer: TrainerMixin, metrics: Mapping[str, Any], fitness: Any) -> float | None:
        """Return the metric of an epoch, more is better; None where it is no finite number."""
        task, name = TASKS[trainer.args.task], self.rule.metric
        sources = {metric.name: metric.source for metric in task.metrics}
        if name.startswith(_PER_CLASS):
            names = {str(text): int(index) for index, text in trainer.data["names"].items()}
            label, _, key = name.removeprefix(_PER_CLASS).rpartition(".")
            found = class_value(trainer.validator, task, names[label], key)
            if found is None:
                text = f"{name}: no validation image shows {label!r}"
                raise InputError(Problem("checkpoint.metric", text, "a class that is in the split that is validated"))
        else:
            found = fitness if name == FITNESS else metrics[sources[name]]
        value = float(found)
        return None if not math.isfinite(value) else -value if self.rule.lower_is_better else value


def class_value(validator: Any, task: Task, index: int, key: str) -> float | None:
    """Return one number of one class from a validator that is done; None where no image shows the class.

    Args:
        validator: Ultralytics' validator of the task.
        task: The row of the task.
        index: The class.
        key: One of the task's `per_class`.
    """
    metrics, source = validator.metrics, task.per_class[key]
    if source in _FIRST:  # of whole images: what was named first, image by image
        hits = [
            index in named[: _FIRST[source]]
            for predicted, targets in zip(validator.pred, validator.targets, strict=True)
            for named, target in zip(predicted.tolist(), targets.tolist(), strict=True)
            if target == index
        ]
        return sum(hits) / len(hits) if hits else None
    present = [int(found) for found in metrics.ap_class_index]
    values = attrgetter(source)(metrics)
    # of boxes there is an entry for each class with labels, of pixels for each class
    place = index if len(values) != len(present) else present.index(index) if index in present else None
    return float(values[place]) if place is not None and index in present else None
