"""Labels that somebody has looked at: those of earlier lists, whatever has become of them."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from yololab.errors import InputError, Problem
from yololab.files.paths import ReviewFolder
from yololab.files.reading import table_rows
from yololab.report.review.suspicion import Box, Suspicion
from yololab.statistics.metrics.matching import overlaps

_COLUMNS = ("image", "class_given", "class_suggested", "box_given_px", "box_suggested_px")
_NEAR_PX = 1.0  # lists are rounded, and so is what a mended neighbour's file says of the others
_SAME_OBJECT = 0.5  # IoU of two suggestions of one missing label
_Row = tuple[str, str, Box | None, Box | None]


class Seen:
    """What earlier lists hold; a row that was taken out of a list was not looked at.

    Args:
        lists: The lists, or the folders of reviews.

    Raises:
        InputError: All that are none.
    """

    def __init__(self, lists: Sequence[Path]) -> None:
        self._rows: dict[str, list[_Row]] = {}
        problems: list[Problem] = []
        self._any = bool(lists)
        for path in lists:
            try:
                self._read(ReviewFolder(path).table if path.is_dir() else path)
            except InputError as error:
                problems += error.problems
        if problems:
            raise InputError(problems)

    def _read(self, path: Path) -> None:
        header, *rows = table_rows(path) or [[]]
        if not set(_COLUMNS) <= set(header):
            missing = ", ".join(name for name in _COLUMNS if name not in header)
            raise InputError(Problem(f"seen, {path}", f"no column {missing}", "a list.csv of `yololab labels`"))
        for number, row in enumerate(rows, start=2):
            cells = dict(zip(header, row, strict=False))
            if not cells.get("image"):
                continue
            try:
                boxes = [_box(cells.get(name, "")) for name in _COLUMNS[3:]]
            except ValueError:
                found = f"{cells.get('box_given_px')!r} and {cells.get('box_suggested_px')!r}"
                raise InputError(Problem(f"seen, {path}, line {number}", found, "boxes: numbers in pixels")) from None
            row_of = cells.get("class_given", ""), cells.get("class_suggested", ""), boxes[0], boxes[1]
            self._rows.setdefault(cells["image"], []).append(row_of)

    def __bool__(self) -> bool:
        """Return whether there are lists."""
        return self._any

    def holds(self, item: Suspicion) -> bool:
        """Return whether a label, or a place that has none, is in one of the lists."""
        return any(_is_same(item, row) for row in self._rows.get(item.image, ()))


def _is_same(item: Suspicion, row: _Row) -> bool:
    """Return whether a row is about a label, or about a missing one of the same class at the same place."""
    given, said, box_given, box_said = row
    if (item.class_given or "") != given:
        return False
    if item.box_given is not None:
        return box_given is not None and _near(item.box_given, box_given)
    if item.class_given is not None:
        return True  # the class of an image
    if item.box_suggested is None or box_said is None or len(box_said) != len(item.box_suggested):
        return False
    both = (np.array([box], np.float32) for box in (item.box_suggested, box_said))
    return item.class_suggested == said and bool(overlaps(*both)[0, 0] >= _SAME_OBJECT)


def _near(one: Box, other: Box) -> bool:
    return len(one) == len(other) and max(abs(a - b) for a, b in zip(one, other, strict=True)) <= _NEAR_PX


def _box(text: str) -> Box | None:
    """Return the numbers in a cell; None for an empty one. A list marks a cell that begins with a minus as text."""
    return tuple(map(float, text.lstrip("'").split())) or None
