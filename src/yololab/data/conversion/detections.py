"""Anybody's detections on known images: a COCO results file as arrays, its images and classes understood."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from yololab.data.conversion.coco_files import BROKEN, Detection, Faults, box_of, read_results
from yololab.data.conversion.ground_truth import GroundTruth, matching_id
from yololab.data.conversion.image_lookup import AMBIGUOUS, UNKNOWN, ImageId
from yololab.errors import InputError, Problem
from yololab.text import counted, first_of

# COCO's 80 classes have ids from 1 to 90.
_COCO_IDS = tuple(sorted(set(range(1, 91)) - {12, 26, 29, 30, 45, 66, 68, 69, 71, 83}))
_BEGIN = {"from 0": 0, "from 1": 1}
_ARRAYS = ("image", "classes", "boxes", "areas", "scores")
_BROKEN = -3  # the place of a row of another form
_SCORE = "score: a number from 0 to 1"


@dataclass(frozen=True, eq=False)
class Detections:
    """Detections on the images of a ground truth, in the order of its images and by descending confidence in each; D.

    Attributes:
        image: Image of each, i64, shape (D,).
        classes: Class of each, i64, shape (D,).
        boxes: `x1, y1, x2, y2`, px, f64, shape (D, 4).
        areas: Width times height, px², shape (D,).
        scores: Confidence, f64, shape (D,).
        notes: What a reader should know of how they were read.
    """

    image: NDArray[np.int64] = field(repr=False)
    classes: NDArray[np.int64] = field(repr=False)
    boxes: NDArray[np.float64] = field(repr=False)
    areas: NDArray[np.float64] = field(repr=False)
    scores: NDArray[np.float64] = field(repr=False)
    notes: tuple[str, ...] = ()

    def ordered(self) -> "Detections":
        """Return the same by image and descending confidence; equal ones stay as they are."""
        order = np.lexsort((-self.scores, self.image))
        return self.chosen(order)

    def in_any_file(self) -> "Detections":
        """Return the same in an order that the file has no part in: equal confidences by class and place."""
        return self.chosen(np.lexsort((*self.boxes.T[::-1], self.classes, -self.scores, self.image)))

    def chosen(self, kept: NDArray[np.int64] | NDArray[np.bool_]) -> "Detections":
        """Return some of them, by their places or a mask."""
        return replace(self, **{name: getattr(self, name)[kept] for name in _ARRAYS})


def read_detections(path: Path, truth: GroundTruth) -> Detections:
    """Read a COCO results file.

    Args:
        path: The file: a JSON list.
        truth: The images and classes that it is about.

    Raises:
        InputError: Everything that is wrong with it: unknown images and categories, boxes and scores that are none.
    """
    faults = Faults(path, "detection")
    lookup = truth.lookup()
    known: dict[tuple[object, str | None], int] = {}
    tokens: dict[ImageId | None, int] = {}
    # Of YOLO labels it is not known yet from which number on their classes are counted.
    numbered: Collection[ImageId] = range(_COCO_IDS[-1] + len(truth.names)) if truth.categories is None else ()
    identities = {*truth.names.values(), *(truth.categories or ()), *numbered}
    images, columns, numbers = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)], [np.zeros((0, 5))]
    masks = before = 0
    for rows in read_results(path, faults):
        called = [(row.image_id, row.file_name) for row in rows]
        for name in set(called) - known.keys():
            known[name] = _BROKEN if name[0] == BROKEN else lookup.place(*name)
        places = np.array([known[name] for name in called], np.int64)
        boxes = _boxes(rows)
        scores = np.array([np.nan if row.score is None else row.score for row in rows])
        _check(rows, places, boxes, scores, before, truth, faults)
        masks += sum(not row.bbox for row in rows)
        meant = {written: matching_id(written, identities) for written in {row.category_id for row in rows}}
        called_as = (meant[row.category_id] for row in rows)
        columns.append(np.array([tokens.setdefault(token, len(tokens)) for token in called_as], np.int64))
        images.append(places)
        numbers.append(np.column_stack([boxes, scores]))
        before += len(rows)
    image, column, values = np.concatenate(images), np.concatenate(columns), np.concatenate(numbers)
    whole = image > UNKNOWN
    index, notes = _classes(path, truth, list(tokens), image[whole], column[whole], faults)
    faults.stop()
    if masks:
        notes = (
            *notes,
            f"{counted(masks, 'detection')} of {path.name} had no box but a mask: the box around it counts.",
        )
    classes = index[column] if len(column) else column
    corners = np.hstack([values[:, :2], values[:, :2] + values[:, 2:4]])
    found = Detections(image, classes, corners, values[:, 2] * values[:, 3], values[:, 4], notes)
    # Less than 0: a category that the other evaluation does not have, and that no label is of.
    return found.chosen(classes >= 0).ordered()


def _boxes(rows: Sequence[Detection]) -> NDArray[np.float64]:
    """Return x, y, width and height of each row, NaN for what is none, shape (N, 4)."""
    try:
        boxes = np.array([row.bbox for row in rows], np.float64)
        if boxes.shape == (len(rows), 4):
            return boxes
    except (TypeError, ValueError):  # some have none, or another number of sides
        pass
    found = (box_of(row.bbox, row.segmentation) for row in rows)
    return np.array([(np.nan,) * 4 if box is None else box for box in found]).reshape(-1, 4)


def _check(
    rows: Sequence[Detection],
    places: NDArray[np.int64],
    boxes: NDArray[np.float64],
    scores: NDArray[np.float64],
    before: int,
    truth: GroundTruth,
    faults: Faults,
) -> None:
    """Note what is wrong with some rows; those of another form have been noted."""
    typed = places != _BROKEN

    def note(wrong: Any, found: str, value: Callable[[Detection], object], allowed: str, remedy: str = "") -> None:
        for place in np.flatnonzero(wrong & typed).tolist():
            faults.add(found, f"{value(rows[place])} in number {before + place + 1:,}", allowed, remedy)

    there = f"the images of {truth.path}, by {'file name' if truth.ids is None else 'id or by file name'}"
    remedy = "numbers are ids of an instances JSON: give that one as truth=…" if truth.ids is None else ""
    note(places == UNKNOWN, "of images that the ground truth does not have", _name, there, remedy)
    note(places == AMBIGUOUS, "of a name that several images have", _name, "an id, or a name with its folders")
    form = "bbox: [x, y, width, height] in pixels, finite numbers"
    note(~np.isfinite(boxes).all(axis=1), "without a box", lambda row: row.bbox, form)
    negative = (boxes[:, 2:] < 0).any(axis=1)
    note(negative, "with a negative width or height", lambda row: row.bbox, f"{form}; not two corners")
    note(np.isnan(scores), "without a score", lambda row: row.score, _SCORE)
    outside = (scores < 0) | (scores > 1)
    note(outside, "with a score outside 0 to 1", lambda row: row.score, _SCORE, "divide percents by 100")


def _name(row: Detection) -> object:
    return row.file_name or row.image_id


def _classes(
    path: Path,
    truth: GroundTruth,
    tokens: Sequence[ImageId | None],
    image: NDArray[np.int64],
    column: NDArray[np.int64],
    faults: Faults,
) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    """Return the class of each category id, and how the ids were understood where they had to be."""
    by_name: dict[ImageId, int] = {name: index for index, name in truth.names.items()}
    if truth.categories is not None:
        ways: dict[str, Mapping[ImageId, int]] = {"": {**by_name, **truth.categories}}
    else:
        count = len(truth.names)
        ways = {way: by_name | {index + begin: index for index in range(count)} for way, begin in _BEGIN.items()}
        if count == len(_COCO_IDS):
            ways["COCO's, 1 to 90"] = by_name | {token: index for index, token in enumerate(_COCO_IDS)}
    fitting = {way: table for way, table in ways.items() if all(token in table for token in tokens)}
    if not fitting:
        table = max(ways.values(), key=lambda table: sum(token in table for token in tokens))
        counts = np.bincount(column, minlength=len(tokens))
        known: list[ImageId] = [token for token in table if not isinstance(token, str)] or [*table]
        remedy = ""
        if truth.categories is not None and 0 in tokens and 0 not in table:
            remedy = "0 looks like an index of classes: write the ids of the categories of the ground truth"
        for place, token in enumerate(tokens):
            if token not in table:
                times = max(int(counts[place]), 1)
                faults.add("of unknown categories", token, f"{first_of(known, 12)} or the names", remedy, times)
        return np.zeros(len(tokens), np.int64), ()
    chosen = max(fitting, key=lambda way: _agreement(truth, image, _table(fitting[way], tokens)[column]))
    if len(fitting) > 1:
        shares = [_agreement(truth, image, _table(table, tokens)[column]) for table in fitting.values()]
        if shares.count(max(shares)) > 1 and any(isinstance(token, int) for token in tokens):
            found = f"category ids {first_of(tokens, 6)} may count from 0 or from 1, and the labels do not tell which"
            raise InputError(Problem(str(path), found, "ids of an instances JSON", "give one as truth=…"))
    understood = any(isinstance(token, int) for token in tokens) and truth.categories is None
    note = f"Category ids of {path.name} are read as class indices {chosen}." if chosen in _BEGIN else ""
    note = note or f"Category ids of {path.name} are read as {chosen}."
    return _table(fitting[chosen], tokens), (note,) if understood else ()


def _table(table: Mapping[ImageId, int], tokens: Sequence[ImageId | None]) -> NDArray[np.int64]:
    return np.array([table[token] for token in tokens if token is not None], np.int64)


def _agreement(truth: GroundTruth, image: NDArray[np.int64], classes: NDArray[np.int64]) -> float:
    """Return the share of detections in images that have a label of their class."""
    count = len(truth.names)
    there = np.unique(truth.image * count + truth.classes)
    return float(np.isin(image * count + classes, there).mean()) if len(image) else 0.0
