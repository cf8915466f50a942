"""summary.json and summary.csv: written after each trial, and with its statistics at the end of a sweep."""

import csv
import io
import time
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any, TypedDict

from yololab.errors import InputError
from yololab.files.atomic import write_text
from yololab.files.json_files import write_json
from yololab.files.record import now
from yololab.host.sparing import Sparing
from yololab.sweep.executor import JobState
from yololab.sweep.results.folds import folds_content, folds_notes, folds_text
from yololab.sweep.results.ranking import METHOD, RankedRecipe, Ranking
from yololab.sweep.results.ranking_text import ranking_notes, ranking_text
from yololab.sweep.results.rows import SEED, RowCache, TrialRow
from yololab.sweep.results.summary import Summary, read_summary, summarize
from yololab.sweep.state import SweepFolder, SweepSettings, TrialEntry
from yololab.terminal.screen import Screen

SUMMARY_VERSION = 2


class TrialContent(TypedDict):
    """A trial in summary.json, as far as it is read again."""

    trial: int
    objectives: list[float | None]


class SummaryContent(TypedDict):
    """What summary.json holds, as far as it is read again; the page of the sweep shows more of it."""

    counts: dict[str, int]
    finished: bool
    objectives: list[dict[str, str]]
    winner: dict[str, Any] | None
    trials: list[TrialContent]


# Columns of summary.csv after the swept keys and the metrics: from the ranking, the baseline's comparison, the rest.
_RANKED = ("status", "rank", "could_be_best", "pareto", "behind", "p")
_COMPARED = ("verdict", "delta", "p_adjusted")
_LAST = ("epochs", "seconds", "error", "folder")


def write_summary(folder: SweepFolder, *, statistics: bool = False) -> Summary:
    """Read every trial, and write summary.json and summary.csv, each in one step.

    Args:
        folder: The sweep's folder.
        statistics: As in `read_summary`.

    Raises:
        InputError: There is no sweep, or its state is of an unknown version.
    """
    summary = read_summary(folder, statistics=statistics)
    store_summary(summary)
    return summary


def store_summary(summary: Summary) -> None:
    """Write a summary's two files."""
    content = summary_content(summary)
    write_json(summary.folder.summary, content, SUMMARY_VERSION)
    write_text(summary.folder.summary_table, summary_table(summary, content["trials"]))


@dataclass
class SummaryWriter:
    """Keeps the summary of a running sweep up to date, so that a kill leaves one that knows of each ended trial.

    It follows the loop. After a trial only what has changed is read anew, and nothing is claimed: the statistics come
    at the end. Where trials are so many and so short that writing after each would take more than a small share of the
    time, several share one. A summary that cannot be written costs a warning, once, and never the sweep.

    Attributes:
        folder: The sweep's folder.
        settings: What was asked for.
        screen: Where to warn.
        clock: Seconds from some moment on.
    """

    folder: SweepFolder
    settings: SweepSettings
    screen: Screen
    clock: Callable[[], float] = time.monotonic
    _warned: bool = False
    _behind: bool = False

    def __post_init__(self) -> None:
        self._rows = RowCache(self.folder, self.settings.objectives)
        self._sparing = Sparing(self.clock)  # all rows are written anew each time

    def changed(self, entry: TrialEntry) -> None:
        """Write the summary when a trial has ended."""
        self._behind |= entry.status.finished
        self._catch_up()

    def tick(self, running: Mapping[int, TrialEntry], states: Mapping[int, JobState]) -> None:
        """Write what could not be written at once."""
        del running, states
        self._catch_up()

    def _catch_up(self) -> None:
        """Write the summary when it lacks a trial that has ended, and may be written again."""
        if not self._behind or not self._sparing.due:
            return
        self._behind = False
        try:
            with self._sparing.working():
                store_summary(summarize(self.folder, self.settings, self._rows.read()))
        except (InputError, OSError) as error:
            if not self._warned:
                self.screen.warn(f"summary.json and summary.csv cannot be written: {error}; the sweep continues")
            self._warned = True


