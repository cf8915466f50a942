"""A sweep over `data.fold`: the folds of a recipe are one result, and no fold is better than another.

Each fold is measured on other images, so trials of several folds cannot be ranked. What is ranked are the recipes, by
their pooled out-of-fold evaluations: all images at once, each by the model that has not seen it.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, stdev
from typing import Any

from yololab.comparison.folds.out_of_fold import OutOfFold, out_of_fold, pool_folds
from yololab.errors import InputError
from yololab.files.record_content import FOLD
from yololab.statistics.inference.best import Standing
from yololab.sweep.results.ranking import Ranking
from yololab.sweep.results.rows import SEED, TrialRow, metrics_of
from yololab.sweep.state import Objective, SweepFolder, TrialStatus
from yololab.text import interval, number, signed


@dataclass(frozen=True)
class FoldedRecipe:
    """The trials that differ in nothing but the fold.

    Attributes:
        trial: Number of the first one, which stands for all.
        values: Swept key → value, without the fold.
        folds: Fold → number of its complete trial.
        missing: Folds of the sweep without a complete trial.
        scores: The objective in each fold that has it.
        pooled: The evaluation over all images; None while a fold is missing, or where it cannot be pooled.
        problem: Why it cannot be pooled; empty otherwise.
        row: What stands for the recipe in the ranking.
    """

    trial: int
    values: dict[str, Any]
    folds: dict[int, int]
    missing: tuple[int, ...]
    scores: tuple[float, ...]
    pooled: OutOfFold | None
    problem: str
    row: TrialRow

    @property
    def mean(self) -> float | None:
        """Mean of the objective over the folds."""
        return fmean(self.scores) if self.scores else None

    @property
    def deviation(self) -> float | None:
        """Standard deviation of the objective between the folds."""
        return stdev(self.scores) if len(self.scores) > 1 else None


def has_folds(keys: Sequence[str]) -> bool:
    """Return whether a sweep goes over folds.

    Args:
        keys: What varies in it.
    """
    return FOLD in keys


def fold_recipes(
    folder: SweepFolder, rows: Sequence[TrialRow], objectives: Sequence[Objective], *, write: bool
) -> tuple[FoldedRecipe, ...]:
    """Return the recipes of a sweep over folds.

    Args:
        folder: The sweep's folder.
        rows: A row a trial.
        objectives: What the sweep is after.
        write: Whether pooled evaluations are made; those that are there already are read in any case.
    """
    every = sorted({fold for row in rows if (fold := _fold_of(row)) is not None})
    groups: dict[str, list[TrialRow]] = {}
    for row in rows:
        values = {key: value for key, value in row.values.items() if key != FOLD}
        groups.setdefault(json.dumps(values, default=str), []).append(row)
    there = {found.run.path.name: found for found in out_of_fold(folder.path)} if not write else {}
    return tuple(_folded(folder, group, every, objectives, there, write=write) for group in groups.values())


def _folded(
    folder: SweepFolder,
    group: Sequence[TrialRow],
    every: Sequence[int],
    objectives: Sequence[Objective],
    there: dict[str, OutOfFold],
    *,
    write: bool,
) -> FoldedRecipe:
    """Return what the trials of one recipe say together."""
    first = min(group, key=lambda row: row.trial)
    values = {key: value for key, value in first.values.items() if key != FOLD}
    complete = {fold: row for row in group if row.complete and (fold := _fold_of(row)) is not None}
    missing = tuple(fold for fold in every if fold not in complete)
    pooled, problem = there.get(str(first.trial)), ""
    if write and not missing and len(complete) > 1:
        named = {key: value for key, value in values.items() if key != SEED}
        runs = {fold: row.run for fold, row in complete.items()}
        try:
            pooled = pool_folds(runs, folder.pooled(first.trial), named, first.seed)
        except InputError as error:
            problem = error.problems[0].found
        except OSError as error:  # somebody else's folder, or no room: the folds are known all the same
            problem = f"the pooled evaluation was not written: {error.strerror or error}"
    measured = tuple(pooled.metrics.value(item.metric) if pooled else None for item in objectives)
    row = TrialRow(
        trial=first.trial,
        values=values,
        status=TrialStatus.COMPLETE if pooled else first.status if not first.complete else TrialStatus.RUNNING,
        folder=folder.pooled(first.trial).path,
        task=first.task,
        metrics=metrics_of(pooled.metrics) if pooled else {},
        objectives=measured,
        seed=first.seed,
    )
    scores = tuple(row.score for _, row in sorted(complete.items()) if row.score is not None)
    folds = {fold: row.trial for fold, row in sorted(complete.items())}
    return FoldedRecipe(first.trial, values, folds, missing, scores, pooled, problem, row)


def _fold_of(row: TrialRow) -> int | None:
    """Return the fold of a trial."""
    text = str(row.values.get(FOLD))
    return int(text) if text.isdecimal() else None


def folds_text(recipes: Sequence[FoldedRecipe], ranking: Ranking, *, finished: bool) -> str:
    """Say what a sweep over folds has found."""
    so_far = "" if finished else " so far"
    known = [recipe for recipe in recipes if recipe.scores]
    if not known:
        return f"No fold has been measured to its end{so_far}."
    metric = ranking.objective.metric
    places = {trial: place for place, trial in enumerate(ranking.order)}
    best = min(known, key=lambda item: (item.pooled is None, places.get(item.trial, 0)))
    over = f"{len(best.scores)} of {len(best.scores) + len(best.missing)}" if best.missing else f"{len(best.scores)}"
    spread = f" ± {number(best.deviation)} (SD)" if best.deviation is not None else ""
    text = f"{metric} is {number(best.mean)}{spread}, the mean over {over} folds{so_far}"
    standing = ranking.standings.get(best.trial)
    if best.pooled is not None:
        value = best.pooled.metrics.value(metric)
        images = f"over all {ranking.images:,} images" if ranking.images else "over all images"
        text += f"; {images}, each measured by the model that has not seen it, {number(value)}"
        text += f" (95 % interval {interval(*standing.ci95, write=number)})" if standing is not None else ""
    if len(known) == 1:
        return f"With {_settings(best.values)} {text}." if best.values else f"{text}."
    return f"Of {len(known)} recipes {_settings(best.values)} came out first: {text}. {_others(known, best, ranking)}"


def _others(known: Sequence[FoldedRecipe], best: FoldedRecipe, ranking: Ranking) -> str:
    """Say which other recipes may be as good."""
    tested = [item for item in known if item.trial in ranking.standings and item is not best]
    if not tested or best.trial not in ranking.standings:
        return "Whether that is more than chance is not known."
    could = [item for item in tested if ranking.standings[item.trial].could_be_best]
    if not could:
        return "It is better than each of the others by more than chance."
    if len(could) == len(tested):
        return "These images cannot distinguish it from any of the others."
    return f"{'; '.join(_settings(item.values) for item in could[:3])} may be as good."


def folds_notes(recipes: Sequence[FoldedRecipe], ranking: Ranking) -> list[str]:
    """Return what a reader of folds has to know."""
    notes = ["Folds are measured on different images: they are one result, and none of them is the best one."]
    notes += [
        f"{_settings(recipe.values) or 'The recipe'}: fold {', '.join(map(str, recipe.missing))} is not complete."
        for recipe in recipes
        if recipe.missing
    ]
    notes += [recipe.problem for recipe in recipes if recipe.problem]
    if any(recipe.pooled for recipe in recipes):
        notes += [
            "The interval is that of the images; what another split into folds, or another seed, would change it does "
            "not hold.",
            "Each checkpoint was chosen on its own fold, which makes the score a little too good: "
            "checkpoint.select=last chooses on none.",
            "The model to ship is trained on all images with these settings; the folds say what to expect of it.",
        ]
    return [*dict.fromkeys([*notes, *ranking.missing, *ranking.warnings])]


def folds_content(recipes: Sequence[FoldedRecipe], ranking: Ranking) -> list[dict[str, Any]]:
    """Return the recipes as they stand in summary.json, the best first."""
    places = {trial: place for place, trial in enumerate(ranking.order)}
    ordered = sorted(recipes, key=lambda item: (item.pooled is None, places.get(item.trial, len(places))))
    return [_content(recipe, ranking.standings.get(recipe.trial)) for recipe in ordered]


def _content(recipe: FoldedRecipe, standing: Standing | None) -> dict[str, Any]:
    low, high = standing.ci95 if standing else (None, None)
    return {
        "values": recipe.values,
        "trials": list(recipe.folds.values()),
        "folds": list(recipe.folds),
        "missing": list(recipe.missing),
        "mean": recipe.mean,
        "deviation": recipe.deviation,
        "pooled": recipe.row.score,
        "ci_low": low,
        "ci_high": high,
        "behind": standing.behind if standing else None,
        "behind_ci": standing.behind_ci95 if standing else None,
        "p": standing.p if standing else None,
        "could_be_best": standing.could_be_best if standing else None,
        "metrics": recipe.row.metrics,
        "path": None if recipe.pooled is None else recipe.pooled.run.path,
    }


def folds_table(recipes: Sequence[FoldedRecipe], ranking: Ranking) -> tuple[list[str], list[tuple[str, ...]]]:
    """Return header and rows of the recipes for a screen, the best first."""
    keys = list(dict.fromkeys(key for recipe in recipes for key in recipe.values))
    header = [*keys, f"{ranking.objective.metric}, mean", "SD", "folds", "all images", "95 %", "to the best"]
    rows = []
    for entry in folds_content(recipes, ranking):
        marked = "*" if entry["could_be_best"] else ""
        rows.append(
            (
                *(str(entry["values"].get(key, "")) for key in keys),
                number(entry["mean"]),
                number(entry["deviation"]),
                f"{len(entry['folds'])}/{len(entry['folds']) + len(entry['missing'])}",
                f"{number(entry['pooled'])}{marked}",
                interval(entry["ci_low"], entry["ci_high"], write=number),
                signed(-entry["behind"]) if entry["behind"] else "",
            )
        )
    return header, rows


def _settings(values: dict[str, Any]) -> str:
    """Return the settings of a recipe as a sentence names them."""
    return ", ".join(f"{key}={value}" for key, value in values.items())
