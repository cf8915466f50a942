"""The primary metric by object size, brightness, blur, crowding, group or a column of a table: where it is weak.

What `evaluation.slices` names is cut into slices; a slice is tested by `statistics/diagnosis/slices`. Of sizes the
slices are objects, COCO's three, of all else images.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from yololab.comparison.groups import (
    ALIKE,
    CSV_COLUMN,
    FOLDER,
    Clusters,
    UnclearTableError,
    absolute_group,
    from_table,
    units_of,
)
from yololab.comparison.slices.columns import ImageSlice, by_column, categories, thirds
from yololab.errors import InputError
from yololab.statistics.diagnosis.size_metrics import SIZES, labels_by_size, measures_by_size
from yololab.statistics.diagnosis.slices import SliceResult, SliceValue, compare_in_slices, compare_with_the_rest
from yololab.statistics.inference.paired_models import metrics_of
from yololab.statistics.inference.resampling import Units
from yololab.statistics.inference.verdict import ALPHA
from yololab.statistics.metrics.base import Part
from yololab.statistics.metrics.detection_metrics import PRIMARY, DetectionMetrics, primary_kind
from yololab.statistics.records.base import Records
from yololab.statistics.records.detections import DetectionRecords
from yololab.tasks import TASKS, Direction
from yololab.text import counted, p_equation, signed

SLICES, SIZE, CROWDING, GROUP = "evaluation.slices", "size", "crowding", "group"
# What an evaluation measures of each image, and what low, middle and high values are called.
MEASURED = {"brightness": ("dark", "medium", "bright"), "blur": ("blurred", "medium", "sharp")}
# Size → what measures the objects of it.
Sized = Mapping[str, DetectionMetrics]
# What is looked at where nothing is asked for.
USUAL = (SIZE, *MEASURED, CROWDING)
_NAMES = {**MEASURED, CROWDING: ("few", "medium", "many")}
_LIMITS = {"small": "< 32² px", "medium": "32² to 96² px", "large": "≥ 96² px"}


@dataclass(frozen=True)
class Asked:
    """What the images are told apart by.

    Attributes:
        names: `size`, `brightness`, `blur`, `crowding`, `group`, `folder`, `file.csv:column`; None for what is usual.
        group: `evaluation.group`; None without.
        folder: Where relative paths start; None for the working directory.
        remedy: The command that measures what records of earlier versions lack.
    """

    names: Sequence[str] | None = None
    group: str | None = None
    folder: Path | None = None
    remedy: str = "yololab evaluate model=… data=…"


def absolute_slices(names: Sequence[str] | None, folder: Path) -> list[str] | None:
    """Return the setting as it can be kept: the paths of CSV files made absolute."""
    return None if names is None else [absolute_group(name, folder) or name for name in names]


@dataclass(frozen=True)
class _Slice:
    """A slice as it is told of, and the images that it lies in."""

    row: Mapping[str, Any]
    images: NDArray[np.bool_]


class _Sides(NamedTuple):
    """What is held against what in each slice, and what a difference by more than chance is called."""

    current: str
    other: str
    bad: str
    good: str


_AGAINST_BASELINE = _Sides("current", "baseline", "worse", "better")
_AGAINST_REST = _Sides("value", "rest", "weak", "strong")


def slices_of_two(
    current: Records, baseline: Records, units: Units, asked: Asked, sized: Sequence[Sized] = ()
) -> dict[str, Any] | None:
    """Return what comparison.json says of the slices; None where nothing is asked, or nothing can be cut.

    Args:
        current: The current model's records.
        baseline: The baseline's, over the same images and labels.
        units: What is independent of each other.
        asked: What the images are told apart by.
        sized: What measures the boxes of each size on both sides, where that is at hand.

    Raises:
        InputError: A table cannot be read.
    """
    # Records of earlier versions hold nothing of the images, which are the same on both sides.
    cut, said = _cut(current if current.properties else replace(current, properties=baseline.properties), asked)
    if not cut and not said:
        return None
    boxes = TASKS[current.task].primary_metric == PRIMARY and len(sized) == 2
    ours, theirs = sized if boxes else (None, None)
    sides = _parts(current, cut, sized=ours), _parts(baseline, cut, sized=theirs)
    found = compare_in_slices(*sides, [item.images for item in cut], units)
    return _content(current, units, asked, _AGAINST_BASELINE, zip(cut, found, strict=True), said)


def slices_of_one(records: Records, units: Units, asked: Asked) -> dict[str, Any] | None:
    """Return what metrics.json says of the slices: each against the rest of the set; None as in `slices_of_two`.

    Args:
        records: The model's records.
        units: What is independent of each other.
        asked: What the images are told apart by.

    Raises:
        InputError: A table cannot be read.
    """
    cut, said = _cut(records, asked)
    if not cut and not said:
        return None
    found = compare_with_the_rest(_parts(records, cut), _parts(records, cut, rest=True), units)
    return _content(records, units, asked, _AGAINST_REST, zip(cut, found, strict=True), said)


def slices_of_an_evaluation(records: Records, asked: Asked, clusters: Clusters = None) -> dict[str, Any] | None:
    """Return `slices_of_one` of an evaluation, which may have taken hours: what cannot be read is said, and not raised.

    Args:
        records: The model's records.
        asked: What the images are told apart by.
        clusters: The images that look alike; None where nobody looked.
    """
    said = []
    try:
        units = units_of(records.keys, asked.group, asked.folder, clusters)
    except InputError as error:
        units, asked = units_of(records.keys, None), replace(asked, group=None)
        said.append(f"images are taken as independent: {error.problems[0].found}.")
    try:
        found = slices_of_one(records, units, asked)
    except InputError as error:
        found = _content(records, units, asked, _AGAINST_REST, (), [f"no slices: {error}."])
    if found:
        found["said"] += said
    return found


def check_slices(asked: Asked) -> None:
    """Read the tables that are named, before anything is spent.

    Raises:
        InputError: One cannot be read, or has no such column.
    """
    for name in asked.names or ():
        if table := CSV_COLUMN.fullmatch(name):
            from_table((asked.folder or Path()) / table["file"], table["column"], (), SLICES)


def slice_warning(content: Mapping[str, Any] | None) -> str | None:
    """Return in which slices a model is worse than the baseline; None where it is in none.

    Args:
        content: What `slices_of_two` gave.
    """
    worse = [row for row in content["rows"] if row["finding"] == "worse"] if content else []
    if not content or not worse:
        return None
    listed = ", ".join(f"{row['label']} ({signed(row['delta'])}, {p_equation(row['p_adjusted'])})" for row in worse)
    return f"Worse than the baseline in {listed}; p is corrected for {counted(content['tests'], 'slice')}."


def _content(
    records: Records,
    units: Units,
    asked: Asked,
    sides: _Sides,
    results: Iterable[tuple[_Slice, SliceResult]],
    said: list[str],
) -> dict[str, Any]:
    """Return the slices as they stand in a file."""
    primary = TASKS[records.task].primary
    rows = [
        {**item.row, **_value(sides.current, result.current), **_value(sides.other, result.other)}
        | _difference(result, sides, lower=primary.direction is Direction.LOWER)
        for item, result in results
    ]
    return {
        "metric": TASKS[records.task].primary_metric,
        "unit": units.name,
        "tests": sum(row["p"] is not None for row in rows),
        "asked": asked.names is not None,
        **{kind: [row["label"] for row in rows if row["finding"] == kind] for kind in (sides.bad, sides.good)},
        "said": said,
        "rows": rows,
    }


def _value(name: str, side: SliceValue) -> dict[str, Any]:
    """Return the metric of one side with its interval."""
    low, high = side.ci95 or (None, None)
    return {name: side.value, f"{name}_low": low, f"{name}_high": high}


def _difference(result: SliceResult, sides: _Sides, *, lower: bool) -> dict[str, Any]:
    """Return the difference of a slice, and what is found where it is more than chance."""
    low, high = result.ci95 or (None, None)
    finding = None
    if result.p_adjusted is not None and result.p_adjusted < ALPHA and result.delta:
        finding = sides.bad if (result.delta < 0) != lower else sides.good
    return {
        "units": result.units,
        "delta": result.delta,
        "ci_low": low,
        "ci_high": high,
        "p": result.p,
        "p_adjusted": result.p_adjusted,
        "insufficient": result.p is None,
        "finding": finding,
    }


def _parts(records: Records, cut: Sequence[_Slice], *, rest: bool = False, sized: Sized | None = None) -> list[Part]:
    """Return the metric of a model in each slice, or in all that is not in it."""
    primary = TASKS[records.task].primary_metric
    by_images = [item for item in cut if item.row["property"] != SIZE]
    chosen = [~item.images if rest else item.images for item in by_images]
    found = iter(metrics_of(records, primary).parts(chosen))
    of_sizes: dict[str, Part] = {}
    if len(by_images) < len(cut) and isinstance(records, DetectionRecords):
        everything = [np.ones(len(records.keys), bool)]
        measures = sized or measures_by_size(records, kind=primary_kind(primary), rest=rest)
        of_sizes = {size: measure.parts(everything)[0] for size, measure in measures.items()}
    return [of_sizes[item.row["slice"]] if item.row["property"] == SIZE else next(found) for item in cut]


def _cut(records: Records, asked: Asked) -> tuple[list[_Slice], list[str]]:
    """Return the slices, and what is to be said of what could not be cut."""
    found: list[_Slice] = []
    said: list[str] = []
    for name in USUAL if asked.names is None else asked.names:
        if name == SIZE:
            slices = _sizes(records)
            boxes = isinstance(records, DetectionRecords)
            why = "all objects are of one size" if boxes else f"{records.task} has no boxes, which have a size"
        else:
            parts, why = _images(records, name, asked)
            slices = [_of_images(records, part) for part in parts]
            if pooled := sum(part.pooled for part in parts):
                said.append(f"{parts[0].of}: {counted(pooled, 'rare value')} of fewer images are taken together.")
        if slices:
            found += slices
            without = len(records.keys) - int(np.logical_or.reduce([item.images for item in slices]).sum())
            if without:
                said.append(
                    f"{slices[0].row['property']}: {counted(without, 'image')} without a value are in no slice."
                )
        elif asked.names is not None:
            said.append(f"{name}: {why}.")
    return found, said


def _images(records: Records, name: str, asked: Asked) -> tuple[list[ImageSlice], str]:
    """Return images by a property, and why there are none where there are none."""
    alike = "all images are alike in it"
    if name == CROWDING:
        if not isinstance(records, DetectionRecords):
            return [], f"{records.task} counts no objects"
        return thirds(name, np.diff(records.truth_offsets).astype(np.float64), _NAMES[name]), alike
    if name in MEASURED:
        if name in records.properties:
            return thirds(name, records.properties[name].astype(np.float64), _NAMES[name]), alike
        return [], f"these evaluations do not hold it; {asked.remedy} measures it"
    if table := CSV_COLUMN.fullmatch(name):
        path = (asked.folder or Path()) / table["file"]
        try:
            cells = from_table(path, table["column"], records.keys, SLICES)
        except UnclearTableError as error:  # the file and the column are there, `check_slices` has seen that
            return [], error.problems[0].found
        nobody = f"{table['file']} names none of the images" if not any(cells) else alike
        return by_column(table["column"], cells), nobody
    setting = asked.group or FOLDER if name == GROUP else name
    if setting == ALIKE:
        return [], "images that look alike are groups of a few, and no slices"
    units = units_of(records.keys, setting, asked.folder)
    assert units.place is not None
    names = [units.keys[place] for place in units.place.tolist()]
    return categories(FOLDER if setting == FOLDER else GROUP, names), f"there is one {name}, or each is rare"


def _of_images(records: Records, part: ImageSlice) -> _Slice:
    """Return a slice of images."""
    limits = _limits_of(part)
    objects = None
    if isinstance(records, DetectionRecords):
        objects = int(np.diff(records.truth_offsets)[part.images].sum())
    return _Slice(
        {
            "property": part.of,
            "slice": part.name,
            "label": f"{part.of}: {part.name}{limits}",
            "above": part.above,
            "up_to": part.up_to,
            "images": int(part.images.sum()),
            "objects": objects,
            "pooled": part.pooled,
        },
        part.images,
    )


def _limits_of(part: ImageSlice) -> str:
    """Return the bounds of a slice in brackets; empty for a category. Counts of objects are written as they are."""
    above, up_to = part.above, part.up_to
    if above is None or up_to is None:
        return f" (≤ {up_to:g})" if up_to is not None else f" (> {above:g})" if above is not None else ""
    low = above + 1 if part.of == CROWDING else above
    return f" ({up_to:g})" if low == up_to else f" ({low:g} to {up_to:g})"


def _sizes(records: Records) -> list[_Slice]:
    """Return the objects of each size that has any; they may lie in any image."""
    if not isinstance(records, DetectionRecords):
        return []
    found = []
    for size, labels in labels_by_size(records).items():
        own = records.truth_image[labels]
        row: dict[str, Any] = {"property": SIZE, "slice": size, "label": f"{SIZE}: {size} ({_LIMITS[size]})"}
        row |= {"above": SIZES[size][0] or None, "up_to": None if size == "large" else SIZES[size][1]}
        row |= {"images": len(np.unique(own)), "objects": len(own), "pooled": 0}
        if len(own):
            found.append(_Slice(row, np.ones(len(records.keys), bool)))
    return found if len(found) > 1 else []
