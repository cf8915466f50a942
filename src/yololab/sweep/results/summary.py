"""What a sweep has found, a pure function of what lies in its folder."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from yololab.comparison.result import COMPARISON_VERSION, ComparisonContent
from yololab.errors import InputError, Problem
from yololab.files.json_files import read_json
from yololab.files.metrics import read_metrics
from yololab.files.paths import COMPARISON, METRICS
from yololab.sweep.results.folds import FoldedRecipe, fold_recipes, has_folds
from yololab.sweep.results.importance import Importances, importances
from yololab.sweep.results.ranking import Ranking, rank_trials
from yololab.sweep.results.rows import RowCache, TrialRow, metrics_of, primary_row, value_at, with_adjusted_p
from yololab.sweep.results.sequential import exclusion_level, stopped_text
from yololab.sweep.state import SweepFolder, SweepSettings
from yololab.text import counted


@dataclass(frozen=True)
class Summary:
    """What a sweep has found so far.

    Attributes:
        folder: The sweep's folder.
        settings: What was asked for.
        rows: A row a trial, in the order of their numbers.
        ranking: The trials, the best first.
        importances: Which settings mattered; None while the sweep runs.
        folds: Of a sweep over folds its recipes, which the ranking is of, then, by the number of their first trial.
        test: What the winner's evaluation on the test split says; None without one.
    """

    folder: SweepFolder
    settings: SweepSettings
    rows: tuple[TrialRow, ...]
    ranking: Ranking
    importances: Importances | None
    test: dict[str, Any] | None
    folds: tuple[FoldedRecipe, ...] = ()

    @property
    def winner(self) -> TrialRow | None:
        """The row of the winner; None when no trial was measured to its end, and of folds, of which none is best."""
        number = None if self.folds else self.ranking.winner
        return next((row for row in self.rows if row.trial == number), None)

    @property
    def finished(self) -> bool:
        """Whether all trials that were asked for have come to their end."""
        # A freeze-thaw search ends its paused trials when its epochs are spent, however many points that were.
        all_there = len(self.rows) >= self.settings.budget or self.settings.budget_epochs is not None
        return all(row.status.finished for row in self.rows) and all_there


def with_test(summary: Summary) -> Summary:
    """Return the summary with what the winner's evaluation on the test split says by now."""
    return replace(summary, test=None if summary.winner is None else tested_on(summary.winner))


def read_summary(folder: SweepFolder, *, statistics: bool = False) -> Summary:
    """Find out what a sweep has found so far; nothing is written but, with statistics, the pooled evaluations of folds.

    Args:
        folder: The sweep's folder.
        statistics: Whether the images and the importance of the settings are looked into: at the end of a sweep.
    """
    settings = folder.read_settings()
    return summarize(folder, settings, RowCache(folder, settings.objectives).read(), statistics=statistics)


def summarize(
    folder: SweepFolder, settings: SweepSettings, found_rows: Sequence[TrialRow], *, statistics: bool = False
) -> Summary:
    """Return what the rows of a sweep say; see `read_summary`."""
    rows = with_adjusted_p(found_rows)
    folds: tuple[FoldedRecipe, ...] = ()
    if has_folds(settings.keys):
        folds = fold_recipes(folder, rows, settings.objectives, write=statistics)
    ranked = [recipe.row for recipe in folds] if folds else rows
    ranking = rank_trials(ranked, settings.objectives, statistics=statistics, alpha=exclusion_level(settings))
    if settings.stopped is not None:
        ranking = replace(ranking, missing=(stopped_text(settings.stopped, settings.budget), *ranking.missing))
    found = None
    if statistics:
        scored = [(row.values, row.score) for row in ranked if row.complete and row.score is not None]
        what, lower = "complete trials", settings.objectives[0].lower_is_better
        if settings.budget_epochs is not None:
            epoch = min((row.epochs for row in ranked if row.epochs), default=1)
            early = [(row.values, value_at(row, settings.objectives[0], epoch)) for row in ranked]
            scored = [(values, value) for values, value in early if value is not None]
            what = f"trials after {counted(epoch, 'epoch')} of each"
        values, scores = [values for values, _ in scored], [score for _, score in scored]
        found = importances(values, scores, lower_is_better=lower, what=what)
    return with_test(Summary(folder, settings, tuple(rows), ranking, found, None, folds))


def winner_of(folder: SweepFolder) -> Path:
    """Return the folder of a sweep's winner: what `best` points at, else the best trial that there is.

    Raises:
        InputError: No trial was measured to its end.
    """
    rows = {row.folder.resolve(): row for row in RowCache(folder, folder.read_settings().objectives).read()}
    pointed = rows.get(folder.best.resolve()) if folder.best.is_symlink() else None
    winner = pointed if pointed is not None and pointed.complete else read_summary(folder, statistics=True).winner
    if winner is None and has_folds(folder.read_settings().keys):
        found = "folds of a dataset, of which none is better than another"
        remedy = "train one model on all images with the settings that came out first, and promote that"
        raise InputError(Problem(str(folder.path), found, "a sweep with a winner", remedy))
    if winner is None:
        found = f"{len(rows)} trials, none of them complete"
        remedy = f"see {folder.path}, or resume it: yololab resume {folder.path}"
        raise InputError(Problem(str(folder.path), found, "a sweep with a complete trial", remedy))
    return winner.folder


def tested_on(row: TrialRow) -> dict[str, Any] | None:
    """Return what a trial's evaluation on the test split says, and the baseline there; None without one."""
    folder = row.run.test_evaluation
    if not (folder / METRICS).is_file():
        return None
    metrics = read_metrics(folder / METRICS)
    found: dict[str, Any] = {"split": metrics.split, "metrics": metrics_of(metrics), "path": str(metrics.path)}
    comparison = folder / COMPARISON
    if comparison.is_file():
        content = read_json(comparison, (COMPARISON_VERSION,), ComparisonContent)
        primary = primary_row(content)
        found["baseline"] = {"verdict": content["verdict"], "sentence": content["sentence"]}
        found["baseline"] |= {key: primary.get(key) for key in ("delta", "ci_low", "ci_high", "p")}
        found["baseline"]["compared"] = content["baseline"] is not None
    return found
