"""The classes: which ones the model finds, and which have changed since the baseline."""

from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup

from yololab.report.charts.bars import Bar, bars
from yololab.report.run_files import RunFiles, mapping, mappings, primary_row
from yololab.tasks import TASKS
from yololab.text import as_number, count

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
    rows = [(column, row) for column, named in changes.items() for name, row in named.items() if name in found]
    with_baseline = {column for column, row in rows if as_number(row.get("baseline")) is not None}
    counted = TASKS[task].counted if task in TASKS else "objects"
    return {
        "columns": columns,
        "compared": [column for column in columns if column in with_baseline],
        "changes": changes,
        "direction": primary_row(run.comparison).get("direction"),
        "tested": any(row.get("insufficient") is True or as_number(row.get("q")) is not None for _, row in rows),
        "rows": found,
        "charts": class_charts(found, changes[leading], leading, counted),
        "counted": counted,
        "collapsed": len(found) > MOST_IN_ONE_CHART,
        "absent": sum(as_number(values.get("instances")) == 0 for values in found.values()),
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
