"""Which trial is best, which others could be it as well, and which recipe is, whatever its seed."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from yololab.statistics.inference.best import RecipeStanding, Selection, Standing, rank_recipes, select_best
from yololab.statistics.inference.recipe_difference import FEWEST_SEEDS
from yololab.statistics.inference.verdict import ALPHA
from yololab.sweep.results.replicates import Resampled, resample
from yololab.sweep.results.rows import TrialRow
from yololab.sweep.state import Objective, TrialStatus

METHOD = (
    "A trial could be the best one unless another is better by more than chance: the largest studentised lead over it, "
    "held against the same maximum in bootstrap resamples of the images that all trials share (max-T over all pairs, "
    "α = 0.05)."
)


@dataclass(frozen=True)
class RankedRecipe:
    """The trials that differ in nothing but the seed.

    Attributes:
        values: Swept key → value, without the seed.
        trials: Numbers of its complete trials.
        mean: Mean of the objective over them.
        standing: How it stands among the recipes; None with fewer than three seeds, or without records.
    """

    values: dict[str, Any]
    trials: tuple[int, ...]
    mean: float
    standing: RecipeStanding | None


@dataclass(frozen=True)
class Ranking:
    """The trials, the best first.

    Attributes:
        objective: What they are ranked by: the first objective.
        order: Numbers of the trials; those that were not measured to their end come last.
        pareto: Numbers of the complete trials that no other one beats in every objective; None for one objective.
        selection: What the images say of the complete trials; None without records.
        standings: Trial → how it stands among those in `selection`.
        images: Number of images behind it.
        recipes: The recipes, the best first; empty when the seed is not swept.
        missing: Why there are no statistics, or why a trial is not among them.
        warnings: How the trials were not measured alike.
        measured: How many trials were measured to their end.
    """

    objective: Objective
    order: tuple[int, ...]
    pareto: tuple[int, ...] | None
    selection: Selection | None
    standings: Mapping[int, Standing] = field(default_factory=dict)
    images: int = 0
    recipes: tuple[RankedRecipe, ...] = ()
    missing: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    measured: int = 0

    @property
    def winner(self) -> int | None:
        """The trial that `best` points at; None when none was measured to its end.

        With recipes it is the best run of the best recipe; with several objectives the member of the Pareto front
        that is best in the first one.
        """
        proven = [recipe for recipe in self.recipes if recipe.standing is not None]
        if proven:
            return next(number for number in self.order if number in proven[0].trials)
        return self.order[0] if self.measured else None

    def could_be_best(self) -> tuple[int, ...]:
        """Return the trials that are statistically indistinguishable from the best on these images, the best first."""
        tested = [number for number in self.order if number in self.standings]
        return tuple(number for number in tested if self.standings[number].could_be_best)


def rank_trials(
    rows: Sequence[TrialRow], objectives: Sequence[Objective], *, statistics: bool = True, alpha: float = ALPHA
) -> Ranking:
    """Rank the trials of a sweep.

    Args:
        rows: A row a trial.
        objectives: What the sweep is after; the first one ranks.
        statistics: Whether the images are asked (seconds a trial); without, only the order is known.
        alpha: What p has to lie below to rule a recipe out as the best one.
    """
    objective = objectives[0]
    complete = [row for row in rows if row.complete and row.score is not None]
    scores = {row.trial: row.score for row in complete if row.score is not None}
    found = resample(complete if statistics else [], objective.metric)
    selection = None
    if found.trials:
        tested = [scores[number] for number in found.trials]
        selection = select_best(tested, found.values, lower_is_better=objective.lower_is_better, images=found.units)
    return Ranking(
        objective,
        order_of(rows, objective),
        pareto_front(complete, objectives) if len(objectives) > 1 else None,
        selection,
        dict(zip(found.trials, selection.standings, strict=True)) if selection else {},
        found.images,
        _recipes(complete, objective, found, alpha),
        found.missing,
        found.warnings,
        measured=len(scores),
    )


def order_of(rows: Sequence[TrialRow], objective: Objective) -> tuple[int, ...]:
    """Return the trials' numbers, the best first: complete ones, pruned ones, then the others by number."""
    sign = 1.0 if objective.lower_is_better else -1.0

    def position(row: TrialRow) -> tuple[int, float, int]:
        kind = 0 if row.complete else 1 if row.status is TrialStatus.PRUNED else 2
        return (3, 0.0, row.trial) if row.score is None else (kind, sign * row.score, row.trial)

    return tuple(row.trial for row in sorted(rows, key=position))


def pareto_front(rows: Sequence[TrialRow], objectives: Sequence[Objective]) -> tuple[int, ...]:
    """Return the trials that no other trial beats: at least as good in every objective, and better in one."""
    signs = np.array([-1.0 if item.lower_is_better else 1.0 for item in objectives])
    known = [row for row in rows if len(row.objectives) == len(signs) and None not in row.objectives]
    points = {row.trial: signs * np.array(row.objectives, dtype=np.float64) for row in known}
    return tuple(
        number
        for number, point in points.items()
        if not any(np.all(other >= point) and np.any(other > point) for other in points.values())
    )


def _recipes(
    rows: Sequence[TrialRow], objective: Objective, found: Resampled, alpha: float
) -> tuple[RankedRecipe, ...]:
    """Group the complete trials by everything but the seed, and rank the groups that have enough of them."""
    groups: dict[str, list[TrialRow]] = {}
    for row in rows:
        groups.setdefault(json.dumps(row.recipe, default=str), []).append(row)
    if len({row.seed for row in rows}) < 2 or all(len(group) < 2 for group in groups.values()):
        return ()
    places = {number: place for place, number in enumerate(found.trials)}
    tested = [
        group
        for group in groups.values()
        if len({row.seed for row in group}) >= FEWEST_SEEDS and all(row.trial in places for row in group)
    ]
    standings: dict[int, RecipeStanding] = {}
    if tested:
        _, ranked = rank_recipes(
            [[row.score for row in group if row.score is not None] for group in tested],
            [found.values[[places[row.trial] for row in group]] for group in tested],
            found.units,
            lower_is_better=objective.lower_is_better,
            alpha=alpha,
        )
        standings = {id(group): standing for group, standing in zip(tested, ranked, strict=True)}
    recipes = [
        RankedRecipe(
            group[0].recipe,
            tuple(row.trial for row in group),
            float(np.mean([row.objectives[0] for row in group])),
            standings.get(id(group)),
        )
        for group in groups.values()
    ]
    sign = 1 if objective.lower_is_better else -1
    return tuple(sorted(recipes, key=lambda item: (item.standing is None, sign * item.mean)))
