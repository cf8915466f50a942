"""The rules of a label file: one pure function a rule, text in, findings out.

A finding is blocking when Ultralytics leaves the image out of training because of it, without more than a line in its
log (`verify_image_label` in data/utils.py), or stops; and when it would let a number through that is not finite, as in
the box of a pose. Numbers are compared as float32, as there.
"""

from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from math import isfinite
from typing import NamedTuple

from yololab.data.labels.label_rows import BOX_COLUMNS, LabelRules, Row, read_rows
from yololab.data.problems import Severity

HIGHEST, LOWEST = array("f", [1.01, -0.01])  # Ultralytics keeps coordinates that are off by no more than 1 %
WHOLE = 0.995  # of the image's width and height
COINCIDING = 0.9  # IoU above which two boxes of a class are taken for the same object
MOST_COMPARED = 1_000_000  # pairs of boxes of one image: a file of nothing but one place would take hours
SHIFT = 0.12  # centres of boxes with such an IoU are no further apart than this part of a side
FLAT = 1e-7  # area of a parallelogram, relative to the image, that rounding to six decimals can make of nothing
VISIBILITIES = (0.0, 1.0, 2.0)
NO_BOX = (0.0, 0.0, 0.0, 0.0)
LINES_SHOWN = 10
DROPS = "Ultralytics leaves out the whole image"


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding in a label file; the attributes are those of `DataProblem`."""

    check: str
    line: int | None
    what: str
    severity: Severity
    remedy: str


class LabelVerdict(NamedTuple):
    """What a label file is worth.

    Attributes:
        classes: Class of each instance that Ultralytics would train on; empty when it would drop the image.
        boxes: x, y, width and height of each, relative to the image's size.
        findings: At most one for each rule and severity, about the first line concerned.
    """

    classes: tuple[int, ...]
    findings: tuple[Finding, ...] = ()
    boxes: tuple[tuple[float, float, float, float], ...] = ()

    @property
    def dropped(self) -> bool:
        """Whether Ultralytics leaves the image out."""
        return any(finding.severity is Severity.BLOCKING for finding in self.findings)


def wrong_columns(row: Row, rules: LabelRules) -> Iterator[Finding]:
    """Find a number of columns that the task does not take."""
    if not rules.takes_box(row.columns) and not rules.takes_polygon(row.columns):
        remedy = f"{DROPS}; columns allowed: {rules.allowed}"
        yield Finding("label_columns", row.line, f"{row.columns} columns", Severity.BLOCKING, remedy)


def not_numbers(row: Row, _: LabelRules) -> Iterator[Finding]:
    """Find a column that is no finite number."""
    if row.not_a_number is not None:
        what = f"{row.not_a_number[:40]!r} is not a finite number"
        yield Finding("label_number", row.line, what, Severity.BLOCKING, f"{DROPS}: mend or delete the row")


def wrong_classes(row: Row, rules: LabelRules) -> Iterator[Finding]:
    """Find a class that is no whole number or that the dataset does not have."""
    remedy, index = (
        f"{DROPS}: mend the class, or add it to `names` in the data.yaml",
        row.values[0] if row.values else 0,
    )
    if index % 1:
        yield Finding("label_class", row.line, f"class {index:g} is not whole", Severity.BLOCKING, remedy)
    elif index < 0 or (index >= rules.nc and not rules.single_cls):
        what = f"class {index:g} of a dataset with the classes 0 to {rules.nc - 1}"
        yield Finding("label_class", row.line, what, Severity.BLOCKING, remedy)


def wrong_coordinates(row: Row, rules: LabelRules) -> Iterator[Finding]:
    """Find coordinates outside 0 to 1: blocking beyond 1 %, the part that Ultralytics keeps is a warning.

    Of a pose row Ultralytics checks the keypoints' upper limit, not the box's; of a polygon the box around it.
    A rotated box may have corners outside when its centre is inside. Negative sides are `wrong_sizes`' business.
    """
    if row.box is None:
        return
    points = _keypoint_coordinates(row, rules)
    written = row.values[1:] if row.polygon else (*row.box, *points)
    far = [v for v in (*row.box[:2], *row.keypoints) if v < LOWEST]
    far += [v for v in (points if row.keypoints else row.box) if v > HIGHEST]
    near = [v for v in written if v > 1] + [v for v in (*written[:2], *points) if v < 0]
    if row.polygon:  # corners of a rotated box that the border cuts lie outside
        near = [] if rules.corners else near + [v for v in written if v < 0]
    if far:
        remedy = f"{DROPS}: divide pixels by the image's width and height"
        yield Finding("label_range", row.line, f"{far[0]:g} is outside 0 to 1", Severity.BLOCKING, remedy)
    elif near:
        what = f"{near[0]:g} is {'a little ' if LOWEST <= near[0] <= HIGHEST else ''}outside 0 to 1"
        remedy = "Ultralytics takes it as it is: limit coordinates to 0 to 1"
        yield Finding("label_range", row.line, what, Severity.WARNING, remedy)


def _keypoint_coordinates(row: Row, rules: LabelRules) -> tuple[float, ...]:
    """Return the x and y of the keypoints, without their visibility."""
    step = rules.keypoint_values
    return row.keypoints if step < 3 else tuple(v for i, v in enumerate(row.keypoints) if i % step < 2)


def wrong_sizes(row: Row, _: LabelRules) -> Iterator[Finding]:
    """Find a box without area (taken, but nothing can be learnt from it) or with a negative side (image dropped)."""
    width, height = row.box[2:] if row.box is not None else (1.0, 1.0)
    what = f"a box of {width:g} x {height:g}"
    if width < 0 or height < 0:
        yield Finding("label_size", row.line, what, Severity.BLOCKING, f"{DROPS}: write width and height")
    elif width == 0 or height == 0:
        yield Finding("label_size", row.line, what, Severity.WARNING, "delete or mend the row")


def flat_polygons(row: Row, rules: LabelRules) -> Iterator[Finding]:
    """Find a polygon whose points lie on one line (or are one): nothing is inside."""
    if rules.outlines and row.polygon and row.box is not None and min(row.box[2:]) > 0 and _is_flat(row.values[1:]):
        what = f"{len(row.values) // 2} points on one line"
        yield Finding("label_area", row.line, what, Severity.WARNING, "nothing is inside: delete or mend the row")


def _is_flat(values: Sequence[float]) -> bool:
    """Return whether points lie on one line, to within six decimals."""
    points = list(zip(values[::2], values[1::2], strict=True))
    x, y = points[0]
    far_x, far_y = max(points, key=lambda point: (point[0] - x) ** 2 + (point[1] - y) ** 2)
    along_x, along_y = far_x - x, far_y - y
    return all(abs(along_x * (b - y) - along_y * (a - x)) < FLAT for a, b in points)


def other_corners(row: Row, rules: LabelRules) -> Iterator[Finding]:
    """Find a polygon with another number of points than a rotated box."""
    if rules.corners and row.polygon and len(row.values) != 1 + 2 * rules.corners:
        what = f"{len(row.values) // 2} points, a rotated box has {rules.corners}"
        yield Finding("label_corners", row.line, what, Severity.NOTE, "the smallest box around them is taken")


def wrong_visibility(row: Row, rules: LabelRules) -> Iterator[Finding]:
    """Find keypoints whose visibility is not 0, 1 or 2, and such at 0, 0 that count as seen."""
    step = rules.keypoint_values
    points = [row.keypoints[place : place + step] for place in range(0, len(row.keypoints), step or 1)]
    if wrong := [point[2] for point in points if len(point) == 3 and point[2] not in VISIBILITIES]:
        what, remedy = f"visibility {wrong[0]:g}", "0 is not labelled, 1 hidden, 2 visible"
        yield Finding("keypoint_visibility", row.line, what, Severity.WARNING, remedy)
    counted = [number for number, (x, y, *seen) in enumerate(points) if x == y == 0 and seen != [0.0]]
    if counted and len(counted) < len(points):
        what = f"keypoint {counted[0]} at 0, 0 counts as labelled"
        remedy = "one that is not labelled has visibility 0; with two values a keypoint, a negative x (-0.01)"
        yield Finding("keypoint_origin", row.line, what, Severity.WARNING, remedy)


# Each looks at one row by itself.
_ABOUT_NUMBERS = (wrong_columns, not_numbers, wrong_classes, wrong_coordinates, wrong_visibility)
_ABOUT_SHAPES = (wrong_sizes, flat_polygons, other_corners)


def mixed_rows(rows: list[Row], rules: LabelRules) -> Iterator[Finding]:
    """Find boxes in a file that has polygons too; Ultralytics takes one or the other."""
    polygon = next((row for row in rows if row.polygon), None)
    for row in rows:
        if polygon is not None and rules.takes_box(row.columns):
            what = f"a box of {row.columns} columns in a file with polygons (line {polygon.line})"
            remedy = f"{DROPS}: make all rows boxes, or all of them polygons"
            yield Finding("label_mixed", row.line, what, Severity.BLOCKING, remedy)


def repeated_rows(rows: list[Row]) -> Iterator[Finding]:
    """Find rows that the file already has; Ultralytics removes them."""
    seen: dict[tuple[float, ...], int] = {}
    for row in rows:
        if row.box is not None and seen.setdefault(row.values, row.line) != row.line:
            what = f"the same as line {seen[row.values]}"
            yield Finding("label_duplicate", row.line, what, Severity.WARNING, "Ultralytics drops it: delete the row")


def whole_image(rows: list[Row]) -> Iterator[Finding]:
    """Find boxes that cover the whole image: often a default that nobody drew."""
    for row in rows:
        if row.box is not None and not row.polygon and min(row.box[2:]) >= WHOLE:
            what = f"a box of {row.box[2]:g} x {row.box[3]:g}, the whole image"
            yield Finding("label_whole_image", row.line, what, Severity.NOTE, "nothing to do when that is meant")


def coinciding_boxes(rows: list[Row]) -> Iterator[Finding]:
    """Find boxes of one class that nearly coincide (IoU above 0.9): often the same object twice."""
    boxes = [row for row in rows if row.box is not None and not row.polygon and row.values]
    for first, second, overlap in coinciding([row.values[0] for row in boxes], [row.box or NO_BOX for row in boxes]):
        one, other = sorted((boxes[first], boxes[second]), key=lambda row: row.line)
        if one.values != other.values:
            what = f"nearly the box of line {one.line}, of the same class (IoU {overlap:.2f})"
            yield Finding("label_overlap", other.line, what, Severity.WARNING, "the same object twice? delete one")


def coinciding(
    classes: Sequence[float], boxes: Sequence[tuple[float, float, float, float]]
) -> Iterator[tuple[int, int, float]]:
    """Return (first, second, IoU) of each pair of boxes of one class whose IoU is above 0.9.

    Boxes are compared in the order of their centres only as far as a common area of 90 % allows, along the axis on
    which they are spread more widely.
    """
    if len(boxes) < 2:
        return
    spread = [max(centres) - min(centres) for centres in ([box[axis] for box in boxes] for axis in (0, 1))]
    axis = 0 if spread[0] >= spread[1] else 1
    order = sorted(range(len(boxes)), key=lambda index: boxes[index][axis])
    compared = 0
    for position, i in enumerate(order):
        x, y, width, height = box = boxes[i]
        for j in order[position + 1 :]:
            other_x, other_y, other_width, other_height = boxes[j]
            if boxes[j][axis] - box[axis] > SHIFT * box[axis + 2]:
                break
            compared += 1
            if compared > MOST_COMPARED:
                return
            if abs(other_x - x) > SHIFT * width:
                continue
            if classes[i] == classes[j] and abs(other_y - y) <= SHIFT * height:
                across = min(x + width / 2, other_x + other_width / 2) - max(x - width / 2, other_x - other_width / 2)
                down = min(y + height / 2, other_y + other_height / 2) - max(y - height / 2, other_y - other_height / 2)
                shared = max(0.0, across) * max(0.0, down)
                union = width * height + other_width * other_height - shared
                if union > 0 and shared / union > COINCIDING:
                    yield i, j, shared / union


def check_label(content: bytes, rules: LabelRules) -> LabelVerdict:
    """Check the content of a label file; a byte-order mark and any kind of line end are fine.

    Args:
        content: The bytes of the file.
        rules: The rules of the dataset and task.
    """
    if b"\0" in content and content[:2] not in (b"\xff\xfe", b"\xfe\xff"):
        zeros = content.count(b"\0")
        what = f"{zeros} of {len(content)} bytes are zero: the file was damaged, as by a crash while it was written"
        line = content.count(b"\n", 0, content.index(b"\0")) + 1
        finding = Finding("label_encoding", line, what, Severity.BLOCKING, f"{DROPS}: restore or write the file anew")
        return LabelVerdict((), (finding,))
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        what = "UTF-16 text" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "not UTF-8 text"
        finding = Finding("label_encoding", line, what, Severity.BLOCKING, f"{DROPS}: save the file as UTF-8")
        return LabelVerdict((), (finding,))
    clean = _clean_boxes(text, rules)
    return clean if clean is not None else check_rows(read_rows(text, rules), rules)


def check_rows(rows: list[Row], rules: LabelRules) -> LabelVerdict:
    """Apply every rule to the rows of a label file."""
    of_rows = (finding for rule in (*_ABOUT_NUMBERS, *_ABOUT_SHAPES) for row in rows for finding in rule(row, rules))
    found = chain(of_rows, mixed_rows(rows, rules), repeated_rows(rows))
    verdict = LabelVerdict((), _one_a_rule(found))
    if verdict.dropped:
        return verdict
    verdict = LabelVerdict((), (*verdict.findings, *_one_a_rule(chain(whole_image(rows), coinciding_boxes(rows)))))
    unique = {row.values: row.box or NO_BOX for row in rows}
    classes = tuple(0 if rules.single_cls else int(values[0]) for values in unique)
    return LabelVerdict(classes, verdict.findings, tuple(unique.values()))


def _clean_boxes(text: str, rules: LabelRules) -> LabelVerdict | None:
    """Return the verdict on a file of faultless boxes, None for any other: most files need no closer look."""
    rows = [cells for line in text.splitlines() if (cells := line.split())]
    if not rules.takes_box(BOX_COLUMNS) or not set(map(len, rows)) <= {BOX_COLUMNS}:
        return None
    try:
        values = array("f", map(float, chain.from_iterable(rows)))
    except ValueError:
        return None
    if not values:
        return LabelVerdict(())
    classes, x, y, width, height = (values[column::BOX_COLUMNS] for column in range(BOX_COLUMNS))
    sound = (
        isfinite(sum(values))
        and min(values) >= 0
        and max(map(max, (x, y, width, height))) <= 1
        and min(map(min, (width, height))) > 0
        and max(classes) < rules.nc
        and not any(index % 1 for index in classes)
        and len(set(zip(classes, x, y, width, height, strict=True))) == len(classes)
        and max(map(min, width, height)) < WHOLE
    )
    boxes = tuple(zip(x, y, width, height, strict=True))
    if not sound or next(coinciding(classes, boxes), None) is not None:
        return None
    return LabelVerdict(tuple(0 if rules.single_cls else int(index) for index in classes), (), boxes)


def _one_a_rule(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Keep the first finding of each rule and severity, naming the other lines in it."""
    groups: dict[tuple[str, Severity], list[Finding]] = {}
    for finding in findings:
        groups.setdefault((finding.check, finding.severity), []).append(finding)
    merged = []
    for (check, severity), group in groups.items():
        first, others = group[0], [finding.line for finding in group[1:]]
        shown = ", ".join(map(str, others[:LINES_SHOWN]))
        more = f" and {len(others) - LINES_SHOWN} more" if len(others) > LINES_SHOWN else ""
        what = f"{first.what}; also in line {shown}{more}" if others else first.what
        merged.append(Finding(check, first.line, what, severity, first.remedy))
    return tuple(merged)
