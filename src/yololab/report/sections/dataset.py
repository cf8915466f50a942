"""The dataset: what each split holds, and what its check found."""

from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

from markupsafe import Markup

from yololab.report.charts.bars import Group, grouped_bars
from yololab.report.pictures import panel
from yololab.report.run_files import RunFiles, inside, mapping, mappings, texts
from yololab.text import as_number, count

COLUMNS = ("images", "labelled", "backgrounds", "dropped", "instances")
MOST_ROWS = 2000
MOST_CLASSES = 20
MOST_PAIRS, _PAIR_SIDE = 9, 200
_PAIRS = ("leak_same", "leak_similar", "duplicate_image")


def dataset(run: RunFiles) -> dict[str, Any] | None:
    """Prepare counts, distribution and findings of the dataset; None when nothing is known of it."""
    recorded = run.recorded("dataset")
    report = run.dataset_report
    splits = mapping(recorded.get("counts")) or mapping(report.get("splits"))
    source = recorded.get("source") or report.get("dataset") or run.metrics.get("data")
    problems = mappings(report.get("problems"))
    findings = [(kind, _alike(kind, problems)) for kind in mappings(report.get("summary"))]
    if not splits and not source and not findings:
        return None
    unit = str(report.get("unit") or "objects")
    columns = [
        column
        for column in COLUMNS
        if any(mapping(found).get(column) is not None for found in splits.values())
        and (column != "instances" or unit != "images")  # one an image: that is known
    ]
    return {
        "name": recorded.get("name"),
        "source": source,
        "columns": [unit if column == "instances" else column for column in columns],
        "splits": [(split, [mapping(found).get(column) for column in columns]) for split, found in splits.items()],
        "evaluated": run.metrics.get("split"),
        "blocking": as_number(inside(recorded, "problems", "blocking")),
        "warnings": as_number(inside(recorded, "problems", "warnings")),
        "findings": findings,
        "most": MOST_ROWS,
        "changes": texts(run.recorded("data_changes").get("summary")),
        "since": run.recorded("data_changes").get("since"),
        "fingerprints": sorted((split, str(value)) for split, value in mapping(report.get("fingerprint")).items()),
        "charts": _charts(report, unit),
        "facts": _facts(report),
        "pairs": _pairs(run, problems),
    }


def _pairs(run: RunFiles, problems: list[dict[str, Any]]) -> list[tuple[dict[str, Any], list[Markup]]]:
    """Draw images that are, or look, the same: those of two splits first."""
    root = Path(str(run.dataset_report.get("dataset") or "/")).parent

    def drawn(file: Any) -> Markup:
        path = Path(str(file))
        name = path.relative_to(root).as_posix() if path.is_relative_to(root) else path.name
        return panel(name, "", run.album.of(root, str(file), _PAIR_SIDE))

    found = [one for kind in _PAIRS for one in problems if one.get("check") == kind and one.get("other")]
    return [(one, [drawn(one.get("file")), drawn(one["other"])]) for one in found[:MOST_PAIRS]]


