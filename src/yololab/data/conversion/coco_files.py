"""Reading COCO's JSON files, results and instances, of any size: typed, and with every kind of mistake named at once.

A file is split into its rows first, which takes no memory beside the file's own, and the rows are then typed some
thousands at a time. What a row has besides (LVIS' frequencies, keypoints, attributes) is passed over.
"""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import numpy as np

from yololab.errors import InputError, Problem
from yololab.files.reading import open_regular, read_bytes
from yololab.text import counted, first_of, shortened

MOST_BYTES = 2**32  # the masks of COCO's training images take 1 GB
_ROWS_AT_ONCE = 20_000
_EXAMPLES = 3  # of each kind of mistake
_NO_NUMBER = re.compile(rb"(?<=[\[,:\s])[+-]?(?:NaN|Infinity|nan|inf)(?=\s*[,\]}])")
RESULTS = "a JSON list of detections: [{image_id, category_id, bbox: [x, y, width, height], score}, …]"
INSTANCES = "a JSON object with the lists images, annotations and categories"
BROKEN = "\0"
Id = int | str | float | None
Row = TypeVar("Row", bound=msgspec.Struct)


class Detection(msgspec.Struct):
    """A row of a results file; what is wrong with it is found later."""

    image_id: Id = None
    category_id: Id = None
    bbox: list[float | None] | None = None
    score: float | None = None
    file_name: str | None = None
    segmentation: msgspec.Raw = msgspec.Raw(b"null")


class Annotation(msgspec.Struct):
    """A label of an instances file."""

    image_id: Id = None
    category_id: Id = None
    bbox: list[float | None] | None = None
    area: float | None = None
    iscrowd: int | bool | None = 0
    segmentation: msgspec.Raw = msgspec.Raw(b"null")
    keypoints: msgspec.Raw = msgspec.Raw(b"null")
    attributes: msgspec.Raw = msgspec.Raw(b"null")


EXPECTED: dict[Any, str] = {Detection: RESULTS, Annotation: "{image_id, category_id, bbox: [x, y, width, height], …}"}


class Image(msgspec.Struct):
    """An image of an instances file."""

    id: Id = None
    file_name: str | None = None
    coco_url: str | None = None
    width: float | None = None
    height: float | None = None


class Category(msgspec.Struct):
    """A class of an instances file."""

    id: Id = None
    name: Id = None
    supercategory: msgspec.Raw = msgspec.Raw(b"null")
    keypoints: msgspec.Raw = msgspec.Raw(b"null")


class Instances(msgspec.Struct):
    """An instances file; annotations are typed later."""

    images: list[Image]
    annotations: list[msgspec.Raw]
    categories: list[Category] = []


class Faults:
    """What is wrong with the rows of a file: how many rows, and the first of them.

    Args:
        path: The file.
        what: What a row is called.
    """

    def __init__(self, path: Path, what: str) -> None:
        self.path, self.what = path, what
        self._found: dict[tuple[str, str, str], tuple[int, list[str]]] = {}

    def add(self, found: str, example: Any, allowed: str = "", remedy: str = "", times: int = 1) -> None:
        """Note a row that is wrong in one way, or several that are."""
        kind = found, allowed, remedy
        before, examples = self._found.get(kind, (0, []))
        kept = examples if len(examples) > _EXAMPLES else [*examples, shortened(str(example), 80)]
        self._found[kind] = before + times, kept

    def stop(self) -> None:
        """Raise all that was noted.

        Raises:
            InputError: Something was.
        """
        problems = [
            Problem(
                str(self.path), f"{counted(count, self.what)} {found}: {first_of(rows, _EXAMPLES)}", allowed, remedy
            )
            for (found, allowed, remedy), (count, rows) in self._found.items()
        ]
        if problems:
            raise InputError(problems)


def is_list(path: Path) -> bool:
    """Return whether a file begins as a JSON list does.

    Raises:
        InputError: It cannot be read.
    """
    with open_regular(path) as file:
        return file.read(4096).removeprefix(b"\xef\xbb\xbf").lstrip()[:1] == b"["


def keys_of(path: Path) -> tuple[str, ...]:
    """Return the keys of a JSON object; none of anything else, also of what is no JSON."""
    try:
        return tuple(_parsed(_content(path), dict[str, msgspec.Raw]))
    except (msgspec.MsgspecError, InputError):
        return ()


def read_results(path: Path, faults: Faults) -> Iterator[list[Detection]]:
    """Yield the rows of a results file, some thousands at a time.

    Args:
        path: The file.
        faults: Takes the rows of another form; in their place stands one of the image `BROKEN`.

    Raises:
        InputError: It is no JSON list.
    """
    return _typed(_decoded(path, list[msgspec.Raw], RESULTS), Detection, faults)


def read_instances(path: Path, faults: Faults) -> tuple[Instances, Iterator[list[Annotation]]]:
    """Return an instances file, and its annotations some thousands at a time.

    Args:
        path: The file.
        faults: As `read_results`.

    Raises:
        InputError: It is none.
    """
    content = _decoded(path, Instances, INSTANCES)
    return content, _typed(content.annotations, Annotation, faults)


