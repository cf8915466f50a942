"""CSV tables of boxes: a row for each box, columns by any of the names that people give them, or by their order.

What was understood is said, since a table says little of itself: which column is which, pixels or parts of the image.
"""

import csv
import io
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from yololab.data.conversion.coco_files import Faults
from yololab.data.conversion.labelled import (
    Box,
    Label,
    LabelledImage,
    Source,
    ordered_names,
    split_named,
    split_of_file,
)
from yololab.data.conversion.sources.voc import ordered_box
from yololab.errors import InputError, Problem, noting
from yololab.files.reading import read_bytes
from yololab.text import counted, first_of, read_number

MOST_BYTES = 2**32
_SEPARATORS = ",;\t|"  # of two that are there as often, the first
_SEPARATOR = re.compile('"?sep=(.)"?')
NO_CLASS = "object"
# What a column is called, without case and without what is no letter or number.
COLUMNS = {
    "image": "filename file image imagename imagepath imagefile imagefilename path filepath imgpath img imageid"
    " imageurl imageuri",
    "x1": "xmin x1 left xtl xleft bboxxmin startx minx roix1 upperleftcornerx",
    "y1": "ymin y1 top ytl ytop bboxymin starty miny roiy1 upperleftcornery",
    "x2": "xmax x2 right xbr xright bboxxmax endx maxx roix2 lowerrightcornerx",
    "y2": "ymax y2 bottom ybr ybottom bboxymax endy maxy roiy2 lowerrightcornery",
    "x": "x bboxx xtopleft bbleft bboxleft boxleft",
    "y": "y bboxy ytopleft bbtop bboxtop boxtop",
    "xc": "xcenter xcentre centerx cx xc",
    "yc": "ycenter ycentre centery cy yc",
    "bw": "w bw bboxw bboxwidth boxwidth bbwidth",
    "bh": "h bh bboxh bboxheight boxheight bbheight",
    "bbox": "bbox box",
    "width": "width imagewidth imgwidth",
    "height": "height imageheight imgheight",
    "class": "class label classname labelname category categoryname object objectname classid labelid target type"
    " annotationtag",
    "split": "split set subset usage partition dataset",
    "crowd": "isgroupof iscrowd",
}
_MEANS = {name: meaning for meaning, names in COLUMNS.items() for name in names.split()}
_KNOWN = "filename, xmin, ymin, xmax, ymax, class; x, y, w, h or x_center, y_center, w, h or bbox for the corners"
_WITHOUT_HEADER = ("image", "x1", "y1", "x2", "y2", "class")  # keras-retinanet's, and many others'


@dataclass
class _Table:
    """A table that was read.

    Attributes:
        file: The file.
        columns: Meaning → place of its column.
        rows: The rows, each with its line.
        header: Whether it has one.
    """

    file: Path
    columns: dict[str, int]
    rows: list[tuple[int, list[str]]]
    header: Sequence[str]
    images: dict[str, LabelledImage] = field(default_factory=dict)

    def cell(self, row: list[str], meaning: str) -> str:
        at = self.columns.get(meaning, -1)
        return row[at].strip() if 0 <= at < len(row) else ""


def read_csv(files: Sequence[Path], root: Path) -> Source:
    """Read tables of boxes.

    Args:
        files: The files.
        root: The folder of the source: file names and folders below it may say which split is meant.

    Raises:
        InputError: Everything that is wrong with the files.
    """
    problems: list[Problem] = []
    images: list[LabelledImage] = []
    understood: dict[str, None] = {}
    for file in files:
        with noting(problems):
            table = _read_table(file)
            understood[_read_boxes(table, split_of_file(file, root))] = None
            images += table.images.values()
    if problems:
        raise InputError(problems)
    names = ordered_names(label.name for image in images for label in image.labels)
    if names and all(name.isdecimal() for name in names):
        names = tuple(sorted(names, key=int))
    return Source("csv", f"CSV, {counted(len(files), 'file')}; {'; '.join(understood)}", images, names)


def means_boxes(header: Sequence[str]) -> bool:
    """Return whether the first line of a table is one of boxes."""
    columns = _columns(header)
    return ("image" in columns and _corners_of(columns) is not None) or _is_row(header)


