"""What is asked of the leaderboard: `lr0<0.01 model=yolo26n status=complete since=7d 'yolo26n_*' sort=-epochs`."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from fnmatch import fnmatchcase
from functools import cached_property
from pathlib import PurePath
from typing import Any

import msgspec

from yololab.config.nearest import nearest
from yololab.config.reading import read_group
from yololab.config.schema import PathsConfig
from yololab.errors import InputError, Problem, noting
from yololab.files.record_content import Status
from yololab.files.run_names import is_pattern
from yololab.sweep.leaderboard.rows import RunRow
from yololab.tasks import TASKS
from yololab.text import one_of, read_number, setting

_TERM = re.compile(r"\s*([A-Za-z_][\w.()/-]*)\s*(!=|<=|>=|=|<|>|~)(.*)", re.DOTALL)
_AGE = re.compile(r"(\d+(?:\.\d+)?)\s*([mhdw])")
_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_SWITCHES = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "<": lambda left, right: left < right,
    "<=": lambda left, right: left <= right,
    ">": lambda left, right: left > right,
    ">=": lambda left, right: left >= right,
}
# What a row has besides metrics and settings.
FIELDS: dict[str, Callable[[RunRow], Any]] = {
    "run": lambda row: row.name,
    "status": lambda row: row.status,
    "task": lambda row: row.facts.task,
    "dataset": lambda row: row.facts.dataset,
    "fingerprint": lambda row: row.facts.fingerprint,
    "metric": lambda row: row.metric,
    "value": lambda row: row.value,
    "epochs_done": lambda row: row.facts.epochs,
    "verdict": lambda row: row.facts.verdict,
    "started": lambda row: row.facts.started,
    "finished": lambda row: row.facts.finished,
    "seconds": lambda row: row.facts.seconds,
    "tags": lambda row: row.facts.tags,
    "notes": lambda row: row.facts.notes,
    "error": lambda row: row.facts.error,
    "seed": lambda row: row.seed,
    "sweep": lambda row: row.sweep,
    "recipe": lambda row: row.facts.recipe,
    "winner": lambda row: row.winner,
    "baseline": lambda row: row.baseline,
}
METRICS = frozenset(metric.name for task in TASKS.values() for metric in task.metrics)
# Other names, as they are typed: of a group its main setting.
ALIASES = {"name": "run", "tag": "tags", "note": "notes", "data": "dataset", "trial": "run"} | {
    group: f"{group}.{key}" for group, key in (("model", "weights"), ("device", "id"), ("export", "format"))
}
TIMES = {"since": ">=", "before": "<"}
ALL = "all"


@dataclass(frozen=True)
class Term:
    """One condition on a row.

    Attributes:
        key: A field, a metric, or a setting by its dotted key.
        operator: `=`, `!=`, `<`, `<=`, `>`, `>=` or `~` (contains).
        text: What it is held against; of `=` and `!=` also several, with commas between, and patterns.
    """

    key: str
    operator: str
    text: str

    @cached_property
    def _number(self) -> float | None:
        return read_number(self.text)

    @cached_property
    def _options(self) -> list[str]:
        return [option.strip() for option in self.text.split(",")]

    def keeps(self, row: RunRow) -> bool:
        """Return whether a row meets the condition; what is not known meets none but `!=`."""
        value = value_of(row, self.key)
        if self.operator == "!=":
            return not self._equals(value)
        if self.operator == "=":
            return self._equals(value)
        if value is None or value is msgspec.UNSET:
            return False
        if self.operator == "~":
            return self.text.casefold() in _text(value).casefold()
        compare = _COMPARE[self.operator]
        if self.key in ("started", "finished"):
            found = _seconds_since_1970(str(value))
            return found is not None and compare(found, float(self.text))
        found = read_number(value)
        return found is not None and self._number is not None and compare(found, self._number)

    def _equals(self, value: Any) -> bool:
        if self.key == "status" and ALL in self._options:
            return True
        if isinstance(value, list):
            return any(self._equals(item) for item in value)
        return any(_is(value, option) for option in self._options)


def _is(value: Any, option: str) -> bool:
    """Return whether a value is what somebody typed: a number, a word, a pattern, the stem of a file."""
    if value is None or value is msgspec.UNSET:
        return option in ("null", "none", "None", "")
    number = read_number(option)
    if number is not None and not isinstance(value, bool) and (found := read_number(value)) is not None:
        return found == number
    text, wanted = _text(value).casefold(), option.casefold()
    if isinstance(value, bool):
        return _SWITCHES.get(wanted) is value
    if set("*?[") & set(wanted):
        return fnmatchcase(text, wanted)
    return wanted in (text, PurePath(text).stem, PurePath(text).name)


def _text(value: Any) -> str:
    return " ".join(map(str, value)) if isinstance(value, list) else setting(value)


def value_of(row: RunRow, key: str) -> Any:
    """Return a field, a metric or a setting of a row; None or `UNSET` for what it does not have."""
    found = FIELDS.get(key)
    if found is not None:
        return found(row)
    return row.facts.metrics.get(key) if key in METRICS else row.setting(key)


@dataclass(frozen=True)
class Query:
    """What is asked.

    Attributes:
        terms: Conditions that all hold.
        names: Names, beginnings of names or patterns, of which one holds; all runs without.
        sort: The key to sort by, and whether the largest comes first; None for the best first.
        columns: The columns to show instead of the usual ones; `+key` adds one.
        limit: The most lines of a group; 0 for all, None for what suits the screen.
        trials: Whether each trial of a sweep has a line of its own.
        fold: Whether the seeds of a recipe are one line.
        alerts: Where `--watch` tells what happens: URLs of apprise, or files of them.
        paths: The project's folders.
    """

    terms: tuple[Term, ...] = ()
    names: tuple[str, ...] = ()
    sort: tuple[str, bool] | None = None
    columns: tuple[str, ...] = ()
    limit: int | None = None
    trials: bool = False
    fold: bool = True
    alerts: tuple[str, ...] = ()
    paths: PathsConfig = field(default_factory=PathsConfig)

    def keeps(self, row: RunRow) -> bool:
        """Return whether a row is asked for; declined runs only when they are named."""
        if row.status == Status.REJECTED and not any(term.key == "status" for term in self.terms):
            return False
        return all(term.keeps(row) for term in self.terms) and (
            not self.names or any(is_named(row.name, text) for text in self.names)
        )


def is_named(name: str, text: str) -> bool:
    """Return whether a text names a run or a trial: whole, by its beginning, or as a pattern; also within its sweep."""
    *sweep, last = name.removeprefix("multirun/").split("/")
    wanted = text.removeprefix("multirun/")
    if is_pattern(wanted):
        return fnmatchcase("/".join([*sweep, last]), wanted) or any(fnmatchcase(part, wanted) for part in sweep)
    if "/" in wanted:
        return bool(sweep) and sweep[0].startswith(wanted.partition("/")[0]) and wanted.partition("/")[2] in ("", last)
    return (sweep or [last])[0].startswith(wanted)


def read_query(tokens: Sequence[str], now: datetime | None = None) -> Query:
    """Read what stands after `yololab runs`.

    Args:
        tokens: The tokens.
        now: The present, for `since=7d`.

    Raises:
        InputError: Everything that is wrong with the tokens. Whether a key is one is seen by `check_keys`.
    """
    problems: list[Problem] = []
    found: dict[str, Any] = {"terms": [], "names": []}
    paths: dict[str, str] = {}
    for token in tokens:
        match = _TERM.fullmatch(token)
        with noting(problems):
            if match is None:
                found["names"].append(token)
            elif match[2] == "=" and match[1].startswith("paths."):
                paths[match[1].removeprefix("paths.")] = match[3]
            elif match[2] == "=" and match[1] == "alerts":  # a URL may have commas in it
                found["alerts"] = (*found.get("alerts", ()), match[3].strip())
            elif match[2] == "=" and match[1] in _OPTIONS:
                found[match[1]] = _OPTIONS[match[1]](match[3].strip())
            else:
                found["terms"].append(_term(match[1], match[2], match[3].strip(), now or datetime.now().astimezone()))
    with noting(problems):
        found["paths"] = read_group(PathsConfig, "paths", paths)
    if problems:
        raise InputError(problems)
    terms, names = (tuple(found.pop(name)) for name in ("terms", "names"))
    return Query(terms=terms, names=names, **found)


def _term(key: str, operator: str, text: str, now: datetime) -> Term:
    """Return a condition; a time is written as seconds since 1970, however it was said."""
    if key in TIMES:
        key, operator = "started", TIMES[key] if operator == "=" else operator
    key = ALIASES.get(key, key)
    if key in ("started", "finished") and operator in _COMPARE:
        text = str(_point_in_time(key, text, now))
    elif operator in _COMPARE and read_number(text) is None:
        raise InputError(Problem(f"{key}{operator}{text}", f"{text!r} is no number", f"{key}{operator}0.5"))
    return Term(key, operator, text)


def _point_in_time(key: str, text: str, now: datetime) -> float:
    """Return a time in seconds since 1970: an age (`7d`), or a date."""
    age, moment = _AGE.fullmatch(text), _seconds_since_1970(text)
    if age is not None and (amount := float(age[1])) < 1e6:
        return (now - timedelta(**{_UNITS[age[2]]: min(amount, 5e5)})).timestamp()
    if moment is None:
        raise InputError(Problem(key, f"{text!r}", "an age (30m, 12h, 7d, 2w), or a date (2026-01-31)"))
    return moment


def _seconds_since_1970(text: str) -> float | None:
    """Return an ISO 8601 time in seconds since 1970; None for anything else."""
    try:
        return datetime.fromisoformat(text).timestamp()
    except (ValueError, OverflowError, OSError):
        return None


def _switch(text: str) -> bool:
    if (found := _SWITCHES.get(text.casefold())) is None:
        raise InputError(Problem("trials, fold", f"{text!r}", "true or false"))
    return found


def _limit(text: str) -> int:
    if text == ALL:
        return 0
    if not text.isdecimal() or len(text) > 9:
        raise InputError(Problem("limit", f"{text!r}", "a whole number, or all"))
    return int(text)


def _list(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip())


def _sort(text: str) -> tuple[str, bool]:
    key = text.removeprefix("-")
    return ALIASES.get(key, key), text.startswith("-")


_OPTIONS: dict[str, Callable[[str], Any]] = {"sort": _sort, "columns": _list, "limit": _limit}
_OPTIONS |= {"trials": _switch, "fold": _switch}
OPTIONS = (*_OPTIONS, "alerts")


def check_keys(query: Query, settings: Collection[str]) -> None:
    """Make sure that the keys of a query are ones.

    Args:
        query: The query.
        settings: The settings that some run has.

    Raises:
        InputError: All that are none, with those that they may have meant.
    """
    known = {*FIELDS, *METRICS, *settings}
    asked = [term.key for term in query.terms] + ([query.sort[0]] if query.sort else [])
    asked += [column_key(name) for name in query.columns]
    problems = []
    for key in dict.fromkeys(key for key in asked if key not in known):
        close = nearest(key, [*known, *ALIASES])
        remedy = f"did you mean {' or '.join(close)}?" if close else "any setting of a run, a metric, or one of these"
        problems.append(Problem(key, "no run has it", one_of([*FIELDS, *TIMES], most=30), remedy))
    if problems:
        raise InputError(problems)


def column_key(name: str) -> str:
    """Return the key of a column as it is asked for."""
    return ALIASES.get(name.removeprefix("+"), name.removeprefix("+"))
