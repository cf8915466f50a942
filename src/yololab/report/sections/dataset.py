"""The dataset: what each split holds, and what its check found."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

from yololab.report.charts.bars import Bar, bars
from yololab.report.formats import as_number, count
from yololab.report.runfiles import RunFiles, inside, mapping, mappings, texts
from yololab.report.verdicts import Tone

COLUMNS = ("images", "labelled", "backgrounds", "dropped", "instances")


MOST_ROWS = 2000
MOST_CLASSES = 30


def dataset(run: RunFiles) -> dict[str, Any] | None:
    """Prepare counts, distribution and findings of the dataset; None when nothing is known of it."""
    recorded = run.recorded("dataset")
    report = run.dataset_report
    splits = mapping(recorded.get("counts")) or mapping(report.get("splits"))
    source = recorded.get("source") or report.get("dataset") or run.metrics.get("data")
    problems = mappings(report.get("problems"))
    findings = [_finding(kind, problems) for kind in mappings(report.get("summary"))]
    if not splits and not source and not findings:
        return None
    unit = _unit(report)
    columns = [
        column
        for column in COLUMNS
        if any(mapping(found).get(column) is not None for found in splits.values())
        and (column != "instances" or unit != "images")  # one an image: told already
    ]
    return {
        "name": recorded.get("name"),
        "source": source,
        "columns": [unit if column == "instances" else column for column in columns],
        "splits": [
            (split, [count(mapping(found).get(column)) for column in columns]) for split, found in splits.items()
        ],
        "evaluated": run.metrics.get("split"),
        "blocking": as_number(inside(recorded, "problems", "blocking")),
        "warnings": as_number(inside(recorded, "problems", "warnings")),
        "findings": findings,
        "changes": texts(run.recorded("data_changes").get("summary")),
        "since": run.recorded("data_changes").get("since"),
        "fingerprints": sorted((split, str(value)) for split, value in mapping(report.get("fingerprint")).items()),
        "charts": _charts(report),
        "sentences": _sentences(report),
    }


def _unit(report: Mapping[str, Any]) -> str:
    """Return what classes are counted in."""
    return str(report.get("unit") or "objects")


def _charts(report: Mapping[str, Any]) -> list[Any]:
    """Draw, for each split, its classes, its objects' sizes and their shapes, its depths."""
    drawn = []
    names = mapping(report.get("names"))
    distribution = mapping(report.get("distribution"))
    imgsz = distribution.get("imgsz")
    for split, found in mapping(distribution.get("splits")).items():
        classes = mapping(inside(report, "splits", split, "per_class"))
        rows = [
            (str(names.get(index, index)), as_number(mapping(one).get("instances"))) for index, one in classes.items()
        ]
        rows.sort(key=lambda row: -(row[1] or 0))
        unit = _unit(report)
        title = f"{split}: {unit} of each class"
        if len(rows) > MOST_CLASSES:
            title = f"{split}: {unit} of the {MOST_CLASSES} most frequent of {len(rows)} classes"
        drawn.append(bars(title, [Bar(name, value) for name, value in rows[:MOST_CLASSES]], None, count))
        depths = mapping(inside(found, "maps", "depth_m", "medians"))
        for histogram, what, open_below in (
            (mapping(found.get("side_px")), f"{split}: side of the objects in px at imgsz={imgsz}", False),
            (mapping(found.get("aspect")), f"{split}: width / height of the objects", True),
            (depths, f"{split}: images by their median depth, m", False),
        ):
            values = [as_number(value) for value in histogram.get("counts") or ()]
            if not any(values):
                continue
            labels = _bins([float(edge) for edge in histogram.get("edges") or ()], open_below=open_below)
            pairs = zip(labels, values, strict=False)
            drawn.append(bars(what, [Bar(label, value) for label, value in pairs], None, count))
    return [chart for chart in drawn if chart]


def _bins(edges: list[float], *, open_below: bool) -> list[str]:
    """Return the names of a histogram's bins; the last one is open, the first one too when it says so."""
    between = [f"{low:g} to {high:g}" for low, high in pairwise(edges)]
    below = [f"below {edges[0]:g}"] if edges and open_below else []
    return below + between + ([f"{edges[-1]:g} and more"] if edges else [])


def _sentences(report: Mapping[str, Any]) -> list[str]:
    """Say what the charts show: small objects, image sizes, and how uneven the classes are."""
    distribution, told = mapping(report.get("distribution")), []
    for split, found in mapping(distribution.get("splits")).items():
        boxes, small = as_number(found.get("boxes")), as_number(found.get("small"))
        if boxes:
            share = f"{(small or 0) / boxes:.1%}"
            limit = distribution.get("small_object_pixels")
            told.append(
                f"{split}: {share} of {count(boxes)} objects are below {limit} px at imgsz={distribution.get('imgsz')}."
            )
        told += _of_maps(split, mapping(found.get("maps")))
        sizes = [
            f"{one.get('width')} x {one.get('height')} ({count(one.get('images'))})"
            for one in mappings(found.get("image_sizes"))
        ]
        if sizes:
            more = as_number(found.get("other_sizes"))
            told.append(
                f"{split}: images of {', '.join(sizes[:5])}" + (f" and {count(more)} other sizes." if more else ".")
            )
    for split, found in mapping(distribution.get("imbalance")).items():
        ratio = as_number(mapping(found).get("ratio"))
        if ratio is not None:
            most, least = inside(found, "most", "name"), inside(found, "least", "name")
            told.append(f"{split}: {most} is {ratio:.3g} times as frequent as {least}.")
    return told


def _of_maps(split: str, found: Mapping[str, Any]) -> list[str]:
    """Say how many pixels of masks or depth maps count, and how far they are."""
    pixels, counted = as_number(found.get("pixels")), as_number(found.get("counted"))
    if not pixels:
        return []
    share, depth = f"{split}: {(counted or 0) / pixels:.1%} of {count(pixels)} pixels", mapping(found.get("depth_m"))
    low, high = as_number(depth.get("low")), as_number(depth.get("high"))
    if low is None or high is None:
        return [f"{share} have a class."]
    return [f"{share} have a depth, from {low:.3g} to {high:.3g} m."]


def _finding(kind: Mapping[str, Any], problems: list[Mapping[str, Any]]) -> dict[str, Any]:
    """Prepare one kind of finding with its first example, and all of them folded away."""
    example = next(iter(mappings(kind.get("examples"))), {})
    severity = str(kind.get("severity") or "")
    tone, icon = _LOOKS.get(severity, _LOOKS["warning"])
    own = [one for one in problems if one.get("check") == kind.get("check") and one.get("severity") == severity]
    return {
        "check": str(kind.get("check") or "").replace("_", " "),
        "severity": severity,
        "tone": tone,
        "icon": icon,
        "count": count(kind.get("count")),
        "what": str(example.get("what") or ""),
        "place": _place(example),
        "description": str(kind.get("description") or ""),
        "remedy": str(kind.get("remedy") or ""),
        "all": [(_place(one), str(one.get("what") or "")) for one in own[:MOST_ROWS]] if len(own) > 1 else [],
        "more": max(0, len(own) - MOST_ROWS),
    }


_LOOKS = {"blocking": (Tone.BAD, "cross"), "warning": (Tone.WARN, "warn"), "note": (Tone.NEUTRAL, "warn")}


def _place(found: Mapping[str, Any]) -> str:
    """Return file and line of a finding."""
    line, place = found.get("line"), str(found.get("file") or "")
    return f"{place}:{line}" if line else place
