"""How the leaderboard is written, on a screen and on its page alike: which columns, and what stands in them."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import msgspec

from yololab.files.record_content import Status
from yololab.sweep.leaderboard.groups import FOLDS, OF_ONE_FOLD, Group, Line
from yololab.sweep.leaderboard.query import FIELDS, METRICS, Query, column_key
from yololab.sweep.leaderboard.rows import RunRow
from yololab.text import UNKNOWN, counted, first_of, moment, number, setting, short_moment

# Columns of text; the others are numbers, and aligned at their right.
TEXT_COLUMNS = ("status", "verdict", "tags", "notes", "error", "dataset")


def columns_of(group: Group, query: Query) -> list[str]:
    """Return the keys of the columns: what is asked for, or what tells the runs of the group apart."""
    chosen = [column_key(name) for name in query.columns if not name.startswith("+")]
    added = [column_key(name) for name in query.columns if name.startswith("+")]
    if chosen:
        return list(dict.fromkeys(["run", *chosen, *added]))
    lines = group.lines
    primary, *others = group.metrics or ("value",)
    shown = [
        *("run", primary),
        *(["status"] if any(line.status != Status.COMPLETE for line in lines) else []),
        *(["verdict"] if any(line.value("verdict") for line in lines) else []),
        *added,
        *group.varying,
        *(["tags"] if any(line.value("tags") for line in lines) else []),
        *others,
        *("epochs", "started"),
        *(["notes"] if any(line.value("notes") for line in lines) else []),
    ]
    return list(dict.fromkeys(shown))


def header_of(key: str) -> str:
    """Return the name of a column: of a group's main setting the group's."""
    return {"model.weights": "model", "data.source": "data", "device.id": "device"}.get(key, key)


def cells_of(lines: Sequence[Line], key: str, now: datetime | None = None) -> list[str]:
    """Write what lines have in a column.

    Args:
        lines: The lines.
        key: The column.
        now: The present, where times are to be short: their day alone, or the hour of today.
    """
    if key == "run":
        return [_name(line) for line in lines]
    if key == "status":
        return [line.short_status if now else line.status for line in lines]
    if key == "started":
        return [short_moment(line.started, now) if now else moment(line.started, zone=False) for line in lines]
    if key == "epochs":
        done = (line.first.facts.epochs if line.first else None for line in lines)
        return [UNKNOWN if epochs is None else str(epochs) for epochs in done]
    if key in METRICS or key == "value":
        return [_mean(line, key) for line in lines]
    found = FIELDS.get(key)
    read: Callable[[RunRow], Any] = found if found is not None else lambda row: row.setting(key)
    hidden = key in OF_ONE_FOLD
    return [
        UNKNOWN if line.first is None or (hidden and line.kind == FOLDS) else value_text(read(line.first))
        for line in lines
    ]


def _name(line: Line) -> str:
    mark = "★ " if line.first and line.first.baseline else ""
    seeds = f" ×{len(line.rows)}" if line.kind == "recipe" else ""
    if line.kind == FOLDS:
        seeds = f" ({counted(len(line.members or line.rows), 'fold')})"
    best = f" (best: {line.first.name.rpartition('/')[2]})" if line.kind == "sweep" and line.first else ""
    return f"{mark}{line.name}{seeds}{best}" + (f" (+{len(line.repeated)} repeated)" if line.repeated else "")


def _mean(line: Line, key: str) -> str:
    mean, deviation = line.mean(key if key != "value" else (line.first and line.first.metric) or "")
    return number(mean) if deviation is None else f"{number(mean)} ± {number(deviation)}"


def value_text(value: Any) -> str:
    """Write a field or a setting; a dash for what is not known."""
    if isinstance(value, str):
        return value
    if isinstance(value, float):
        return f"{value:g}"
    if value is None or value is msgspec.UNSET or value == []:
        return UNKNOWN
    if isinstance(value, list):
        return str(value[0]) if len(value) == 1 else first_of(value, len(value))
    return setting(value)
