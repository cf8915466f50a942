"""The classes: which ones the model finds, and which have changed since the baseline."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from yololab.report.charts.bars import Bar, bars
from yololab.report.formats import as_number, count, number, signed
from yololab.report.runfiles import RunFiles, mapping, mappings, primary_row
from yololab.report.verdicts import gain_word
from yololab.tasks import TASKS

MOST_IN_ONE_CHART = 30
EXTREMES = 12
NOT_METRICS = ("index", "instances", "images")


@dataclass(frozen=True)
class ClassRow:
    """One class.

    Attributes:
        name: Its name.
        values: Its metrics, in the order of the table's columns.
        instances: Its objects in the evaluated split; None when that is not known.
        images: The images that hold it.
        baseline: The baseline's value of the leading metric.
        delta: The change of the leading metric.
        chance: Its q-value, `insufficient` where too few images hold the class; empty when it was not tested.
    """

    name: str
    values: tuple[float | None, ...]
    instances: float | None
    images: float | None
    baseline: float | None
    delta: float | None
    chance: str

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
    leading = leading_column(columns, run.primary_metric)
    before = {str(row.get("name")): row for row in mappings(run.comparison.get("per_class"))}
    rows = [_row(name, values, columns, before.get(name, {})) for name, values in found.items()]
    position = columns.index(leading)
    with_baseline = any(row.baseline is not None for row in rows)
    return {
        "columns": columns,
        "leading": leading,
        "with_baseline": with_baseline,
        "tested": any(row.chance not in ("", "—") for row in rows),
        "rows": [_shown(row, primary_row(run.comparison).get("direction")) for row in rows],
        "charts": class_charts(rows, position, leading),
        "collapsed": len(rows) > MOST_IN_ONE_CHART,
        "total": len(rows),
        "absent": sum(row.absent for row in rows),
    }


def class_columns(found: Mapping[str, Mapping[str, Any]], task: str) -> list[str]:
    """Return the metrics that any class has: the task's in its own order, then others as they come."""
    known = list(TASKS[task].per_class) if task in TASKS else []
    present = [key for values in found.values() for key in values if key not in NOT_METRICS]
    return [key for key in dict.fromkeys([*known, *present]) if key in present]


def leading_column(columns: Sequence[str], primary_metric: str) -> str:
    """Return the class metric that belongs to the primary metric (mAP50-95 → AP50-95), else the first."""
    wanted = primary_metric.replace("mAP", "AP")
    return wanted if wanted in columns else columns[0]


def class_charts(rows: Sequence[ClassRow], position: int, leading: str) -> list[Markup]:
    """Draw the classes from the best to the weakest, and how many there are; of many only the two ends."""
    known = sorted(
        (row for row in rows if row.values[position] is not None), key=lambda row: -(row.values[position] or 0.0)
    )
    drawn = [
        Bar(
            row.name,
            row.values[position],
            row.baseline,
            "" if row.instances is None else f"{count(row.instances)} instances",
        )
        for row in known
    ]
    if len(drawn) <= MOST_IN_ONE_CHART:
        amounts = [Bar(row.name, row.instances) for row in known]
        charts = [bars(leading, drawn), bars("Instances", amounts, top=None, write=count, colour=5)]
    else:
        weakest = list(reversed(drawn[-EXTREMES:]))
        charts = [
            bars(f"{leading}: the {EXTREMES} weakest classes", weakest),
            bars(f"{leading}: the {EXTREMES} strongest", drawn[:EXTREMES]),
        ]
    return [chart for chart in charts if chart]


def _row(name: str, values: Mapping[str, Any], columns: Sequence[str], before: Mapping[str, Any]) -> ClassRow:
    """Put together one class."""
    return ClassRow(
        name,
        tuple(as_number(values.get(column)) for column in columns),
        as_number(values.get("instances")),
        as_number(values.get("images")),
        as_number(before.get("baseline")),
        as_number(before.get("delta")),
        "insufficient" if before.get("insufficient") is True else number(before.get("q"), 3) if "q" in before else "",
    )


def _shown(row: ClassRow, direction: Any) -> dict[str, Any]:
    """Prepare one row of the table."""
    return {
        "name": row.name,
        "absent": row.absent,
        "values": [number(value) for value in row.values],
        "instances": count(row.instances),
        "images": count(row.images),
        "baseline": number(row.baseline),
        "delta": signed(row.delta),
        "gain": gain_word(row.delta, direction),
        "chance": row.chance or "—",
    }
