"""The leaderboard as it is shown: a group a dataset and task, seeds of a recipe and trials of a sweep as one line."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import msgspec

from yololab.files.record_content import FOLD, NOT_THE_RECIPE, Status
from yololab.sweep.leaderboard.query import Query, column_key, value_of
from yololab.sweep.leaderboard.rows import Board, RunRow
from yololab.tasks import TASKS

Item = TypeVar("Item")
# Lines whose metrics are means of several runs; what a fold has by itself says nothing of them.
FOLDS = "folds"
_FOLDED = ("recipe", FOLDS)
OF_ONE_FOLD = (FOLD, "verdict", "fingerprint")


@dataclass
class Line:
    """One line of the leaderboard.

    Attributes:
        name: What commands take: a run's name, or a sweep's.
        rows: The runs behind it, the one that stands for it first; none of a sweep without a record.
        kind: `run`, `recipe` (its seeds), `folds` (a recipe's folds) or `sweep` (its trials).
        repeated: Runs of a recipe whose seed has a newer run, which adds nothing to the mean.
        text: What else is to be said of it in place of a status.
        members: The runs that its mean is of, when these are not all rows: the folds of the best recipe of a sweep.
        first: The run that stands for it.
        started: When the newest of its runs was started.
    """

    name: str
    rows: list[RunRow]
    kind: str = "run"
    text: str = ""
    repeated: list[RunRow] = field(default_factory=list)
    members: list[RunRow] = field(default_factory=list)
    first: RunRow | None = field(init=False)
    started: str = field(init=False)

    def __post_init__(self) -> None:
        self.first = self.rows[0] if self.rows else None
        self.started = max((row.facts.started or "" for row in (*self.rows, *self.repeated)), default="")

    def mean(self, metric: str) -> tuple[float | None, float | None]:
        """Return a metric's mean and its standard deviation: of a recipe's runs or folds, else of the first run."""
        if self.first is None or self.kind not in _FOLDED:
            return (self.first.facts.metrics.get(metric) if self.first else None), None
        known = [value for row in self.members or self.rows if (value := row.facts.metrics.get(metric)) is not None]
        if len(known) < 2:
            return (known[0] if known else None), None
        mean = sum(known) / len(known)
        return mean, math.sqrt(sum((value - mean) ** 2 for value in known) / (len(known) - 1))

    def value(self, key: str) -> Any:
        """Return a field, a metric or a setting: of a recipe's metric the mean."""
        if key == "run":
            return self.name
        if self.first is None or (self.kind == FOLDS and key in OF_ONE_FOLD):
            return None
        metric = self.first.metric if key == "value" else key
        return self.mean(metric)[0] if metric in self.first.facts.metrics else value_of(self.first, key)

    @property
    def score(self) -> float | None:
        """What it is ranked by: more is better."""
        if self.kind in _FOLDED and self.first is not None and self.first.metric and self.first.score is not None:
            mean = self.mean(self.first.metric)[0]
            return mean if mean is None or self.first.score == self.first.value else -mean
        return self.first.score if self.first else None

    @property
    def status(self) -> str:
        """What became of it: of several how many of each."""
        if self.kind in ("run", "recipe") and self.first is not None:  # the seeds of a recipe are all complete
            return self.first.status
        counts = Counter(row.status for row in self.rows)
        return self.text or ", ".join(f"{number} {status}" for status, number in counts.most_common())

    @property
    def short_status(self) -> str:
        """The same for a screen: of a sweep with trials how many are complete."""
        done = sum(row.status == Status.COMPLETE for row in self.rows)
        return f"{done}/{len(self.rows)} complete" if self.kind in ("sweep", FOLDS) and self.rows else self.status


@dataclass
class Group:
    """The runs of one dataset and task.

    Attributes:
        dataset: The dataset's name; None for runs that did not get so far.
        task: The task.
        lines: Its lines, the best first, or as the query sorts them.
        runs: How many runs there are behind the lines.
        varying: Settings that are not the same in all of them, those of the training first.
    """

    dataset: str | None
    task: str | None
    lines: list[Line]
    runs: int
    varying: list[str] = field(default_factory=list)

    @property
    def metrics(self) -> tuple[str, ...]:
        """The metrics to show, the one that decides first."""
        task = TASKS.get(self.task or "")
        return () if task is None else tuple(dict.fromkeys((task.primary_metric, *task.shown)))


def group_board(board: Board, query: Query) -> list[Group]:
    """Return the groups that a query asks for, the one with the newest run first."""
    groups = [
        Group(dataset, task, _sorted(_lines(rows, board, query), query), len(rows), _varying(rows, board, query))
        for (dataset, task), rows in _members(board, query).items()
    ]
    bare = [*_bare_sweeps(board, query)]
    if bare:
        groups.append(Group(None, None, bare, 0))
    newest = {id(group): max(line.started for line in group.lines) for group in groups}
    return sorted(groups, key=lambda group: newest[id(group)], reverse=True)


def _members(board: Board, query: Query) -> dict[tuple[str | None, str | None], list[RunRow]]:
    """Return the runs of each dataset and task; trials that did not get so far are with the others of their sweep."""
    rows = [row for row in board.rows if query.keeps(row)]
    of_sweeps = {row.sweep or "": row.facts for row in rows if row.sweep and row.facts.dataset}
    members: dict[tuple[str | None, str | None], list[RunRow]] = {}
    for row in rows:
        facts = row.facts if row.facts.dataset else of_sweeps.get(row.sweep or "", row.facts)
        members.setdefault((facts.dataset, facts.task), []).append(row)
    return members


def _lines(rows: Sequence[RunRow], board: Board, query: Query) -> Iterator[Line]:
    """Yield the lines of a group."""
    single: list[RunRow] = []
    sweeps: dict[str, list[RunRow]] = {}
    for row in rows:
        if row.sweep is None or query.trials:
            single.append(row)
        else:
            sweeps.setdefault(row.sweep, []).append(row)
    for name, trials in sweeps.items():
        text, sweep = _sweep_text(trials, board, name), board.sweeps.get(name)
        if sweep is not None and FOLD in sweep.keys:
            yield _folds_line(name, trials, text)
            continue
        yield Line(name, [*_best_first(trials)], "sweep", text)
    recipes: dict[tuple[str, str | None], list[RunRow]] = {}
    for row in single:
        folds = query.fold and row.status == Status.COMPLETE and row.facts.recipe and row.value is not None
        if folds and not row.facts.dry_run:
            # The folds of a dataset are one recipe, though each is measured on images of its own.
            measured = row.facts.fingerprint if _fold_of(row) is None else FOLDS
            recipes.setdefault((row.facts.recipe, measured), []).append(row)
        else:
            yield Line(row.name, [row])
    for members in recipes.values():
        if len(members) == 1:
            yield Line(members[0].name, members)
            continue
        # A seed that was repeated adds nothing to the mean: its newest run counts.
        by_seed = {(row.seed, _fold_of(row)): row for row in sorted(members, key=lambda row: row.facts.started or "")}
        kept = [*_best_first(by_seed.values())]
        repeated = [row for row in members if row is not by_seed[row.seed, _fold_of(row)]]
        kind = "run" if len(kept) == 1 else FOLDS if len({_fold_of(row) for row in kept}) > 1 else "recipe"
        yield Line(kept[0].name, kept, kind, repeated=repeated)


def _folds_line(name: str, trials: Sequence[RunRow], text: str) -> Line:
    """Return the line of a sweep over folds: its mean is that of the recipe that is best over them."""
    recipes: dict[str, list[RunRow]] = {}
    for row in trials:
        if row.score is not None and row.status == Status.COMPLETE:
            recipes.setdefault(row.facts.recipe, []).append(row)
    most = max(map(len, recipes.values()), default=0)
    whole = [members for members in recipes.values() if len(members) == most]
    best = max(whole, key=lambda rows: sum(row.score or 0.0 for row in rows), default=[])
    members = sorted(best, key=lambda row: str(_fold_of(row)))
    return Line(name, [*members, *(row for row in trials if row not in members)], FOLDS, text, members=members)


def _fold_of(row: RunRow) -> Any:
    """Return the fold that a run was validated on; None for a run without folds."""
    found = row.setting(FOLD)
    return None if found is msgspec.UNSET else found


def _best_first(rows: Iterable[RunRow]) -> list[RunRow]:
    """Return runs, the winner of their sweep first, then by what they reached."""
    return sorted(rows, key=lambda row: (not row.winner, row.score is None, -(row.score or 0.0), row.name))


def _sweep_text(trials: Sequence[RunRow], board: Board, name: str) -> str:
    """Return what became of a sweep's trials."""
    counts = Counter(row.status for row in trials)
    text = ", ".join(f"{number} {status}" for status, number in counts.most_common())
    sweep = board.sweeps.get(name)
    if sweep is None:
        return text
    if sweep.problem:
        return f"{text}; its sweep.json is damaged ({sweep.problem})"
    return text + (f" of {sweep.budget}" if sweep.budget > len(trials) else "")


def _bare_sweeps(board: Board, query: Query) -> Iterator[Line]:
    """Yield sweeps that have no record of a trial yet, or were not approved."""
    with_trials = {row.sweep for row in board.rows}
    asked = [term for term in query.terms if term.key == "status"]
    if len(asked) < len(query.terms) or query.names:
        return
    for name in (name for name in board.sweeps if name not in with_trials):
        if not asked:
            problem = board.sweeps[name].problem
            yield Line(name, [], "sweep", f"its sweep.json is damaged ({problem})" if problem else "no trial yet")
    yield from (Line(name, [], "sweep", "rejected") for name in board.rejected if asked)


def _varying(rows: Sequence[RunRow], board: Board, query: Query) -> list[str]:
    """Return the settings that are not the same in all runs of a group."""
    found: dict[str, set[str]] = {}
    counts: Counter[str] = Counter()
    known = [row for row in rows if row.facts.base]
    for row in known:
        for key, value in row.facts.changed.items():
            values = found.setdefault(key, set())
            if len(values) < 3:
                values.add(str(value))
            counts[key] += 1
        counts.update(row.facts.absent)
    varying = []
    for key, values in found.items():
        if counts[key] < len(known) and key in board.base:
            values.add(str(board.base[key]))
        if key == FOLD and query.fold:
            continue
        if len(values) > 1 and (key.partition(".")[0] not in NOT_THE_RECIPE or (key == "seed" and not query.fold)):
            varying.append(key)
    return sorted(varying, key=lambda key: ("." in key and key != "model.weights", key))


def _sorted(lines: Iterable[Line], query: Query) -> list[Line]:
    """Return lines in the order asked for; what has no value comes last, the newest of them first."""
    ordered = sorted(lines, key=lambda line: line.started, reverse=True)
    if query.sort is None:
        return sorted(ordered, key=lambda line: (line.score is None, -(line.score or 0.0)))
    key, largest = query.sort
    return _by_value(ordered, lambda line: line.started if key == "started" else line.value(key), largest=largest)


def _by_value(items: Iterable[Item], value: Callable[[Item], Any], *, largest: bool) -> list[Item]:
    """Return items sorted by a value: numbers as numbers, anything else as text; those without come last."""
    valued = [(value(item), item) for item in items]
    known = [pair for pair in valued if pair[0] not in (None, msgspec.UNSET, [], "")]
    numbers = all(isinstance(found, (int, float)) for found, _ in known)
    known.sort(key=lambda pair: pair[0] if numbers else str(pair[0]).casefold(), reverse=largest)
    return [item for _, item in known] + [item for found, item in valued if found in (None, msgspec.UNSET, [], "")]


def row_content(row: RunRow, varying: Sequence[str] = ()) -> dict[str, Any]:
    """Return a run as `--json` prints it.

    Args:
        row: The run.
        varying: The settings to give.
    """
    facts = row.facts
    settings = {key: value for key in varying if (value := row.setting(key)) is not msgspec.UNSET}
    return {
        "run": row.name,
        "path": row.path,
        "status": row.status,
        "task": facts.task,
        "metric": row.metric,
        "value": row.value,
        "epochs": facts.epochs,
        "dataset": facts.dataset,
        "verdict": facts.verdict,
        "started": facts.started,
        "mAP50": None,
        "mAP50-95": None,
        "finished": facts.finished,
        "seconds": facts.seconds,
        "seed": row.seed,
        "recipe": facts.recipe or None,
        "sweep": row.sweep,
        "winner": row.winner,
        "baseline": row.baseline,
        "dry_run": facts.dry_run,
        "tags": facts.tags,
        "notes": facts.notes,
        "error": facts.error,
        "settings": settings,
        **facts.metrics,
    }


def board_content(board: Board, query: Query) -> list[dict[str, Any]]:
    """Return every run and trial that a query asks for as `--json` prints it: by task, the best first.

    Columns that the query names are the only keys; those that it adds are among the `settings`.
    """
    found = [
        (row, varying)
        for members in _members(board, query).values()
        for varying in [_varying(members, board, query)]
        for row in members
    ]
    if query.sort is None:
        found.sort(key=lambda item: _place(item[0]))
    else:
        key = query.sort[0]
        found = _by_value(found, lambda item: value_of(item[0], key), largest=query.sort[1])
    kept = found[: query.limit or None]
    chosen = [column_key(name) for name in query.columns if not name.startswith("+")]
    added = [column_key(name) for name in query.columns if name.startswith("+")]
    if chosen:
        return [{key: _plain(value_of(row, key)) for key in dict.fromkeys(("run", *chosen, *added))} for row, _ in kept]
    return [row_content(row, list(dict.fromkeys((*varying, *added)))) for row, varying in kept]


def _plain(value: Any) -> Any:
    """Return a value as JSON knows it."""
    return None if value is msgspec.UNSET else value


def _place(row: RunRow) -> tuple[Any, ...]:
    """Return where a run stands: those with a primary metric by task, the best first; then the others."""
    return row.score is None, row.facts.task or "", -(row.score or 0.0), row.name