def box_of(bbox: list[float | None] | None, segmentation: msgspec.Raw) -> tuple[float, float, float, float] | None:
    """Return x, y, width and height of a row's box, or of the one around its mask; NaN for a number that is none.

    Args:
        bbox: Its box.
        segmentation: Its polygons, or its mask as run lengths, plain or compressed (`pycocotools/mask.py`).

    Returns:
        The box; None where there is none.
    """
    if bbox and len(bbox) == 4:
        return tuple(float("nan") if side is None else side for side in bbox)  # type: ignore[return-value]
    try:
        return _box_around(msgspec.json.decode(segmentation))
    except (msgspec.MsgspecError, ValueError, TypeError, KeyError, IndexError, OverflowError):
        return None


def _box_around(mask: Any) -> tuple[float, float, float, float] | None:
    """Return the box around polygons or run lengths; None around nothing."""
    if isinstance(mask, list):
        points = np.concatenate([np.asarray(polygon, np.float64).reshape(-1, 2) for polygon in mask])
        low, high = points.min(axis=0), points.max(axis=0)
        return (*low.tolist(), *(high - low).tolist())
    if mask is None:
        return None
    height = int(mask["size"][0])
    counts = run_lengths(mask["counts"]) if isinstance(mask["counts"], str) else mask["counts"]
    ends = np.cumsum(np.asarray(counts, np.int64))
    starts, last = ends[::2][: len(ends) // 2], ends[1::2] - 1  # runs of the mask go down its columns
    kept = last >= starts
    starts, last = starts[kept], last[kept]
    if not len(starts) or height <= 0:
        return None
    columns = int(starts.min() // height), int(last.max() // height)
    over = (starts // height) != (last // height)  # a run over two columns holds the end of one and the start of one
    top = 0 if over.any() else int((starts % height).min())
    bottom = height - 1 if over.any() else int((last % height).max())
    return float(columns[0]), float(top), float(columns[1] - columns[0] + 1), float(bottom - top + 1)


def run_lengths(text: str) -> list[int]:
    """Return compressed run lengths as numbers: five bits a letter, from the third on as differences."""
    counts: list[int] = []
    value = shift = 0
    for letter in text.encode():
        bits = letter - 48
        value |= (bits & 0x1F) << shift
        shift += 5
        if not bits & 0x20:
            value -= (1 << shift) if bits & 0x10 else 0
            counts.append(value + counts[-2] if len(counts) > 2 else value)
            value = shift = 0
    return counts


def _content(path: Path) -> bytes:
    """Return a file in UTF-8; of UTF-16, which Windows' PowerShell writes, what it says."""
    content = read_bytes(path, MOST_BYTES)
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        content = content.decode("utf-16", "replace").encode("utf-8", "replace")
    return content.removeprefix(b"\xef\xbb\xbf")


def _parsed(content: bytes, shape: Any) -> Any:
    """Return JSON in its type; NaN and infinities, which are no JSON but are written, as null."""
    try:
        return msgspec.json.decode(content, type=shape, strict=False)  # numbers in quotes are numbers
    except msgspec.ValidationError:
        raise
    except msgspec.DecodeError:
        mended, times = _NO_NUMBER.subn(b"null", content)
        if not times:
            raise
        return msgspec.json.decode(mended, type=shape, strict=False)


def _decoded(path: Path, shape: Any, allowed: str) -> Any:
    """Return the content of a file.

    Raises:
        InputError: It is of another form.
    """
    content = _content(path)
    try:
        return _parsed(content, shape)
    except msgspec.ValidationError as error:
        keys = keys_of(path)
        found = f"a JSON object with the keys {first_of(keys, 6)}" if keys and shape is not Instances else str(error)
        labels = shape is not Instances and {"images", "annotations"} <= set(keys)
        remedy = f"these are labels: truth={path.name} holds detections against them" if labels else ""
        raise InputError(Problem(str(path), found, allowed, remedy)) from None
    except (msgspec.DecodeError, RecursionError) as error:
        found = f"not readable as JSON ({error})"
        raise InputError(Problem(str(path), found, allowed, "have it written again")) from None


def _typed(rows: Sequence[msgspec.Raw], shape: type[Row], faults: Faults) -> Iterator[list[Row]]:
    """Yield rows in their type; in place of those of another form, which are noted, one of the image `BROKEN`."""
    for first in range(0, len(rows), _ROWS_AT_ONCE):
        part = rows[first : first + _ROWS_AT_ONCE]
        try:
            yield msgspec.json.decode(b"[" + b",".join(part) + b"]", type=list[shape], strict=False)  # type: ignore[valid-type]
        except msgspec.MsgspecError:
            typed: list[Row] = []
            for place, row in enumerate(part, first + 1):
                try:
                    typed.append(msgspec.json.decode(row, type=shape, strict=False))
                except msgspec.MsgspecError as error:
                    typed.append(shape(image_id=BROKEN))
                    faults.add("of another form", f"number {place:,}: {error}", EXPECTED[shape])
            yield typed
