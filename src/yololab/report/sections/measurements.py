"""The metrics, with the baseline's next to them."""

from collections.abc import Mapping
from typing import Any

from yololab.files.metrics import TIES
from yololab.report.run_files import RunFiles, inside, mapping, mappings
from yololab.report.sections.breakdown.power import power_curve
from yololab.tasks import TASKS
from yololab.text import as_number, count, flattened, interval, number


def measurements(run: RunFiles) -> dict[str, Any] | None:
    """Prepare the table of metrics: current, baseline, difference, percent, arrow, and an interval where known."""
    rows = mappings(run.comparison.get("metrics")) or _from_metrics(run)
    if not rows:
        return None
    return {
        "rows": rows,
        "with_baseline": any(as_number(row.get("baseline")) is not None for row in rows),
        "with_interval": any(as_number(row.get("ci_low")) is not None for row in rows),
        "baseline": mapping(run.comparison.get("baseline")),
        "split": run.metrics.get("split") or inside(run.comparison, "current", "split"),
        "tolerance": as_number(run.comparison.get("tolerance")),
        "primary": run.primary_metric,
        "rests_on": _rests_on(run),
        "power": power_curve(run),
        "tied": _tied(run),
        "guards": mappings(run.comparison.get("guards")),
        "speed": [item for item in mapping(run.metrics.get("speed_ms")).items() if as_number(item[1])],
        "protocol": flattened(run.metrics.get("protocol")),
    }


def _tied(run: RunFiles) -> dict[str, str]:
    """Say of each metric that the order of equal confidences moves between which ends it does."""
    texts = {}
    for name, ends in mapping(run.metrics.get(TIES)).items():
        if isinstance(ends, list) and len(ends) == 2:
            texts[str(name)] = f"ties: {interval(ends[0], ends[1], number)}"
    return texts


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
