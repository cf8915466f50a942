"""Where the errors come from: the types of error and what mending each would be worth, and the AP by object size."""

from typing import Any

from yololab.report.charts.bars import Bar, bars
from yololab.report.run_files import RunFiles, inside, mapping
from yololab.text import as_number, count

# In the words of somebody who has never read of error types.
EXPLAINED = {
    "classification": "right place, wrong class",
    "localisation": "right class, box not close enough (IoU 0.1 to 0.5)",
    "both": "wrong class, and box not close enough",
    "duplicate": "a second detection of an object already found",
    "background": "nothing is there",
    "missed": "an object that nothing points at",
}
SIZES = {"small": "below 32²", "medium": "32² to 96²", "large": "above 96²"}


def errors(run: RunFiles) -> dict[str, Any] | None:
    """Prepare the error types and the sizes; None when the comparison did not look into them."""
    current, before, sizes, sizes_before = (
        mapping(inside(run.comparison, part, side))
        for part in ("error_types", "by_size")
        for side in ("current", "baseline")
    )
    if not current:
        return None
    rows = [(name, what, current[name], before.get(name) or {}) for name, what in EXPLAINED.items() if name in current]
    drawn = [
        Bar(name, as_number(now.get("delta_ap")), as_number(was.get("delta_ap")), f"{count(now.get('count'))} errors")
        for name, _, now, was in rows
    ]
    drawn.sort(key=lambda bar: -(bar.value or 0.0))
    worth = any(bar.value for bar in drawn)
    return {
        "rows": rows,
        "chart": bars("AP50 that mending an error type would add", drawn, top=None) if worth else "",
        "sizes": [(name, px, sizes[name], sizes_before.get(name) or {}) for name, px in SIZES.items() if name in sizes],
        "with_baseline": bool(before),
        # Masks and keypoints have metrics of their own, with a letter behind the name: mAP50-95(M).
        "of_boxes": run.primary_metric.endswith(")"),
    }
