"""The images that made the difference, drawn side by side: labels, baseline, current."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from yololab.report.pictures import Outline, panel, thumbnail
from yololab.report.run_files import RunFiles, mapping, mappings
from yololab.text import as_number, count, number


def images(run: RunFiles) -> dict[str, Any] | None:
    """Prepare the images; None when no image changed, or they were not compared one by one."""
    changes = mapping(run.comparison.get("image_changes"))
    if changes.get("metric"):
        return _valued(changes)
    rows = [row for row in mappings(changes.get("images")) if len(_numbers(row.get("size"))) == 2]
    if not rows:
        return None
    root = Path(str(changes["root"])) if changes.get("root") else None
    confidence = mapping(changes.get("confidence"))
    return {
        "valued": False,
        "images": [_image(row, root) for row in rows],
        "confidence": {side: number(confidence.get(side), 2) for side in ("current", "baseline")},
    }


def _valued(changes: Mapping[str, Any]) -> dict[str, Any] | None:
    """Prepare images that have a value of their own: right or wrong, an IoU, an error."""
    rows = mappings(changes.get("images"))
    if not rows:
        return None
    root = Path(str(changes["root"])) if changes.get("root") else None
    return {
        "valued": True,
        "metric": str(changes["metric"]),
        "labelled": any(row.get("truth") for row in rows),
        "images": [
            {
                "name": str(row.get("image")),
                "picture": thumbnail(root / str(row.get("image"))) if root else None,
                "truth": str(row.get("truth") or "—"),
                "word": "better" if (as_number(row.get("gain")) or 0) > 0 else "worse",
                **{side: _value(mapping(row.get(side))) for side in ("baseline", "current")},
            }
            for row in rows
        ],
    }


def _value(side: Mapping[str, Any]) -> str:
    """Return what a model says of an image: in words, or its value."""
    return str(side["said"]) if side.get("said") else number(side.get("value"))


def _image(row: Mapping[str, Any], root: Path | None) -> dict[str, Any]:
    """Prepare one image with its three pictures."""
    name = str(row.get("image"))
    picture = thumbnail(root / name) if root else None
    width, height = _numbers(row["size"])
    size = (max(width, 1.0), max(height, 1.0))
    found, false = mapping(row.get("found")), mapping(row.get("false"))
    labels = count(row.get("labels"))
    gain = as_number(row.get("gain")) or 0
    amount = f"{abs(gain):g} {'error' if abs(gain) == 1 else 'errors'}"
    panels = [
        panel("Labels", f"{labels} objects", picture, size, _labels(row)),
        *(
            panel(
                side.capitalize(),
                f"{count(found.get(side))} of {labels} found, {count(false.get(side))} wrong",
                picture,
                size,
                _detections(row, side),
            )
            for side in ("baseline", "current")
        ),
    ]
    return {
        "name": name,
        "message": f"{amount} {'fewer' if gain > 0 else 'more'} than the baseline",
        "word": "better" if gain > 0 else "worse",
        "panels": panels,
        "missing": picture is None,
    }


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
