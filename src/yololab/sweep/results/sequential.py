"""Seeds of several recipes, one round after the other, until it is clear which recipe is best (`search=seeds`).

A round is one more seed of every recipe. From the third on the recipes are compared after each, at a level that keeps
the chance of any false answer over all rounds (`level_of_looks`); where an answer is not to be expected any more, it
ends as well (`chance_of_answer`). A look takes whole rounds, whatever else has ended by
then: so it finds the same however many trials run at a time, and again after a resume.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from yololab.statistics.inference.best import rank_recipes
from yololab.statistics.inference.recipe_difference import FEWEST_SEEDS
from yololab.statistics.inference.seeds import chance_of_answer, level_of_looks
from yololab.statistics.inference.verdict import ALPHA
from yololab.sweep.planning.space import read_space
from yololab.sweep.results.replicates import resample
from yololab.sweep.results.rows import SEED, TrialRow, read_row
from yololab.sweep.state import StoppedEarly, SweepFolder, SweepSettings, TrialEntry, TrialStatus
from yololab.terminal.screen import Screen
from yololab.text import share

# Below α by what Student's quantiles with few degrees of freedom leave: simulated, .051 of α = .05 would be false.
_SPENT = 0.048


def planned_seeds(settings: SweepSettings) -> tuple[str, ...]:
    """Return the seeds that are swept, in their order; empty when the seed is not, or is not looked at in between."""
    if not settings.search.sequential:
        return ()
    space = read_space(settings.arguments, discrete=True)
    swept = next((item for item in space.dimensions if item.key == SEED), None)
    return () if swept is None else tuple(map(str, swept.values))


def exclusion_level(settings: SweepSettings) -> float:
    """Return the one-sided level at which a recipe is ruled out as the best: below α where rounds are looked at."""
    seeds = len(planned_seeds(settings))
    if seeds < FEWEST_SEEDS:
        return ALPHA
    # Of two equal recipes either may be ruled out: a two-sided level has two sides.
    return level_of_looks(range(FEWEST_SEEDS, seeds + 1), _SPENT) / 2


@dataclass
class SequentialSeeds:
    """Whether the seeds that have ended give the answer.

    Attributes:
        folder: The sweep's folder.
        settings: What was asked for.
        screen: Where it is said that there is an answer.
    """

    folder: SweepFolder
    settings: SweepSettings
    screen: Screen
    _looked: int = 0
    _clear: bool = False
    _seeds: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        self._seeds, self._clear = planned_seeds(self.settings), self.settings.stopped is not None

    @property
    def looks(self) -> bool:
        """Whether there is anything to look at between the trials."""
        return self._clear or len(self._seeds) > FEWEST_SEEDS

    def settled(self, entries: Sequence[TrialEntry]) -> bool:
        """Return whether no further training is needed; the sweep then keeps why.

        Args:
            entries: All trials of the sweep so far.
        """
        if self._clear or not self.looks:
            return self._clear
        recipes = _by_recipe(entries)
        if len(recipes) < 2:
            return False
        for rounds in range(FEWEST_SEEDS, len(self._seeds)):
            wanted = self._seeds[:rounds]
            ended = [[of.get(seed) for seed in wanted] for of in recipes.values()]
            if not all(entry is not None and entry.status.finished for row in ended for entry in row):
                return False
            if rounds <= self._looked:
                continue
            self._looked = rounds
            complete = [[e for e in row if e and e.status is TrialStatus.COMPLETE] for row in ended]
            if self._whole(recipes) and (found := self._answer(complete, rounds)):
                self._stop(found, len(entries))
                return True
        return False

    def _whole(self, recipes: dict[str, dict[str, TrialEntry]]) -> bool:
        """Whether every recipe has had its first seed: those that wait have not been compared with anything."""
        return len(recipes) * len(self._seeds) >= self.settings.budget

    def _answer(self, complete: Sequence[Sequence[TrialEntry]], rounds: int) -> StoppedEarly | None:
        """Return what the rounds say; None while more than one recipe could be the best one."""
        objectives = self.settings.objectives
        groups = [[read_row(self.folder, entry, objectives) for entry in of] for of in complete]
        groups = [[row for row in rows if row.score is not None] for rows in groups]
        if min(map(len, groups)) < FEWEST_SEEDS:
            return None
        found = resample([row for rows in groups for row in rows], objectives[0].metric)
        places = {number: place for place, number in enumerate(found.trials)}
        if not all(row.trial in places for rows in groups for row in rows):
            return None
        level = exclusion_level(self.settings)
        best, standings = rank_recipes(
            [[row.score for row in rows if row.score is not None] for rows in groups],
            [found.values[[places[row.trial] for row in rows]] for rows in groups],
            found.images,
            lower_is_better=objectives[0].lower_is_better,
            alpha=level,
        )
        p = max(standing.p for place, standing in enumerate(standings) if place != best)
        rivals = [standing.behind for standing in standings if standing.could_be_best and standing.behind]
        if not rivals:
            return StoppedEarly(rounds, level, p, _named(groups[best][0]), self.settings.budget)
        known = rounds / len(self._seeds)
        chance = min(
            chance_of_answer(rival.difference.gain, rival.standard_error, rival.degrees, known, level)
            for rival in rivals
        )
        if chance >= self.settings.search.futility:
            return None
        return StoppedEarly(rounds, level, p, "", self.settings.budget, chance)

    def _stop(self, found: StoppedEarly, trials: int) -> None:
        """Keep that the sweep is whole as it is."""
        self._clear = True
        self.folder.write_settings(replace(self.folder.read_settings(), stopped=found, budget=trials))
        self.screen.stage("seeds", stopped_text(found, trials))


def stopped_text(found: StoppedEarly, trials: int) -> str:
    """Return why a sweep has fewer trials than were asked for."""
    if found.chance is not None:
        unlikely = f"that all seeds would tell them apart is unlikely (a chance of {share(found.chance)})"
        return (
            f"after {found.seeds} seeds of each recipe none is best by more than chance, and {unlikely}: {trials} of "
            f"{found.planned} trainings were made (search.futility=0 makes all)."
        )
    return (
        f"after {found.seeds} seeds of each recipe {found.best} is best (largest p of the others {found.p:.2g}, below "
        f"{found.level:.2g}): {trials} of {found.planned} trainings were needed."
    )


def _by_recipe(entries: Sequence[TrialEntry]) -> dict[str, dict[str, TrialEntry]]:
    """Return the trials of each recipe by their seed."""
    recipes: dict[str, dict[str, TrialEntry]] = {}
    for entry in entries:
        recipe = {key: value for key, value in entry.params.items() if key != SEED}
        recipes.setdefault(json.dumps(recipe, default=str), {})[str(entry.params.get(SEED))] = entry
    return recipes


def _named(row: TrialRow) -> str:
    """Return a recipe by its settings."""
    return ", ".join(f"{key}={value}" for key, value in row.recipe.items())