def summary_content(summary: Summary) -> dict[str, Any]:
    """Return the content of summary.json."""
    winner, ranking, settings, found = summary.winner, summary.ranking, summary.settings, summary.importances
    ranks = {} if summary.folds else {number: place for place, number in enumerate(ranking.order, 1)}
    front = None if ranking.pareto is None else set(ranking.pareto)
    items = [asdict(item) | {"more_than_chance": item.more_than_chance} for item in found.items] if found else []
    return {
        "sweep": summary.folder.path.name,
        "written": now(),
        "finished": summary.finished,
        "answer": folds_text(summary.folds, ranking, finished=summary.finished)
        if summary.folds
        else ranking_text(summary.rows, ranking, finished=summary.finished),
        "notes": folds_notes(summary.folds, ranking)
        if summary.folds
        else ranking_notes(summary.rows, ranking, summary.test),
        "swept": settings.keys,
        "objectives": [asdict(objective) for objective in settings.objectives],
        "budget": settings.budget,
        "counts": Counter(row.status.value for row in summary.rows),
        "winner": None if winner is None else {"trial": winner.trial, "folder": winner.folder},
        "test": summary.test,
        "ranking": _ranking_content(ranking),
        "recipes": [_recipe_content(recipe) for recipe in ranking.recipes],
        "folds": folds_content(summary.folds, ranking),
        "importance": None if found is None else {"told": found.text, "settings": items},
        "trials": [_row_content(row, ranking, ranks, front) for row in summary.rows],
    }


def _ranking_content(ranking: Ranking) -> dict[str, Any]:
    """Return what stands behind the order of the trials."""
    selection = ranking.selection
    known = {name: getattr(ranking, name) for name in ("order", "pareto", "missing", "warnings")}
    return known | {
        "statistical_support": selection is not None,
        "could_be_best": ranking.could_be_best() if selection else None,
        "optimism": selection.optimism if selection else None,
        "images": ranking.images if selection else None,
        "replicates": selection.replicates if selection else None,
        "method": METHOD if selection else None,
    }


def _recipe_content(recipe: RankedRecipe) -> dict[str, Any]:
    """Return a recipe as it stands in summary.json."""
    standing = recipe.standing
    behind = standing.behind.difference if standing and standing.behind else None
    return {
        "values": recipe.values,
        "trials": recipe.trials,
        "mean": recipe.mean,
        "seed_deviation": standing.deviation if standing else None,
        "behind": behind.gain if behind else 0.0 if standing else None,
        "behind_ci": behind.ci95 if behind else None,
        "p": standing.p if standing else None,
        "could_be_best": standing.could_be_best if standing else None,
    }


def _row_content(
    row: TrialRow, ranking: Ranking, ranks: Mapping[int, int], front: Collection[int] | None
) -> dict[str, Any]:
    """Return a trial as it stands in summary.json.

    Args:
        row: The trial.
        ranking: All of them.
        ranks: Trial → its place in the order, from 1; empty for folds, which have none.
        front: The trials on the Pareto front; None for one objective.
    """
    standing = ranking.standings.get(row.trial) if row.trial in ranks else None
    low, high = standing.ci95 if standing else (None, None)
    content = {item.name: getattr(row, item.name) for item in fields(row) if item.name != SEED}
    return content | {
        "baseline": None if row.baseline is None else asdict(row.baseline),
        "rank": ranks.get(row.trial) if row.complete else None,
        "pareto": None if front is None else row.trial in front,
        "ci_low": low,
        "ci_high": high,
        "behind": standing.behind if standing else None,
        "behind_ci": standing.behind_ci95 if standing else None,
        "p": standing.p if standing else None,
        "could_be_best": standing.could_be_best if standing else None,
    }


def summary_table(summary: Summary, rows: Sequence[Mapping[str, Any]]) -> str:
    """Return the rows as CSV: a column for each swept key and each metric, empty where a trial has none.

    Args:
        summary: What the sweep has found.
        rows: Its trials, as they stand in summary.json.
    """
    keys = list(dict.fromkeys([*summary.settings.keys, *(key for row in rows for key in row["values"])]))
    metrics = list(dict.fromkeys(name for row in rows for name in row["metrics"]))
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(["trial", *keys, *metrics, *_RANKED, *(f"baseline_{name}" for name in _COMPARED), *_LAST])
    for row in rows:
        parts = ((row["values"], keys), (row["metrics"], metrics), (row, _RANKED), (row["baseline"] or {}, _COMPARED))
        cells = [part.get(name) for part, names in (*parts, (row, _LAST)) for name in names]
        writer.writerow([row["trial"], *cells])
    return buffer.getvalue()
