"""From how many checkpoints each side was chosen, and how much of the difference that explains."""

import math
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from yololab.comparison.selection.metric_names import FITNESS
from yololab.config.checkpoint import Select
from yololab.errors import InputError
from yololab.files.epochs import read_results
from yololab.files.metrics import MetricsFile
from yololab.files.paths import METRICS, RunFolder
from yololab.statistics.inference.optimism import Optimism, chance_of, optimism
from yololab.statistics.inference.verdict import Verdict
from yololab.tasks import TASKS, Direction
from yololab.text import counted

_MOST_EPOCHS = 1_000  # of longer curves the last ones
_KNOWS_CHANCE = (
    10  # a shorter curve does not tell its trend from chance: it borrows that of a longer one, or is unknown
)
_VAL = "val"


@dataclass(frozen=True)
class Chosen:
    """How the checkpoint of one side was chosen.

    Attributes:
        epochs: From how many epochs' checkpoints.
        metric: By which metric.
        select: `best`, `smoothed` or `last`.
        curve: The primary metric of each epoch, more is better; empty where it is not known.
    """

    epochs: int
    metric: str
    select: str
    curve: tuple[float, ...] = ()


@dataclass(frozen=True)
class Excess:
    """How much the choices of checkpoints favour the current model.

    Attributes:
        current: The current side's choice; None where it is not known.
        baseline: The baseline's.
        of_current: The optimism of the current side; None where it cannot be estimated.
        of_baseline: The baseline's.
    """

    current: Chosen | None
    baseline: Chosen | None
    of_current: Optimism | None
    of_baseline: Optimism | None

    @property
    def bias(self) -> float:
        """The gain that is expected of two equal models; 0 where it cannot be estimated."""
        if self.of_current is None or self.of_baseline is None:
            return 0.0
        return self.of_current.bias - self.of_baseline.bias

    @property
    def error(self) -> float:
        """Standard deviation of that."""
        known = [side.error for side in (self.of_current, self.of_baseline) if side is not None]
        return math.hypot(*known)

    def to_json(self) -> dict[str, Any]:
        """Return what comparison.json says of it."""
        sides = {"current": (self.current, self.of_current), "baseline": (self.baseline, self.of_baseline)}
        content: dict[str, Any] = {
            side: None
            if chosen is None
            else {"epochs": chosen.epochs, "metric": chosen.metric, "select": chosen.select}
            | {"optimism": None if found is None else asdict(found)}
            for side, (chosen, found) in sides.items()
        }
        known = self.of_current is not None and self.of_baseline is not None
        return content | {"bias": self.bias if known else None, "error": self.error if known else None}


def curve_of(results: Path, task: str) -> tuple[float, ...]:
    """Return the primary metric of each validated epoch of a results.csv, more is better; empty where it has none."""
    primary = TASKS[task].primary
    try:
        values = read_results(results).metrics.get(primary.source, ())
    except InputError:
        return ()
    sign = -1.0 if primary.direction is Direction.LOWER else 1.0
    return tuple(sign * value for value in values if value is not None)[-_MOST_EPOCHS:]


def choice_of(file: MetricsFile) -> Chosen | None:
    """Return how the checkpoint was chosen that a metrics.json is about; None where it does not say.

    A file of an older version does not: then the run's results.csv beside it does.
    """
    said = file.content.get("selection")
    if said:
        curve = tuple(said.get("curve") or ())[-_MOST_EPOCHS:]
        return Chosen(said.get("epochs") or len(curve), said.get("metric") or FITNESS, said.get("select") or "", curve)
    run = RunFolder(file.path.parent.parent)
    if file.path.name != METRICS or run.metrics != file.path:
        return None
    curve = curve_of(run.results, file.task)
    return Chosen(len(curve), FITNESS, Select.BEST.value, curve) if curve else None


def excess_of(current: MetricsFile, baseline: MetricsFile) -> Excess | None:
    """Return how much the choices favour the current model; None where the compared split has chosen neither."""
    if current.split != _VAL or baseline.split != _VAL:
        return None
    sides = [choice_of(current), choice_of(baseline)]
    known = [chance_of(side.curve) for side in sides if side is not None and len(side.curve) >= _KNOWS_CHANCE]
    ours, theirs = (None if side is None else _optimism(side, known, current) for side in sides)
    return Excess(sides[0], sides[1], ours, theirs)


def _optimism(side: Chosen, known: list[float], file: MetricsFile) -> Optimism | None:
    """Return the optimism of one side; None where its curve is short, or it was chosen by something else."""
    if side.select == Select.LAST:
        return Optimism(0.0, 0.0)
    if side.metric not in (FITNESS, file.primary.name):
        return None
    short = len(side.curve) < _KNOWS_CHANCE
    if short and not known:
        return None
    return optimism(side.curve, smoothed=side.select == Select.SMOOTHED, chance=min(known) if short else None)


def selection_notes(excess: Excess, metric: str) -> list[str]:
    """Return from how many checkpoints each side was chosen, and what that is expected to give its score."""
    notes = []
    sides = (("current model", excess.current, excess.of_current), ("baseline", excess.baseline, excess.of_baseline))
    for name, chosen, found in sides:
        if chosen is None or chosen.select == Select.LAST:
            continue
        text = f"The {name} was chosen from {counted(chosen.epochs, 'checkpoint')} on this split"
        by = f": its {metric} is expected to be too good by {found.bias:.4f} ± {found.error:.4f}" if found else ""
        notes.append(f"{text}{by}.")
    return notes


def selection_warning(excess: Excess, metric: str) -> str | None:
    """Return that the sides were chosen from different numbers of checkpoints; None where they were not."""
    ours, theirs = excess.current, excess.baseline
    if ours is None or theirs is None or (ours.epochs, ours.select) == (theirs.epochs, theirs.select):
        return None
    numbers = f"{ours.epochs} ({ours.select}) now, {theirs.epochs} ({theirs.select}) before"
    text = f"Chosen from different numbers of checkpoints: {numbers}"
    if excess.bias:
        side = "the current model" if excess.bias > 0 else "the baseline"
        text += f", which favours {side} by about {abs(excess.bias):.4f} ± {excess.error:.4f} of {metric}"
    return f"{text}; evaluation.split=test is free of that."


def explains(excess: Excess, verdict: Verdict, interval: tuple[float, float] | None, *, lower_is_better: bool) -> bool:
    """Return whether a claim rests on the choice of checkpoints: its interval, less what that gives, holds 0.

    Args:
        excess: How much the choices favour the current model.
        verdict: The verdict.
        interval: The 95 % interval of `current − baseline`.
        lower_is_better: Whether the metric is an error.
    """
    if interval is None:
        return False
    low, high = (-interval[1], -interval[0]) if lower_is_better else interval
    if verdict is Verdict.IMPROVED:
        return excess.bias > 0 and low - excess.bias <= 0
    return verdict is Verdict.DEGRADED and excess.bias < 0 and high - excess.bias >= 0
