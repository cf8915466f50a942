"""The slices: where a model is weak, or worse than the baseline, by what images and objects are like."""

from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup

from yololab.report.charts.intervals import Estimate, IntervalRow, intervals
from yololab.report.run_files import RunFiles, mapping, mappings, texts
from yololab.text import as_number, count, number

# Key of a value in a row → what it is.
_COMPARED = (("current", "this model"), ("baseline", "baseline"))
_ALONE = (("value", "in the slice"), ("rest", "elsewhere"))
_SIGNS = {"worse": "▼", "weak": "▼", "better": "▲", "strong": "▲"}


def slices(run: RunFiles) -> dict[str, Any] | None:
    """Prepare a chart a property and the table; None where nothing was cut into slices."""
    compared, alone = mapping(run.comparison.get("slices")), mapping(run.metrics.get("slices"))
    found, sides = (compared, _COMPARED) if compared.get("rows") else (alone, _ALONE)
    rows = mappings(found.get("rows"))
    if not rows:
        return None
    return {
        "rows": rows,
        "sides": sides,
        "charts": _charts(rows, sides),
        "metric": found.get("metric"),
        "tests": as_number(found.get("tests")) or 0,
        "unit": found.get("unit"),
        "worse": texts(compared.get("worse")),
        "better": texts(compared.get("better")),
        "weak": texts(alone.get("weak")),
        "compared": sides is _COMPARED,
        "said": texts(found.get("said")),
        "sized": any(row.get("property") == "size" for row in rows),
        "counted": as_number(rows[0].get("objects")) is not None,
    }


def _charts(rows: Sequence[Mapping[str, Any]], sides: Sequence[tuple[str, str]]) -> list[Markup]:
    """Draw one chart a property, all with one axis."""
    known = [
        value
        for row in rows
        for key, _ in sides
        for end in ("", "_low", "_high")
        if (value := as_number(row.get(f"{key}{end}"))) is not None
    ]
    if not known:
        return []
    ends, names = (min(known), max(known)), [name for _, name in sides]
    grouped: dict[str, list[IntervalRow]] = {}
    for row in rows:
        of = str(row.get("property"))
        label = str(row.get("label") or row.get("slice")).removeprefix(f"{of}: ")
        shown = f"{number(row.get(sides[0][0]), 3)} {_SIGNS.get(str(row.get('finding')), ' ')}"
        note = f"{count(row.get('images'))} images"
        estimates = [_estimate(row, key) for key, _ in sides]
        grouped.setdefault(of, []).append(IntervalRow(label, estimates, shown, note))
    return [intervals(of.capitalize(), names, drawn, ends) for of, drawn in grouped.items()]


def _estimate(row: Mapping[str, Any], key: str) -> Estimate:
    """Return one side of a slice."""
    low, high = as_number(row.get(f"{key}_low")), as_number(row.get(f"{key}_high"))
    return Estimate(as_number(row.get(key)), None if low is None or high is None else (low, high))
