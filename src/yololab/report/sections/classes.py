"""The classes: which ones the model finds, and which have changed since the baseline."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from yololab.report.appearance import gain_word
from yololab.report.charts.bars import Bar, bars
from yololab.report.run_files import RunFiles, mapping, mappings, primary_row
from yololab.tasks import TASKS
from yololab.text import as_number, count, number, p_value, signed

MOST_IN_ONE_CHART = 30
EXTREMES = 12
NOT_METRICS = ("index", "instances", "images")


@dataclass(frozen=True)
class Change:
    """One metric of a class beside the baseline's.

    Attributes:
        baseline: The baseline's value.
        delta: The change.
        chance: Its q-value, `insufficient` where too few images hold the class; empty when it was not tested.
    """

    baseline: float | None = None
    delta: float | None = None
    chance: str = ""


@dataclass(frozen=True)
class ClassRow:
    """One class.

    Attributes:
        name: Its name.
        values: Its metrics, in the order of the table's columns.
        instances: What its labels are counted in (objects, images, pixels); None when that is not known.
        images: The images that hold it.
        changes: The metrics that were compared with the baseline's, by column.
        leading: The change of the leading metric.
    """

    name: str
    values: tuple[float | None, ...]
    instances: float | None
    images: float | None
    changes: Mapping[str, Change]
    leading: Change

    @property
    def absent(self) -> bool:
        """Whether the evaluated split has no object of the class."""
        return self.instances == 0


def classes(run: RunFiles) -> dict[str, Any] | None:
    """Prepare bars and a table of the classes; None when they were not measured."""
    found = {str(name): mapping(values) for name, values in mapping(run.metrics.get("per_class")).items()}
    columns = class_columns(found, str(run.metrics.get("task") or "detect"))
    if not columns:
        return None
    task = str(run.metrics.get("task") or "detect")
    leading = leading_column(columns, task)
    compared = {leading: mappings(run.comparison.get("per_class"))}
    compared |= {str(name): mappings(rows) for name, rows in mapping(run.comparison.get("per_class_other")).items()}
    before = {column: {str(row.get("name")): row for row in rows} for column, rows in compared.items()}
    rows = [_row(name, values, columns, before, leading) for name, values in found.items()]
    position = columns.index(leading)
    known = [change for row in rows for change in row.changes.values()]
    counted = TASKS[task].counted if task in TASKS else "objects"
    return {
        "columns": columns,
        "compared": [
            c for c in columns if any(row.changes[c].baseline is not None for row in rows if c in row.changes)
        ],
        "tested": any(change.chance not in ("", "—") for change in known),
        "rows": [_shown(row, columns, primary_row(run.comparison).get("direction")) for row in rows],
        "charts": class_charts(rows, position, leading, counted),
        "counted": counted,
        "collapsed": len(rows) > MOST_IN_ONE_CHART,
        "total": len(rows),
        "absent": sum(row.absent for row in rows),
    }


def class_columns(found: Mapping[str, Mapping[str, Any]], task: str) -> list[str]:
    """Return the metrics that any class has: the task's in its own order, then others as they come."""
    known = list(TASKS[task].per_class) if task in TASKS else []
    present = [key for values in found.values() for key in values if key not in NOT_METRICS]
    return [key for key in dict.fromkeys([*known, *present]) if key in present]


def leading_column(columns: Sequence[str], task: str) -> str:
    """Return the class metric that belongs to the task's primary metric, else the first."""
    wanted = TASKS[task].class_metric if task in TASKS else ""
    return wanted if wanted in columns else columns[0]


def class_charts(rows: Sequence[ClassRow], position: int, leading: str, counted: str = "objects") -> list[Markup]:
    """Draw the classes from the best to the weakest, and how many there are; of many only the two ends."""
    known = sorted(
        (row for row in rows if row.values[position] is not None), key=lambda row: -(row.values[position] or 0.0)
    )
    drawn = [
        Bar(
            row.name,
            row.values[position],
            row.leading.baseline,
            "" if row.instances is None else f"{count(row.instances)} {counted}",
        )
        for row in known
    ]
    if len(drawn) <= MOST_IN_ONE_CHART:
        amounts = [Bar(row.name, row.instances) for row in known]
        charts = [bars(leading, drawn), bars(counted.capitalize(), amounts, top=None, write=count, colour=5)]
    else:
        weakest = list(reversed(drawn[-EXTREMES:]))
        charts = [
            bars(f"{leading}: the {EXTREMES} weakest classes", weakest),
            bars(f"{leading}: the {EXTREMES} strongest", drawn[:EXTREMES]),
        ]
    return [chart for chart in charts if chart]


def _row(
    name: str,
    values: Mapping[str, Any],
    columns: Sequence[str],
    before: Mapping[str, Mapping[str, Mapping[str, Any]]],
    leading: str,
) -> ClassRow:
    """Put together one class."""
    changes = {column: _change(rows.get(name, {})) for column, rows in before.items()}
    return ClassRow(
        name,
        tuple(as_number(values.get(column)) for column in columns),
        as_number(values.get("instances")),
        as_number(values.get("images")),
        changes,
        changes[leading],
    )


def _change(row: Mapping[str, Any]) -> Change:
    """Read what was found of one metric of a class."""
    chance = "insufficient" if row.get("insufficient") is True else p_value(row.get("q")) if "q" in row else ""
    return Change(as_number(row.get("baseline")), as_number(row.get("delta")), chance)


def _shown(row: ClassRow, columns: Sequence[str], direction: Any) -> dict[str, Any]:
    """Prepare one row of the table."""
    return {
        "name": row.name,
        "absent": row.absent,
        "cells": [
            {"value": number(value), "change": _shown_change(row.changes[column], direction)}
            if column in row.changes
            else {"value": number(value), "change": None}
            for column, value in zip(columns, row.values, strict=True)
        ],
        "instances": count(row.instances),
        "images": count(row.images),
    }


def _shown_change(change: Change, direction: Any) -> dict[str, str]:
    """Prepare the change of one metric."""
    return {
        "baseline": number(change.baseline),
        "delta": signed(change.delta),
        "gain": gain_word(change.delta, direction),
        "chance": change.chance or "—",
    }
