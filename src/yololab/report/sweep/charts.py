"""The drawings of a sweep's page."""

from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup

from yololab.report.charts.bars import Bar, bars
from yololab.report.charts.lines import STYLES, Series, line_chart
from yololab.report.charts.parallel import Axis, Line, category_axis, number_axis, parallel
from yololab.report.charts.scatter import Point, scatter
from yololab.report.run_files import mapping, mappings
from yololab.report.sweep.sweep_files import SweepFiles, values_text
from yololab.tasks import TASKS
from yololab.text import as_number, number, read_number, share

_CURVES = 6
_MOST_AXES, _MOST_LINES = 8, 300
# Status → colour and mark.
MARKS_OF = {
    "complete": (0, ""),
    "pruned": (5, "triangle"),
    "paused": (5, "triangle"),
    "failed": (1, "cross"),
    "interrupted": (4, "square"),
}


def history(sweep: SweepFiles) -> Markup:
    """Draw the score of each trial in the order of their numbers, with the best so far as a line; not of folds."""
    of_folds = bool(sweep.summary.get("folds"))
    points, steps = [], list[tuple[float, float]]()
    winner = sweep.winner.get("trial")
    for row in sweep.trials:
        value, status, trial = _score(row), str(row.get("status")), int(row["trial"])
        if status not in MARKS_OF or (status == "complete" and value is None):
            continue
        colour, mark = MARKS_OF[status]
        tooltip = f"trial {trial} ({status}){'' if value is None else f': {number(value)}'}\n{values_text(row)}"
        shown = None if status == "failed" else value
        points.append(Point(trial, shown, tooltip, colour, trial == winner, mark, trial))
        better = value is not None and (
            not steps or (value < steps[-1][1] if sweep.lower_is_better else value > steps[-1][1])
        )
        if status == "complete" and better and value is not None and not of_folds:
            steps.append((float(trial), value))
    if steps:
        steps.append((max(point.x for point in points), steps[-1][1]))
    there = {str(row.get("status")) for row in sweep.trials}
    keys = [(mark, colour, status) for status, (colour, mark) in MARKS_OF.items() if status in there]
    title = "Trials in their order"
    return scatter(title, points, "trial", sweep.metric, steps, whole=True, keys=keys, brushed="trials")


def pareto(sweep: SweepFiles) -> Markup:
    """Draw the first two objectives against each other, the front marked; empty for one objective."""
    if len(sweep.objectives) < 2:
        return Markup("")
    points = []
    for row in sweep.trials:
        values = [as_number(value) for value in (row.get("objectives") or [])[:2]]
        if row.get("status") != "complete" or len(values) < 2 or values[0] is None or values[1] is None:
            continue
        tooltip = f"trial {row['trial']}: {number(values[0])}, {number(values[1])}\n{values_text(row)}"
        best = bool(row.get("pareto"))
        points.append(Point(values[1], values[0], tooltip, int(best), best, trial=int(row["trial"])))
    return scatter("Compromises; the best ones are ringed", points, str(sweep.objectives[1]["metric"]), sweep.metric)


def curves(sweep: SweepFiles) -> Markup:
    """Draw the objective over the epochs of the best trials, as validated during training."""
    series: list[tuple[int, dict[int, float | None]]] = []
    for row in sweep.ranked[:_CURVES]:
        table = sweep.epochs(row)
        column = _column(row, sweep.metric)
        values = None if table is None else table.metrics.get(column)
        if table is not None and values:
            series.append((int(row["trial"]), dict(zip(table.epochs, values, strict=True))))
    epochs = sorted({epoch for _, known in series for epoch in known})
    if not epochs:
        return Markup("")
    lines = [
        Series(f"trial {trial}", [known.get(epoch) for epoch in epochs], place, STYLES[place > 2])
        for place, (trial, known) in enumerate(series)
    ]
    return line_chart(f"{sweep.metric} in training, the best {len(lines)}", epochs, lines)


def importance_bars(sweep: SweepFiles) -> Markup:
    """Draw how much each setting mattered."""
    items = mappings(mapping(sweep.summary.get("importance")).get("settings"))
    rows = [
        Bar(
            f"{item.get('key')}{'' if item.get('more_than_chance') else ' (chance?)'}",
            as_number(item.get("share")),
            note=f"as large by chance in {share(item.get('p'))} of the cases",
        )
        for item in items
    ]
    return bars("Share of what the settings explain", rows, 1.0, share)


def settings_chart(sweep: SweepFiles) -> Markup:
    """Draw each complete trial's way through its settings to its score."""
    rows = [row for row in sweep.ranked if row.get("status") == "complete" and _score(row) is not None][:_MOST_LINES]
    if len(rows) < 2:
        return Markup("")
    keys = [key for key in mapping(rows[0].get("values")) if all(key in mapping(row.get("values")) for row in rows)]
    scores = [score for row in rows if (score := _score(row)) is not None]
    low, high = min(scores), max(scores)
    span = (high - low) or 1.0
    strengths = [(high - score if sweep.lower_is_better else score - low) / span for score in scores]
    axes = [_axis(key, [mapping(row.get("values"))[key] for row in rows]) for key in keys[:_MOST_AXES]]
    lines = [
        Line(f"trial {row['trial']}: {number(score)}\n{values_text(row)}", strength, place == 0, int(row["trial"]))
        for place, (row, score, strength) in enumerate(zip(rows, scores, strengths, strict=True))
    ]
    left_out = f" ({len(keys) - _MOST_AXES} settings left out)" if len(keys) > _MOST_AXES else ""
    return parallel(f"Each trial's way{left_out}", [*axes, number_axis(sweep.metric, scores)], lines)


def _axis(key: str, values: Sequence[Any]) -> Axis:
    """Return the axis of a setting."""
    numbers = [read_number(value) for value in values]
    known = [value for value in numbers if value is not None]
    if len(known) == len(values):
        return number_axis(key, known, log=min(known) > 0 and max(known) >= 10 * min(known))
    return category_axis(key, [str(value) for value in values])


def _score(row: Mapping[str, Any]) -> float | None:
    """Return a trial's first objective."""
    values = row.get("objectives") or [None]
    return as_number(values[0])


def _column(row: Mapping[str, Any], metric: str) -> str:
    """Return the column of results.csv that holds a metric."""
    task = TASKS.get(str(row.get("task")))
    return next((item.source for item in task.metrics if item.name == metric), "") if task else ""
