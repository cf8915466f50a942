"""Label files as rows of numbers, and how many columns each task takes."""

from array import array
from dataclasses import dataclass
from math import isfinite

from yololab.errors import InputError, Problem

BOX_COLUMNS = 5
POLYGON_COLUMNS = 7


# Task → whether polygons are taken, whether what is in one counts (not only the box around it), and how many points it
# must have (0 for any number).
POLYGONS = {
    "detect": (True, False, 0),
    "segment": (True, True, 0),
    "semantic": (True, True, 0),
    "obb": (True, True, 4),
    "pose": (False, False, 0),
}


@dataclass(frozen=True)
class LabelRules:
    """The rules for one dataset and task.

    Attributes:
        box_columns: Numbers of columns of the rows that begin with a box.
        keypoint_values: Values a keypoint when keypoints are used, 0 when they are cut off.
        polygons: Whether polygon rows are taken.
        nc: Number of classes.
        single_cls: All classes count as one, so any whole number from 0 on is a class.
        outlines: What is in a polygon counts, not only the box around it.
        corners: Points of a polygon that the task wants; 0 for any number.
    """

    box_columns: frozenset[int]
    keypoint_values: int
    polygons: bool
    nc: int
    single_cls: bool = False
    outlines: bool = False
    corners: int = 0

    def takes_box(self, columns: int) -> bool:
        """Whether a row with so many columns begins with a box."""
        return columns in self.box_columns

    def takes_polygon(self, columns: int) -> bool:
        """Whether a row with so many columns is a polygon."""
        return self.polygons and columns >= POLYGON_COLUMNS and columns % 2 == 1 and not self.takes_box(columns)

    @property
    def allowed(self) -> str:
        """The allowed numbers of columns, for a message."""
        parts = [" or ".join(map(str, sorted(self.box_columns)))] if self.box_columns else []
        if self.polygons:
            parts.append("an odd number from 7 on (a polygon)")
        return ", or ".join(parts)


def label_rules(task: str, nc: int, kpt_shape: tuple[int, int] | None = None, single_cls: bool = False) -> LabelRules:
    """Return the rules for a task.

    Raises:
        InputError: The task has no label files that we know, or needs a `kpt_shape` that is not given.
    """
    if task not in POLYGONS:
        raise InputError(Problem("task", f"{task!r} has no text labels", f"one of {sorted(POLYGONS)}"))
    is_pose = task == "pose"
    if is_pose and kpt_shape is None:
        allowed = "[number of keypoints, 2 or 3]"
        raise InputError(Problem("key 'kpt_shape' of the data.yaml", "missing", allowed, f"{task} needs it"))
    points, dimensions = kpt_shape or (0, 0)
    box_columns = {BOX_COLUMNS} if task == "detect" else set()
    if kpt_shape and task in ("detect", "pose"):  # a detector takes the box of a pose, and cuts off its keypoints
        box_columns.add(BOX_COLUMNS + points * dimensions)
    polygons, outlines, corners = POLYGONS[task]
    values = dimensions if is_pose else 0
    return LabelRules(frozenset(box_columns), values, polygons, nc, single_cls, outlines, corners)


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a label file.

    Attributes:
        line: Its line in the file, counted from 1.
        columns: How many columns it has.
        not_a_number: The first column that is no finite number, None when all are.
        values: Its numbers, class first, without keypoints that are cut off; empty when one is not a number.
        box: x, y, width and height of the box, or of the one around the polygon; None when the columns are wrong.
        polygon: Whether it is a polygon.
        keypoints: The numbers of its keypoints, when they are used.
    """

    line: int
    columns: int
    not_a_number: str | None
    values: tuple[float, ...]
    box: tuple[float, float, float, float] | None
    polygon: bool = False
    keypoints: tuple[float, ...] = ()


def read_rows(text: str, rules: LabelRules) -> list[Row]:
    """Split a label file into rows; blank lines do not count."""
    lines = enumerate(text.splitlines(), start=1)
    return [_row(number, cells, rules) for number, line in lines if (cells := line.split())]


def _row(line: int, cells: list[str], rules: LabelRules) -> Row:
    columns = len(cells)
    if rules.takes_box(columns) and not rules.keypoint_values:
        cells = cells[:BOX_COLUMNS]
    wrong = next((cell for cell in cells if not _is_finite(cell)), None)
    if wrong is not None:
        return Row(line, columns, wrong, (), None)
    values = tuple(array("f", map(float, cells)))
    if rules.takes_box(columns):
        box = (values[1], values[2], values[3], values[4])
        return Row(line, columns, None, values, box, keypoints=values[BOX_COLUMNS:])
    if rules.takes_polygon(columns):
        left, right, top, bottom = min(values[1::2]), max(values[1::2]), min(values[2::2]), max(values[2::2])
        x, y, width, height = array("f", ((left + right) / 2, (top + bottom) / 2, right - left, bottom - top))
        return Row(line, columns, None, values, (x, y, width, height), polygon=True)
    return Row(line, columns, None, values, None)


def _is_finite(cell: str) -> bool:
    """Return whether a cell is a finite number, as float32."""
    try:
        return isfinite(array("f", [float(cell)])[0])
    except ValueError:
        return False
