"""The images that made the difference, drawn side by side: labels, baseline, current."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from yololab.report.formats import as_number, number
from yololab.report.pictures import Outline, panel, thumbnail
from yololab.report.runfiles import RunFiles, mapping, mappings


def images(run: RunFiles) -> dict[str, Any] | None:
    """Prepare the images; None when no image changed, or they were not compared one by one."""
    changes = mapping(run.comparison.get("image_changes"))
    rows = [row for row in mappings(changes.get("images")) if len(row.get("size") or ()) == 2]
    if not rows:
        return None
    root = Path(str(changes["root"])) if changes.get("root") else None
    confidence = mapping(changes.get("confidence"))
    return {
        "images": [_image(row, root) for row in rows],
        "confidence": {side: number(confidence.get(side), 2) for side in ("current", "baseline")},
    }


def _image(row: Mapping[str, Any], root: Path | None) -> dict[str, Any]:
    """Prepare one image with its three pictures."""
    name = str(row.get("image"))
    picture = thumbnail(root / name) if root else None
    size = (as_number(row["size"][0]) or 1.0, as_number(row["size"][1]) or 1.0)
    found, false = mapping(row.get("found")), mapping(row.get("false"))
    labels = row.get("labels") or 0
    gain = as_number(row.get("gain")) or 0
    amount = f"{abs(gain):g} {'error' if abs(gain) == 1 else 'errors'}"
    panels = [
        panel("Labels", f"{labels} objects", picture, size, _labels(row)),
        *(
            panel(
                side.capitalize(),
                f"{found.get(side)} of {labels} found, {false.get(side)} wrong",
                picture,
                size,
                _detections(row, side),
            )
            for side in ("baseline", "current")
        ),
    ]
    return {
        "name": name,
        "told": f"{amount} {'fewer' if gain > 0 else 'more'} than the baseline",
        "word": "better" if gain > 0 else "worse",
        "panels": panels,
        "missing": picture is None,
    }


def _labels(row: Mapping[str, Any]) -> list[Outline]:
    """Return the labels: those that the current model misses stand out."""
    return [
        Outline(item["box"], str(item.get("class")), "found" if item.get("current") else "missed")
        for item in mappings(row.get("truth"))
    ]


def _detections(row: Mapping[str, Any], side: str) -> list[Outline]:
    """Return what a model shows, and the labels that it misses."""
    shown = [
        Outline(
            item["box"],
            f"{item.get('class')} {number(item.get('confidence'), 2)}",
            "found" if item.get("hit") else "false",
        )
        for item in mappings(row.get(side))
    ]
    missed = [
        Outline(item["box"], f"{item.get('class')}, missed", "missed")
        for item in mappings(row.get("truth"))
        if not item.get(side)
    ]
    return [*missed, *shown]
