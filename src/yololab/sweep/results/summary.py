"""The answer of a sweep as files: summary.json and summary.csv, a pure function of what lies in the sweep's folder."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from yololab.comparison.comparison_file import COMPARISON_VERSION
from yololab.errors import InputError, Problem
from yololab.files.atomic import write_text
from yololab.files.json_files import read_json, write_json
from yololab.files.metrics import read_metrics
from yololab.files.record import now
from yololab.sweep.results.importance import Importances, importances
from yololab.sweep.results.ranking import METHOD, MINIMIZE, RankedRecipe, Ranking, rank_trials
from yololab.sweep.results.ranking_text import answer_of, notes_of
from yololab.sweep.results.rows import TrialRow, metrics_of, read_rows, with_adjusted_p
from yololab.sweep.state import SweepFolder, SweepSettings

SUMMARY_VERSION = 2


@dataclass(frozen=True)
class Summary:
    """What a sweep has found so far.

    Attributes:
        folder: The sweep's folder.
        settings: What was asked for.
        rows: A row a trial, in the order of their numbers.
        ranking: The trials, the best first.
        importances: Which settings mattered; None while the sweep goes on.
        test: What the winner's evaluation on the test split says; None without one.
    """

    folder: SweepFolder
    settings: SweepSettings
    rows: tuple[TrialRow, ...]
    ranking: Ranking
    importances: Importances | None
    test: dict[str, Any] | None

    @property
    def winner(self) -> TrialRow | None:
        """The row of the winner; None when no trial was measured to its end."""
        number = self.ranking.winner
        return next((row for row in self.rows if row.trial == number), None)

    @property
    def finished(self) -> bool:
        """Whether all trials that were asked for have come to their end."""
        return all(row.status.finished for row in self.rows) and len(self.rows) >= self.settings.budget


def write_summary(folder: SweepFolder, *, statistics: bool = False) -> Summary:
    """Read every trial, and write summary.json and summary.csv, each in one step.

    Args:
        folder: The sweep's folder.
        statistics: Whether the images and the importance of the settings are looked into: at the end of a sweep.

    Raises:
        InputError: There is no sweep, or its state is of an unknown version.
    """
    summary = read_summary(folder, statistics=statistics)
    store_summary(summary)
    return summary


def store_summary(summary: Summary) -> None:
    """Write a summary's two files."""
    write_json(summary.folder.summary, summary_content(summary), SUMMARY_VERSION)
    write_text(summary.folder.summary_table, summary_table(summary))


def with_test(summary: Summary) -> Summary:
    """Return the summary with what the winner's evaluation on the test split says by now."""
    return replace(summary, test=None if summary.winner is None else tested_on(summary.winner))


def read_summary(folder: SweepFolder, *, statistics: bool = False) -> Summary:
    """Find out what a sweep has found so far; nothing is written.

    Args:
        folder: The sweep's folder.
        statistics: As in `write_summary`.
    """
    settings = folder.read_settings()
    rows = with_adjusted_p(read_rows(folder, settings))
    ranking = rank_trials(rows, settings.objectives, statistics=statistics)
    found = None
    if statistics:
        complete = [row for row in rows if row.complete and row.objectives and row.objectives[0] is not None]
        found = importances(
            [row.values for row in complete],
            [float(row.objectives[0] or 0) for row in complete],
            lower_is_better=settings.objectives[0].direction == MINIMIZE,
        )
    return with_test(Summary(folder, settings, tuple(rows), ranking, found, None))


def winner_of(folder: SweepFolder) -> Path:
    """Return the folder of a sweep's winner: what `best` points at, else the best trial that there is.

    Raises:
        InputError: No trial was measured to its end.
    """
    rows = {row.folder.resolve(): row for row in read_rows(folder, folder.read_settings())}
    pointed = rows.get(folder.best.resolve()) if folder.best.is_symlink() else None
    winner = pointed if pointed is not None and pointed.complete else read_summary(folder, statistics=True).winner
    if winner is None:
        found = f"{len(rows)} trials, none of them complete"
        remedy = f"see {folder.path}, or go on with it: yololab resume {folder.path}"
        raise InputError(Problem(str(folder.path), found, "a sweep with a complete trial", remedy))
    return winner.folder


def tested_on(row: TrialRow) -> dict[str, Any] | None:
    """Return what a trial's evaluation on the test split says, beside the baseline there; None without one."""
    folder = row.run.test_evaluation
    if not (folder / "metrics.json").is_file():
        return None
    metrics = read_metrics(folder / "metrics.json")
    found: dict[str, Any] = {"split": metrics.split, "metrics": metrics_of(metrics), "path": str(metrics.path)}
    comparison = folder / "comparison.json"
    if comparison.is_file():
        content = read_json(comparison, (COMPARISON_VERSION,))
        rows = content["metrics"]
        primary: dict[str, Any] = next((item for item in rows if item["metric"] == content["primary_metric"]), {})
        kept = ("delta", "ci_low", "ci_high", "p")
        found["baseline"] = {"verdict": content["verdict"], "sentence": content["sentence"]}
        found["baseline"] |= {key: primary.get(key) for key in kept}
        found["baseline"]["compared"] = content["baseline"] is not None
    return found


