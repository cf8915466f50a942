"""The classes of a comparison: each class metric on both sides, and what the images say of it."""

from collections.abc import Mapping
from typing import Any

from yololab.comparison.evidence import Evidence
from yololab.files.metrics import MetricsFile
from yololab.statistics.inference.paired_comparison import ClassDifference
from yololab.tasks import TASKS


def class_differences(evidence: Evidence, current: MetricsFile, metric: str) -> dict[str, ClassDifference]:
    """Return what the images say of one metric of each class, by the class's name."""
    if evidence.result is None:
        return {}
    names = current.classes or {}
    found = (item for item in evidence.result.classes if item.metric == metric)
    return {names.get(str(item.index), str(item.index)): item for item in found}


def other_classes(evidence: Evidence, current: MetricsFile, baseline: MetricsFile) -> dict[str, Any]:
    """Return the rows of the class metrics other than the one that goes with the primary metric."""
    leading = TASKS[current.task].class_metric
    metrics = dict.fromkeys(item.metric for item in (evidence.result.classes if evidence.result else ()))
    rows = {
        metric: class_rows(current, baseline, class_differences(evidence, current, metric), metric)
        for metric in metrics
        if metric != leading
    }
    return {"per_class_other": rows} if rows else {}


def class_rows(
    current: MetricsFile, baseline: MetricsFile, classes: Mapping[str, ClassDifference], metric: str
) -> tuple[dict[str, Any], ...]:
    """Return one metric of each class on both sides, by class name."""
    ours, theirs = current.content.get("per_class") or {}, baseline.content.get("per_class") or {}
    rows = []
    for name in ours:
        now, before = ours[name].get(metric), (theirs.get(name) or {}).get(metric)
        delta = now - before if now is not None and before is not None else None
        found = classes.get(name)
        low, high = (found.ci95 if found else None) or (None, None)
        rows.append(
            {
                "name": name,
                "metric": metric,
                "current": now,
                "baseline": before,
                "delta": delta,
                "ci_low": low,
                "ci_high": high,
                "p": found.p if found else None,
                "q": found.q if found else None,
                "images": found.images if found else None,
                "insufficient": found.insufficient if found else None,
            }
        )
    return tuple(rows)
