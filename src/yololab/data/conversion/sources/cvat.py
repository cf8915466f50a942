"""CVAT for images 1.1 and for video 1.1: one XML file; boxes, polygons, ellipses, masks and skeletons."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from xml.etree.ElementTree import Element

import numpy as np

from yololab.data.conversion.labelled import (
    Label,
    LabelledImage,
    Points,
    Source,
    Tally,
    ordered_names,
    split_named,
    split_of_file,
)
from yololab.data.conversion.sources.coco import contours_of
from yololab.data.conversion.sources.cvat_tracks import frames_of, name_of, size_of
from yololab.data.conversion.sources.numbers import NumberReader
from yololab.data.conversion.sources.voc import ordered_box, turned_box
from yololab.data.conversion.sources.xml_files import place, read_xml
from yololab.errors import InputError, Problem, noting
from yololab.text import counted, read_number

_SHAPES = ("box", "polygon", "ellipse", "mask", "skeleton")
_WITHOUT_AREA = {
    **dict.fromkeys(("polyline", "points"), "a shape without an area"),
    "cuboid": "a shape of two faces, which no row of a label can hold",
    "tag": "a word about the whole image",
}
_ELLIPSE_POINTS = 36
_MOST_PIXELS = 2**28


def read_cvat(files: Sequence[Path], root: Path) -> Source:
    """Read files of CVAT.

    Args:
        files: The files.
        root: The folder of the source.

    Raises:
        InputError: Everything that is wrong with the files.
    """
    problems: list[Problem] = []
    images: list[LabelledImage] = []
    declared: list[str] = []
    keypoints: dict[tuple[str, ...], None] = {}
    films = 0
    for file in files:
        with noting(problems):
            tree = read_xml(file)
            declared += [
                name
                for item in tree.iter("label")
                if (name := (item.findtext("name") or "").strip()) and not item.findtext("parent")
            ]
            numbers = NumberReader(file, "shape")
            images += [_read_image(file, root, item, numbers, keypoints) for item in tree.iter("image")]
            if tree.find("track") is not None:
                films += 1
                images += _read_film(file, root, tree, numbers, keypoints)
            numbers.faults.stop()
    if len(keypoints) > 1:
        found = "; ".join(", ".join(names) for names in keypoints)
        problems.append(
            Problem(str(files[0]), f"several skeletons: {found}", "one skeleton: Ultralytics has one kpt_shape")
        )
    if problems:
        raise InputError(problems)
    names = ordered_names((label.name for image in images for label in image.labels), declared)
    kind = "video" if films == len(files) else "images and video" if films else "images"
    understood = f"CVAT for {kind}, {counted(len(files), 'file')}"
    return Source("cvat", understood, images, names, next(iter(keypoints), ()), Tally(), frames=bool(films))


def _read_image(
    file: Path, root: Path, item: Element, numbers: NumberReader, keypoints: dict[tuple[str, ...], None]
) -> LabelledImage:
    where = place(file, item)
    size = [read_number(item.get(side)) or 0 for side in ("width", "height")]
    image = LabelledImage(
        item.get("name") or "",
        where,
        file.parent,
        (size[0], size[1]) if min(size) > 0 else None,
        split_named(item.get("subset") or "") or split_of_file(file, root),
    )
    _add_shapes(file, image, item, numbers, keypoints)
    return image


def _read_film(
    file: Path, root: Path, tree: Element, numbers: NumberReader, keypoints: dict[tuple[str, ...], None]
) -> list[LabelledImage]:
    """Return the frames of a video; CVAT puts their images into a folder beside the file."""
    folder = next((place for name in ("images", "") if (place := file.parent / name).is_dir()), file.parent)
    split, size = split_of_file(file, root), size_of(tree)
    images = []
    for frame, shapes in frames_of(file, tree, numbers).items():
        image = LabelledImage(name_of(frame), f"{file}, frame {frame}", folder, size, split, optional=not shapes)
        _add_shapes(file, image, shapes, numbers, keypoints)
        images.append(image)
    return images


def _add_shapes(
    file: Path,
    image: LabelledImage,
    shapes: Iterable[Element],
    numbers: NumberReader,
    keypoints: dict[tuple[str, ...], None],
) -> None:
    for shape in shapes:
        if shape.tag in _SHAPES or shape.tag in _WITHOUT_AREA:
            label = _label(place(file, shape), shape, numbers)
            if label is not None:
                image.labels.append(label)
                if shape.tag == "skeleton" and label.keypoints is not None:
                    keypoints[tuple(point.get("label") or "" for point in _joints(shape))] = None


def _label(where: str, shape: Element, numbers: NumberReader) -> Label | None:
    """Return a shape; None for one that is wrong, which is noted."""
    name = (shape.get("label") or "").strip()
    if not name:
        numbers.wrong("without a label", where, "the name of a class")
        return None
    label = Label(name, where)
    if shape.tag == "box":
        found = numbers.read({side: shape.get(side) for side in ("xtl", "ytl", "xbr", "ybr")}, where)
        if found is None:
            return None
        label.box, angle = ordered_box(found[0], found[1], found[2], found[3]), read_number(shape.get("rotation") or 0)
        if angle:
            label.corners, label.box = turned_box(*label.box, np.deg2rad(angle)), None
    elif shape.tag == "polygon":
        points = _points(shape, numbers, where, 1)
        if points is None:
            return None
        if len(points) < 3:
            label.left_out = "a polygon of one or two points"
        label.polygons = (points,)
    elif shape.tag == "ellipse":
        found = numbers.read({side: shape.get(side) for side in ("cx", "cy", "rx", "ry")}, where)
        if found is None:
            return None
        label.polygons = (
            ellipse(found[0], found[1], found[2], found[3], np.deg2rad(read_number(shape.get("rotation")) or 0)),
        )
    elif shape.tag == "mask":
        label.polygons = _mask(shape, numbers, where)
        return label if label.polygons else None
    elif shape.tag == "skeleton":
        return _skeleton(label, shape, numbers, where)
    else:
        label.left_out = f"{shape.tag}: {_WITHOUT_AREA[shape.tag]}"
    return label


def ellipse(x: float, y: float, across: float, down: float, radians: float = 0.0) -> Points:
    """Return an ellipse as a polygon, px, shape (36, 2)."""
    angles = np.linspace(0, 2 * np.pi, _ELLIPSE_POINTS, endpoint=False)
    points = np.column_stack([across * np.cos(angles), down * np.sin(angles)])
    cosine, sine = np.cos(radians), np.sin(radians)
    return np.asarray(points @ np.array([(cosine, sine), (-sine, cosine)]) + (x, y))


def _points(shape: Element, numbers: NumberReader, where: str, least: int) -> Points | None:
    return numbers.points([pair.split(",") for pair in (shape.get("points") or "").split(";")], where, least)


def _mask(shape: Element, numbers: NumberReader, where: str) -> tuple[Points, ...]:
    """Return the outlines of a mask: run lengths along the rows of its own box, background first."""
    try:
        left, top, width, height = (int(float(shape.get(side) or "")) for side in ("left", "top", "width", "height"))
        runs = np.array([int(run) for run in (shape.get("rle") or "").split(",")], np.int64)
        if min(width, height) <= 0 or width * height > _MOST_PIXELS or runs.min() < 0 or runs.sum() != width * height:
            raise ValueError
    except (ValueError, OverflowError):
        numbers.wrong("with a mask that is none", where, "rle, left, top, width and height")
        return ()
    mask = np.repeat(np.arange(len(runs)) % 2, runs).reshape(height, width)
    return tuple(part + np.array([left, top]) for part in contours_of(mask))


def _joints(shape: Element) -> list[Element]:
    """Return the points of a skeleton in the order of their names, which is the same in all of them."""
    found = shape.findall("points")
    names = [point.get("label") or "" for point in found]
    numeric = all(name.isdecimal() for name in names)
    return sorted(found, key=lambda point: (int(point.get("label") or 0) if numeric else 0, point.get("label") or ""))


def _skeleton(label: Label, shape: Element, numbers: NumberReader, where: str) -> Label | None:
    """Return a skeleton with the box around its points that are not outside."""
    rows = []
    for joint in _joints(shape):
        points = _points(joint, numbers, where, 1)
        if points is None:
            return None
        seen = 0.0 if joint.get("outside") == "1" else 1.0 if joint.get("occluded") == "1" else 2.0
        rows.append((*(points[0] if seen else (0.0, 0.0)), seen))
    label.keypoints = np.array(rows, np.float64).reshape(-1, 3)
    labelled = label.keypoints[label.keypoints[:, 2] > 0, :2]
    if not len(labelled):
        label.keypoints, label.left_out = None, "a skeleton without a point in the image"
        return label
    (left, top), (right, bottom) = labelled.min(axis=0), labelled.max(axis=0)
    label.box = (float(left), float(top), float(right), float(bottom))
    return label