def _alike(kind: Mapping[str, Any], problems: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the findings of a kind; none when its example is the only one."""
    own = [one for one in problems if all(one.get(key) == kind.get(key) for key in ("check", "severity"))]
    return own if len(own) > 1 else []


def _charts(report: Mapping[str, Any], unit: str) -> list[Any]:
    """Draw the classes, the objects' sizes and shapes, and the depths, the splits next to each other."""
    distribution = mapping(report.get("distribution"))
    splits = {split: mapping(found) for split, found in mapping(distribution.get("splits")).items()}
    drawn = [_class_chart(report, list(splits), unit)]
    for path, what, open_below in (
        (("side_px",), f"Side of the objects in px at imgsz={distribution.get('imgsz')}", False),
        (("aspect",), "Width / height of the objects", True),
        (("maps", "depth_m", "medians"), "Images by their median depth, m", False),
    ):
        histograms = {split: mapping(inside(found, *path)) for split, found in splits.items()}
        counts = {
            split: [as_number(value) or 0 for value in found.get("counts") or ()] for split, found in histograms.items()
        }
        known = {split: values for split, values in counts.items() if any(values)}
        if known:
            edges = next(histograms[split].get("edges") or () for split in known)
            labels = _bins([float(edge) for edge in edges], open_below=open_below)
            used = [place for place in range(len(labels)) if any(values[place] for values in known.values())]
            part = slice(used[0], used[-1] + 1)  # empty bins at both ends tell nothing
            drawn.append(_shares(what, labels[part], {split: values[part] for split, values in known.items()}))
    return [chart for chart in drawn if chart]


def _class_chart(report: Mapping[str, Any], splits: list[str], unit: str) -> Any:
    """Draw how many objects each class has in each split, and in how many images; a single one is in the table."""
    names = mapping(report.get("names"))
    classes = {split: mapping(inside(report, "splits", split, "per_class")) for split in splits}
    rows = sorted({index: None for found in classes.values() for index in found}, key=str)
    if len(rows) < 2:
        return None

    def of(split: str, index: str, column: str) -> float:
        return as_number(mapping(classes[split].get(index)).get(column)) or 0

    rows.sort(key=lambda index: -sum(of(split, index, "instances") for split in splits))
    title = f"{unit.capitalize()} of each class"
    if len(rows) > MOST_CLASSES:
        title = f"{unit.capitalize()} of the {MOST_CLASSES} most frequent of {len(rows)} classes"
    values = {split: [of(split, index, "instances") for index in rows] for split in splits}
    notes = {}
    if unit != "images":
        title += " (in how many images)"
        notes = {split: [count(of(split, index, "images")) for index in rows] for split in splits}
    return _shares(title, [str(names.get(index, index)) for index in rows], values, notes)


def _shares(
    title: str, labels: list[str], values: Mapping[str, list[float]], notes: Mapping[str, list[str]] | None = None
) -> Any:
    """Draw counts as shares of their split, which makes splits of unlike size comparable, and write the counts."""
    totals = {split: sum(found) or 1.0 for split, found in values.items()}
    rows = [
        Group(
            label,
            [values[split][place] / totals[split] for split in values],
            [count(values[split][place]) + (f" in {notes[split][place]}" if notes else "") for split in values],
        )
        for place, label in enumerate(labels[:MOST_CLASSES])
    ]
    return grouped_bars(title, list(values), rows)


def _bins(edges: list[float], *, open_below: bool) -> list[str]:
    """Return the names of a histogram's bins; the last one is open, the first one too when it says so."""
    between = [f"{low:g} to {high:g}" for low, high in pairwise(edges)]
    return [f"below {edges[0]:g}"] * open_below + between + [f"{edges[-1]:g} and more"] if edges else []


def _facts(report: Mapping[str, Any]) -> list[str]:
    """Say what the charts show: small objects, image sizes, and how uneven the classes are."""
    distribution, lines = mapping(report.get("distribution")), []
    for split, found in mapping(distribution.get("splits")).items():
        boxes, small = as_number(found.get("boxes")), as_number(found.get("small"))
        if boxes:
            share = f"{(small or 0) / boxes:.1%}"
            limit = distribution.get("small_object_pixels")
            lines.append(
                f"{split}: {share} of {count(boxes)} objects are below {limit} px at imgsz={distribution.get('imgsz')}."
            )
        lines += _of_maps(split, mapping(found.get("maps")))
        sizes = [
            f"{one.get('width')} x {one.get('height')} ({count(one.get('images'))})"
            for one in mappings(found.get("image_sizes"))
        ]
        if sizes:
            more = as_number(found.get("other_sizes"))
            lines.append(
                f"{split}: images of {', '.join(sizes[:5])}" + (f" and {count(more)} other sizes." if more else ".")
            )
    for split, found in mapping(distribution.get("imbalance")).items():
        ratio = as_number(mapping(found).get("ratio"))
        if ratio is not None:
            most, least = inside(found, "most", "name"), inside(found, "least", "name")
            lines.append(f"{split}: {most} is {ratio:.3g} times as frequent as {least}.")
    return lines


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
