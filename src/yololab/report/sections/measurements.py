"""The metrics, with the baseline's next to them."""

from collections.abc import Mapping
from typing import Any

from yololab.report.appearance import gain_word
from yololab.report.run_files import RunFiles, inside, mapping, mappings
from yololab.tasks import TASKS
from yololab.text import as_number, count, flattened, interval, number, p_value, percent, setting, signed


def measurements(run: RunFiles) -> dict[str, Any] | None:
    """Prepare the table of metrics: current, baseline, difference, percent, arrow, and an interval where known."""
    rows = mappings(run.comparison.get("metrics")) or _from_metrics(run)
    if not rows:
        return None
    baseline = mapping(run.comparison.get("baseline"))
    speed = [(stage, as_number(value)) for stage, value in mapping(run.metrics.get("speed_ms")).items()]
    return {
        "rows": [_row(row, run.primary_metric) for row in rows],
        "with_baseline": any(as_number(row.get("baseline")) is not None for row in rows),
        "with_interval": any(as_number(row.get("ci_low")) is not None for row in rows),
        "baseline": {
            "model": baseline.get("model"),
            "path": baseline.get("path"),
            "promoted_at": baseline.get("promoted_at"),
        }
        if baseline
        else None,
        "split": run.metrics.get("split") or inside(run.comparison, "current", "split"),
        "tolerance": as_number(run.comparison.get("tolerance")),
        "primary": run.primary_metric,
        "rests_on": _rests_on(run),
        "guards": [
            (item.get("broken") is True, str(item.get("told"))) for item in mappings(run.comparison.get("guards"))
        ],
        "speed": [(stage, number(value, 1)) for stage, value in speed if value],
        "protocol": [(key, setting(value)) for key, value in flattened(run.metrics.get("protocol"))],
    }


def _rests_on(run: RunFiles) -> str:
    """Say what the intervals and p-values rest on; empty without any."""
    found = mapping(run.comparison.get("statistics"))
    if not found:
        return ""
    text = f"{count(found.get('images'))} images"
    if as_number(found.get("replicates")) is not None:
        text += f", {count(found['replicates'])} replicates"
    text += f"; {found.get('interval')}"
    if found.get("p"):
        text += f"; p: {found['p']}"
    drop = as_number(found.get("detectable_drop"))
    return text + (f"; a loss of {number(drop, 3)} would be noticed" if drop is not None else "")


def _from_metrics(run: RunFiles) -> list[Mapping[str, Any]]:
    """Return the rows of a run that was not compared: the metrics that the file declares, else the task's."""
    directions = mapping(run.metrics.get("directions"))
    task = TASKS.get(str(run.metrics.get("task") or "detect"))
    names = list(directions) or [metric.name for metric in (task.metrics if task else ())]
    return [
        {"metric": name, "direction": directions.get(name), "current": run.metrics[name]}
        for name in names
        if as_number(run.metrics.get(name)) is not None
    ]


def _row(row: Mapping[str, Any], primary: str) -> dict[str, Any]:
    """Prepare one metric."""
    delta = as_number(row.get("delta"))
    return {
        "name": str(row.get("metric") or "—"),
        "primary": row.get("metric") == primary,
        "lower": row.get("direction") == "lower",
        "current": number(row.get("current")),
        "baseline": number(row.get("baseline")),
        "delta": signed(delta),
        "percent": percent(row.get("percent")),
        "arrow": str(row.get("arrow") or ""),
        "gain": gain_word(delta, row.get("direction")),
        "interval": interval(row.get("ci_low"), row.get("ci_high")),
        "p": p_value(row.get("p")),
    }