def read_lines(file: Path, most: int | None = None) -> Iterator[tuple[int, list[str]]]:
    """Yield the rows of a table with their lines: in UTF-8, or UTF-16 as Excel saves it.

    The separator is the `,`, `;`, tab or `|` that the first line has most of, a space where it has none of them, or
    the one that Excel's line `sep=;` names.

    Args:
        file: The file.
        most: How many rows at most; None for all.

    Raises:
        InputError: It cannot be read, or is no text.
    """
    content = read_bytes(file, MOST_BYTES)
    encoding = "utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        found = f"byte {content[error.start]:#04x} is not {encoding.upper().removesuffix('-SIG')}"
        raise InputError(Problem(f"{file}, line {line}", found, "text in UTF-8", "save the file as UTF-8")) from None
    first, _, rest = text.partition("\n")
    said = _SEPARATOR.fullmatch(first.strip("\r"))
    likely = max(_SEPARATORS, key=first.count)
    separator = said[1] if said else likely if likely in first else " "
    rows = csv.reader(io.StringIO(rest if said else text, newline=""), delimiter=separator, skipinitialspace=True)
    before = 1 if said else 0
    try:
        for place, row in enumerate(rows):
            if most is not None and place >= most:
                return
            if any(cell.strip() for cell in row):
                yield before + rows.line_num, row
    except csv.Error as error:
        raise InputError(Problem(f"{file}, line {before + rows.line_num}", f"not readable as CSV ({error})")) from None


def _columns(header: Sequence[str]) -> dict[str, int]:
    """Return the place of each column that is understood."""
    found: dict[str, int] = {}
    for place, cell in enumerate(header):
        meaning = _MEANS.get(re.sub(r"[\W_]", "", cell.lower()))
        if meaning:
            found.setdefault(meaning, place)
    if "x2" not in found and "bbox" not in found:  # then width and height are the box's, not the image's
        for box, other in (("bw", "width"), ("bh", "height"), ("x", "x1"), ("y", "y1")):
            if box not in found and other in found:
                found[box] = found.pop(other)
    return found


def _corners_of(columns: dict[str, int]) -> str | None:
    """Return how boxes are written: corners, sides, centre, or in one cell; None when they are not."""
    for how, needed in {
        "corners": "x1 y1 x2 y2",
        "sides": "x y bw bh",
        "centre": "xc yc bw bh",
        "cell": "bbox",
    }.items():
        if set(needed.split()) <= columns.keys():
            return how
    return None


def _is_row(cells: Sequence[str]) -> bool:
    """Return whether a first line is a box already: a path, four numbers, a class; or a path alone."""
    return (
        len(cells) == len(_WITHOUT_HEADER)
        and "." in cells[0]
        and all(read_number(cell) is not None or not cell.strip() for cell in cells[1:5])
    )


def _read_table(file: Path) -> _Table:
    lines = list(read_lines(file))
    if not lines:
        raise InputError(Problem(str(file), "an empty table", f"a header and a row for each box: {_KNOWN}"))
    header = lines[0][1]
    if _is_row(header):
        return _Table(file, {name: place for place, name in enumerate(_WITHOUT_HEADER)}, lines, ())
    columns = _columns(header)
    missing = [name for name, there in (("an image", "image" in columns), ("a box", _corners_of(columns))) if not there]
    if missing:
        found = f"no column for {' and none for '.join(missing)} among {first_of(header, 12)}"
        raise InputError(Problem(f"{file}, line 1", found, _KNOWN, "rename the columns in a copy of the table"))
    return _Table(file, columns, lines[1:], header)


def _read_boxes(table: _Table, split: str) -> str:
    """Put the boxes of a table into its images; return how they were understood."""
    faults = Faults(table.file, "row")
    how = _corners_of(table.columns) or "corners"
    boxes: list[tuple[Label, LabelledImage, Box]] = []
    for line, row in table.rows:
        where = f"{table.file.name}, line {line}"
        name = table.cell(row, "image")
        if not name:
            faults.add("without an image", f"line {line}", "a file name")
            continue
        image = table.images.get(name)
        if image is None:
            image = LabelledImage(name, f"{table.file}, line {line}", table.file.parent, _size(table, row))
            image.split = split_named(table.cell(row, "split")) or split
            table.images[name] = image
        cells = _cells(table, row, how)
        if not any(cells):  # an image without objects
            continue
        numbers = [read_number(cell) for cell in cells]
        if len(numbers) != 4 or None in numbers:
            wrong = next(
                (cell for cell, value in zip(cells, numbers, strict=True) if value is None), f"{len(cells)} numbers"
            )
            faults.add("without a box", f"line {line}: {wrong!r}", "four finite numbers, or four empty cells")
            continue
        label = Label(table.cell(row, "class") or NO_CLASS, where)
        label.left_out = "a crowd" if table.cell(row, "crowd") in ("1", "true", "True") else ""
        boxes.append((label, image, _BOXES[how](*(value for value in numbers if value is not None))))
    faults.stop()
    relative = bool(boxes) and all(max(map(abs, box)) <= 1 for _, _, box in boxes)
    for label, image, box in boxes:
        label.box = box
        image.labels.append(label)
        if relative:
            image.size = (1.0, 1.0)
    return _understood(table, how, relative, boxes)


def _understood(table: _Table, how: str, relative: bool, boxes: Sequence[object]) -> str:
    unit = "parts of the image" if relative else "pixels"
    named = {
        meaning: table.header[place] if table.header else str(place + 1) for meaning, place in table.columns.items()
    }
    shown = ", ".join(f"{meaning}={name}" for meaning, name in named.items())
    single = "" if "class" in table.columns else f"; no class column: all are {NO_CLASS!r}"
    return f"{counted(len(boxes), 'box', 'boxes')} by {how} in {unit} ({shown}){single}"


def _cells(table: _Table, row: list[str], how: str) -> list[str]:
    names = {"corners": "x1 y1 x2 y2", "sides": "x y bw bh", "centre": "xc yc bw bh"}
    if how == "cell":
        return re.findall(r"[^\s,;\[\]()]+", table.cell(row, "bbox"))
    return [table.cell(row, name).replace(",", ".") for name in names[how].split()]  # Excel's decimal comma


def _size(table: _Table, row: list[str]) -> tuple[float, float] | None:
    width, height = (read_number(table.cell(row, name)) or 0 for name in ("width", "height"))
    return (width, height) if min(width, height) > 0 else None


_BOXES: dict[str, Callable[[float, float, float, float], Box]] = {
    "corners": ordered_box,
    "sides": lambda x, y, w, h: (x, y, x + w, y + h),
    "cell": lambda x, y, w, h: (x, y, x + w, y + h),
    "centre": lambda x, y, w, h: (x - w / 2, y - h / 2, x + w / 2, y + h / 2),
}
