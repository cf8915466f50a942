"""The images that made the difference, drawn side by side: labels, baseline, current."""

from collections.abc import Mapping
from typing import Any

from markupsafe import Markup

from yololab.report.pictures import Outline, Picture, panel
from yololab.report.run_files import RunFiles, mapping, mappings
from yololab.text import as_number, count, number


def images(run: RunFiles) -> dict[str, Any] | None:
    """Prepare the images; None when no image changed, or they were not compared one by one.

    Where images have a value of their own (right or wrong, an IoU, an error), the changes name its metric.
    """
    changes = mapping(run.comparison.get("image_changes"))
    metric, root = changes.get("metric"), run.images_in(changes.get("root"))
    rows = [row for row in mappings(changes.get("images")) if metric or len(_numbers(row.get("size"))) == 2]
    if not rows:
        return None
    pictures = [run.album.of(root, str(row.get("image"))) if root else None for row in rows]
    panels = [[] if metric else _panels(row, picture) for row, picture in zip(rows, pictures, strict=True)]
    return {
        "metric": metric,
        "labelled": any(row.get("truth") for row in rows),
        "images": list(zip(rows, pictures, panels, strict=True)),
        "confidence": mapping(changes.get("confidence")),
    }


def _panels(row: Mapping[str, Any], picture: Picture | None) -> list[Markup]:
    """Draw the three pictures of an image: what is there, and what each model shows."""
    width, height = _numbers(row["size"])
    size = (max(width, 1.0), max(height, 1.0))
    found, false = mapping(row.get("found")), mapping(row.get("false"))
    labels = count(row.get("labels"))
    sides = [
        (side, f"{count(found.get(side))} of {labels} found, {count(false.get(side))} wrong", _detections(row, side))
        for side in ("baseline", "current")
    ]
    shown = [("labels", f"{labels} objects", _labels(row)), *sides]
    return [panel(name.capitalize(), message, picture, size, outlines) for name, message, outlines in shown]


def _labels(row: Mapping[str, Any]) -> list[Outline]:
    """Return the labels: those that the current model misses stand out."""
    return [
        Outline(box, str(item.get("class")), "found" if item.get("current") else "missed")
        for item, box in _boxes(row, "truth")
    ]


def _detections(row: Mapping[str, Any], side: str) -> list[Outline]:
    """Return what a model shows, and the labels that it misses."""
    shown = [
        Outline(
            box, f"{item.get('class')} {number(item.get('confidence'), 2)}", "found" if item.get("hit") else "false"
        )
        for item, box in _boxes(row, side)
    ]
    missed = [
        Outline(box, f"{item.get('class')}, missed", "missed")
        for item, box in _boxes(row, "truth")
        if not item.get(side)
    ]
    return [*missed, *shown]


def _boxes(row: Mapping[str, Any], key: str) -> list[tuple[Mapping[str, Any], list[float]]]:
    """Return the entries that have a box, with it."""
    found = [(item, _numbers(item.get("box"))) for item in mappings(row.get(key))]
    return [(item, box) for item, box in found if len(box) in (4, 5)]


def _numbers(value: Any) -> list[float]:
    """Return a list of numbers; an empty one for anything else."""
    known = [as_number(item) for item in value] if isinstance(value, (list, tuple)) else []
    return [item for item in known if item is not None] if None not in known else []
