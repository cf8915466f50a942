"""Where the errors come from: the types of error and what mending each would be worth, and the AP by object size."""

from typing import Any

from yololab.report.charts.bars import Bar, bars
from yololab.report.run_files import RunFiles, inside, mapping
from yololab.text import as_number, count, number, signed

# In the words of somebody who has never read of error types.
EXPLAINED = {
    "classification": "right place, wrong class",
    "localisation": "right class, box not close enough (IoU 0.1 to 0.5)",
    "both": "wrong class, and box not close enough",
    "duplicate": "a second detection of an object already found",
    "background": "nothing is there",
    "missed": "an object that nothing points at",
}


def errors(run: RunFiles) -> dict[str, Any] | None:
    """Prepare the error types and the sizes; None when the comparison did not look into them."""
    current = mapping(inside(run.comparison, "error_types", "current"))
    if not current:
        return None
    before = mapping(inside(run.comparison, "error_types", "baseline"))
    rows = [_row(name, mapping(current.get(name)), mapping(before.get(name))) for name in EXPLAINED if name in current]
    drawn = [
        Bar(row["name"], row["value"], row["marker"], f"{row['count']} errors")
        for row in sorted(rows, key=lambda row: -(row["value"] or 0.0))
    ]
    chart = bars("AP50 that mending an error type would add", drawn, top=None) if any(b.value for b in drawn) else ""
    return {
        "rows": rows,
        "chart": chart,
        "sizes": _sizes(run),
        "with_baseline": bool(before),
        # Masks and keypoints have metrics of their own, with a letter behind the name: mAP50-95(M).
        "of_boxes": run.primary_metric.endswith(")"),
    }


def _row(name: str, now: Any, before: Any) -> dict[str, Any]:
    """Prepare one error type."""
    value, marker = as_number(now.get("delta_ap")), as_number(before.get("delta_ap"))
    return {
        "name": name,
        "explained": EXPLAINED[name],
        "count": count(now.get("count")),
        "before": count(before.get("count")),
        "worth": number(value),
        "value": value,
        "marker": marker,
    }


def _sizes(run: RunFiles) -> list[dict[str, str]]:
    """Prepare the sizes of objects; those without labels say so."""
    current = mapping(inside(run.comparison, "by_size", "current"))
    before = mapping(inside(run.comparison, "by_size", "baseline"))
    limits = {"small": "below 32²", "medium": "32² to 96²", "large": "above 96²"}
    rows = []
    for name, limit in limits.items():
        now, was = mapping(current.get(name)), mapping(before.get(name))
        if now:
            ours, theirs = as_number(now.get("mAP50-95")), as_number(was.get("mAP50-95"))
            rows.append(
                {
                    "name": name,
                    "limit": limit,
                    "labels": count(now.get("labels")),
                    "current": number(ours),
                    "baseline": number(theirs),
                    "delta": signed(None if ours is None or theirs is None else ours - theirs),
                }
            )
    return rows
