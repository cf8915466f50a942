"""The classes: which ones the model finds, and which have changed since the baseline."""

from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup

from yololab.report.appearance import gain_word
from yololab.report.charts.bars import Bar, bars
from yololab.report.run_files import RunFiles, mapping, mappings, primary_row
from yololab.tasks import TASKS
from yololab.text import UNKNOWN, as_number, count, number, p_value, signed

MOST_IN_ONE_CHART = 30
EXTREMES = 12
NOT_METRICS = ("index", "instances", "images")


def classes(run: RunFiles) -> dict[str, Any] | None:
    """Prepare bars and a table of the classes; None when they were not measured."""
    found = {str(name): mapping(values) for name, values in mapping(run.metrics.get("per_class")).items()}
    task = str(run.metrics.get("task") or "detect")
    columns = class_columns(found, task)
    if not columns:
        return None
    leading = leading_column(columns, task)
    compared = {leading: run.comparison.get("per_class"), **mapping(run.comparison.get("per_class_other"))}
    changes = {str(column): {str(row.get("name")): row for row in mappings(rows)} for column, rows in compared.items()}
    direction = primary_row(run.comparison).get("direction")
    rows: list[dict[str, Any]] = [
        {
            "name": name,
            "absent": as_number(values.get("instances")) == 0,
            "cells": [
                {
                    "value": number(values.get(column)),
                    "change": _change(changes[column].get(name, {}), direction) if column in changes else None,
                }
                for column in columns
            ],
            "instances": count(values.get("instances")),
            "images": count(values.get("images")),
        }
        for name, values in found.items()
    ]
    shown = [(column, cell["change"]) for row in rows for column, cell in zip(columns, row["cells"], strict=True)]
    with_baseline = {column for column, change in shown if change and change["baseline"] != UNKNOWN}
    counted = TASKS[task].counted if task in TASKS else "objects"
    return {
        "columns": columns,
        "compared": [column for column in columns if column in with_baseline],
        "tested": any(change["chance"] != UNKNOWN for _, change in shown if change),
        "rows": rows,
        "charts": class_charts(found, changes[leading], leading, counted),
        "counted": counted,
        "collapsed": len(rows) > MOST_IN_ONE_CHART,
        "total": len(rows),
        "absent": sum(row["absent"] for row in rows),
    }


def _change(row: Mapping[str, Any], direction: Any) -> dict[str, str]:
    """Prepare what was found of one metric of a class; `insufficient` where too few images hold it for a test."""
    return {
        "baseline": number(row.get("baseline")),
        "delta": signed(row.get("delta")),
        "gain": gain_word(as_number(row.get("delta")), direction),
        "chance": "insufficient" if row.get("insufficient") is True else p_value(row.get("q")),
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


def class_charts(
    found: Mapping[str, Mapping[str, Any]], changes: Mapping[str, Mapping[str, Any]], leading: str, counted: str
) -> list[Markup]:
    """Draw the classes from the best to the weakest, and how many there are; of many only the two ends."""
    known = {name: value for name, values in found.items() if (value := as_number(values.get(leading))) is not None}
    order = sorted(known, key=lambda name: -known[name])
    amounts = {name: as_number(found[name].get("instances")) for name in order}
    drawn = [
        Bar(
            name,
            known[name],
            as_number(changes.get(name, {}).get("baseline")),
            "" if amounts[name] is None else f"{count(amounts[name])} {counted}",
        )
        for name in order
    ]
    if len(drawn) <= MOST_IN_ONE_CHART:
        bars_of_amounts = [Bar(name, amount) for name, amount in amounts.items()]
        charts = [bars(leading, drawn), bars(counted.capitalize(), bars_of_amounts, top=None, write=count, colour=5)]
    else:
        charts = [
            bars(f"{leading}: the {EXTREMES} weakest classes", drawn[: -EXTREMES - 1 : -1]),
            bars(f"{leading}: the {EXTREMES} strongest", drawn[:EXTREMES]),
        ]
    return [chart for chart in charts if chart]