def summary_content(summary: Summary) -> dict[str, Any]:
    """Return the content of summary.json."""
    winner, ranking, settings = summary.winner, summary.ranking, summary.settings
    counts = Counter(row.status.value for row in summary.rows)
    return {
        "sweep": summary.folder.path.name,
        "written": now(),
        "finished": summary.finished,
        "answer": answer_of(summary.rows, ranking, finished=summary.finished),
        "notes": notes_of(summary.rows, ranking, summary.test),
        "swept": list(settings.keys),
        "objectives": [asdict(objective) for objective in settings.objectives],
        "budget": settings.budget,
        "counts": dict(counts),
        "winner": None if winner is None else {"trial": winner.trial, "folder": str(winner.folder)},
        "test": summary.test,
        "ranking": _ranking_content(ranking),
        "recipes": [_recipe_content(recipe) for recipe in ranking.recipes],
        "importance": None
        if summary.importances is None
        else {
            "told": summary.importances.told,
            "settings": [
                asdict(item) | {"more_than_chance": item.more_than_chance} for item in summary.importances.items
            ],
        },
        "trials": [_row_content(row, ranking) for row in summary.rows],
    }


def _ranking_content(ranking: Ranking) -> dict[str, Any]:
    """Return what stands behind the order of the trials."""
    selection = ranking.selection
    return {
        "order": list(ranking.order),
        "pareto": None if ranking.pareto is None else list(ranking.pareto),
        "statistical_support": selection is not None,
        "could_be_best": list(ranking.could_be_best()) if selection else None,
        "optimism": selection.optimism if selection else None,
        "images": ranking.images if selection else None,
        "replicates": selection.replicates if selection else None,
        "method": METHOD if selection else None,
        "missing": list(ranking.missing),
        "warnings": list(ranking.warnings),
    }


def _recipe_content(recipe: RankedRecipe) -> dict[str, Any]:
    """Return a recipe as it stands in summary.json."""
    standing = recipe.standing
    behind = standing.behind.difference if standing and standing.behind else None
    return {
        "values": recipe.values,
        "trials": list(recipe.trials),
        "mean": recipe.mean,
        "seed_deviation": standing.deviation if standing else None,
        "behind": behind.gain if behind else 0.0 if standing else None,
        "behind_ci": list(behind.ci95) if behind else None,
        "p": standing.p if standing else None,
        "could_be_best": standing.could_be_best if standing else None,
    }


def _row_content(row: TrialRow, ranking: Ranking) -> dict[str, Any]:
    """Return a trial as it stands in summary.json."""
    standing = None
    if ranking.selection is not None and row.trial in ranking.tested:
        standing = ranking.selection.standings[ranking.tested.index(row.trial)]
    return {
        "trial": row.trial,
        "values": row.values,
        "status": row.status,
        "rank": ranking.order.index(row.trial) + 1 if row.complete else None,
        "objectives": list(row.objectives),
        "pareto": None if ranking.pareto is None else row.trial in ranking.pareto,
        "task": row.task,
        "metrics": row.metrics,
        "ci_low": standing.ci95[0] if standing else None,
        "ci_high": standing.ci95[1] if standing else None,
        "behind": standing.behind if standing else None,
        "behind_ci": list(standing.behind_ci95) if standing and standing.behind_ci95 else None,
        "p": standing.p if standing else None,
        "could_be_best": standing.could_be_best if standing else None,
        "baseline": None if row.baseline is None else asdict(row.baseline),
        "epochs": row.epochs,
        "seconds": row.seconds,
        "error": row.error,
        "weights_bytes": row.weights_bytes,
        "overrides": list(row.overrides),
        "folder": str(row.folder),
    }


def summary_table(summary: Summary) -> str:
    """Return the rows as CSV: a column for each swept key and each metric, empty where a trial has none."""
    rows = [_row_content(row, summary.ranking) for row in summary.rows]
    keys = _names(summary.settings.keys, (row["values"] for row in rows))
    metrics = _names((), (row["metrics"] for row in rows))
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    kept = ("status", "rank", "could_be_best", "pareto", "behind", "p")
    compared = ("verdict", "delta", "p_adjusted")
    ending = ("epochs", "seconds", "error", "folder")
    writer.writerow(["trial", *keys, *metrics, *kept, *(f"baseline_{name}" for name in compared), *ending])
    for row in rows:
        against = row["baseline"] or {}
        cells = [
            row["trial"],
            *(row["values"].get(key) for key in keys),
            *(row["metrics"].get(name) for name in metrics),
        ]
        cells += [*(row[name] for name in kept), *(against.get(name) for name in compared)]
        cells += [row[name] for name in ending]
        writer.writerow(["" if cell is None else cell for cell in cells])
    return buffer.getvalue()


def _names(first: Sequence[str], found: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return the names that occur, those given first."""
    every: dict[str, None] = dict.fromkeys(first)
    for row in found:
        every |= dict.fromkeys(row)
    return list(every)
