"""LabelMe: a JSON file for each image; polygons, rectangles, circles and masks, shapes of one group as one object."""

import base64
import binascii
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from yololab.data.conversion.labelled import Label, LabelledImage, Points, Source, ordered_names, split_of_folders
from yololab.data.conversion.sources.coco import contours_of
from yololab.data.conversion.sources.cvat import ellipse
from yololab.data.conversion.sources.numbers import NumberReader
from yololab.data.conversion.sources.voc import ordered_box
from yololab.errors import InputError, Problem, noting
from yololab.files.json_files import MOST_BYTES, parse_json
from yololab.files.reading import read_bytes
from yololab.text import counted, read_number

_WITHOUT_AREA = ("point", "points", "line", "linestrip")
_TURNED = ("oriented_rectangle", "rotation")  # LabelMe's word, and X-AnyLabeling's
# How many points a shape has at least.
_LEAST = {"polygon": 3, "rectangle": 2, "circle": 2, "mask": 2, **dict.fromkeys(_TURNED, 4)}


def read_labelme(files: Sequence[Path], root: Path) -> Source:
    """Read the JSON files of a folder.

    Args:
        files: The files.
        root: The folder of the source.

    Raises:
        InputError: Everything that is wrong with the files.
    """
    problems: list[Problem] = []
    images: list[LabelledImage] = []
    for file in files:
        with noting(problems):
            images.append(_read_image(file, root))
    if problems:
        raise InputError(problems)
    understood = f"LabelMe, {counted(len(files), 'file')}"
    return Source("labelme", understood, images, ordered_names(x.name for image in images for x in image.labels))


def _read_image(file: Path, root: Path) -> LabelledImage:
    content = parse_json(read_bytes(file, MOST_BYTES), str(file))
    shapes = content.get("shapes") if isinstance(content, dict) else None
    if not isinstance(shapes, list):
        raise InputError(Problem(f"{file}, shapes", "no list", "a JSON file of LabelMe: {shapes: […], imagePath, …}"))
    size = [read_number(content.get(side)) or 0 for side in ("imageWidth", "imageHeight")]
    image = LabelledImage(
        str(content.get("imagePath") or file.stem),
        str(file),
        file.parent,
        (size[0], size[1]) if min(size) > 0 else None,
        split_of_folders(file, root),
        also=file.stem,
        embedded=file if content.get("imageData") else None,
    )
    numbers = NumberReader(file, "shape")
    image.labels = list(_labels(file, shapes, numbers))
    numbers.faults.stop()
    return image


def _labels(file: Path, shapes: list[Any], numbers: NumberReader) -> Iterator[Label]:
    """Yield the objects; shapes with one group and one label are parts of one, as in LabelMe's own converters."""
    groups: dict[tuple[str, str], Label] = {}
    for place, shape in enumerate(shapes, 1):
        where = f"{file}, shape {place}"
        name = str(shape.get("label") or "").strip() if isinstance(shape, dict) else ""
        if not name:
            numbers.wrong("without a label", where, "{label, points, shape_type}")
            continue
        label = _label(Label(name, where), shape, numbers)
        if label is None:
            continue
        group = shape.get("group_id")
        known = None if group is None or label.left_out else groups.setdefault((name, str(group)), label)
        if known is None or known is label:
            yield label
        else:
            known.polygons, known.box = (*outlines(known), *outlines(label)), None


def embedded_image(file: Path) -> bytes | None:
    """Return the image that a file of LabelMe holds itself; None for none that can be read."""
    content = parse_json(read_bytes(file, MOST_BYTES), str(file))
    try:
        return base64.b64decode(content["imageData"], validate=True)
    except (KeyError, TypeError, ValueError):
        return None


def outlines(label: Label) -> tuple[Points, ...]:
    """Return the outline of a label, also of one that is a box."""
    if label.box is None or label.polygons:
        return label.polygons
    x1, y1, x2, y2 = label.box
    return (np.array([(x1, y1), (x2, y1), (x2, y2), (x1, y2)], np.float64),)


def _label(label: Label, shape: dict[str, Any], numbers: NumberReader) -> Label | None:
    """Return a shape as a label; None for one that is wrong, which is noted."""
    kind = str(shape.get("shape_type") or "polygon")
    if kind in _WITHOUT_AREA:
        label.left_out = f"{kind}: a shape without an area"
        return label
    least = _LEAST.get(kind)
    if least is None:
        label.left_out = f"{kind}: a shape that is not known"
        return label
    points = numbers.points(shape.get("points"), label.where, 1 if kind == "polygon" else least)
    if points is None:
        return None
    if len(points) < least:
        label.left_out = "a polygon of one or two points"
        return label
    if kind == "rectangle":
        (x1, y1), (x2, y2) = points.min(axis=0).tolist(), points.max(axis=0).tolist()
        label.box = ordered_box(x1, y1, x2, y2)
    elif kind == "circle":
        radius = float(np.hypot(*(points[1] - points[0])))
        label.polygons = (ellipse(points[0, 0], points[0, 1], radius, radius),)
        x, y = points[0].tolist()
        label.box = (x - radius, y - radius, x + radius, y + radius)
    elif kind == "mask":
        label.polygons = _mask(shape.get("mask"), points)
        if not label.polygons:
            numbers.wrong("with a mask that is none", label.where, "a PNG in base64, with the corners of its box")
            return None
    elif kind in _TURNED:
        label.corners = points[:4]
    else:
        label.polygons = (points,)
    return label


def _mask(text: Any, points: Points) -> tuple[Points, ...]:
    """Return the outlines of a mask that lies in a box."""
    try:
        data = np.frombuffer(base64.b64decode(text, validate=True), np.uint8)
        mask = cv2.imdecode(data, cv2.IMREAD_GRAYSCALE) if len(data) else None
    except (TypeError, ValueError, binascii.Error, cv2.error):
        return ()
    return () if mask is None else tuple(part + points.min(axis=0) for part in contours_of(mask > 0))
