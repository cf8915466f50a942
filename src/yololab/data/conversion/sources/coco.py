"""COCO's instances files: one of all images, one a split, or one a folder, as `pycocotools` and labelling tools do."""

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import cv2
import msgspec
import numpy as np

from yololab.data.conversion.coco_files import BROKEN, Annotation, Category, Faults, box_of, read_instances, run_lengths
from yololab.data.conversion.ground_truth import images_of, matching_id, names_by_id, plain_id
from yololab.data.conversion.labelled import Label, LabelledImage, Points, Source, Tally, split_of_file
from yololab.data.conversion.sources.voc import turned_box
from yololab.errors import InputError, Problem, noting
from yololab.text import counted, first_of, read_number

_MOST_PIXELS = 2**28  # of a mask, as of an image
_LEAST_POINTS = 3


def read_coco(files: Sequence[Path], root: Path, task: str) -> Source:
    """Read instances files.

    Args:
        files: The files.
        root: The folder of the source: names of files and of folders below it say which split is meant.
        task: What the labels are for; outlines and keypoints are read where they count.

    Raises:
        InputError: Everything that is wrong with the files.
    """
    problems: list[Problem] = []
    images: list[LabelledImage] = []
    left_out = Tally()
    names: list[str] = []
    keypoints: dict[tuple[str, ...], str] = {}
    notes: list[str] = []
    for file in files:
        with noting(problems):
            found, own, points = _read_file(file, root, task, left_out, notes)
            images += found
            names += [name for name in own if name not in names]
            keypoints |= dict.fromkeys(points, str(file))
    if len(keypoints) > 1 and task == "pose":
        several = "; ".join(f"{len(points)} in {file}" for points, file in keypoints.items())
        allowed = "the same keypoints in all categories and files: Ultralytics knows one kpt_shape"
        problems.append(Problem(str(files[0]), f"several lists of keypoints: {several}", allowed))
    if problems:
        raise InputError(problems)
    splits = first_of(dict.fromkeys(image.split for image in images if image.split))
    understood = f"COCO, {counted(len(files), 'file')}" + (f": {splits}" if splits else "")
    return Source("coco", understood, images, tuple(names), next(iter(keypoints), ()), left_out, notes)


def _read_file(
    file: Path, root: Path, task: str, left_out: Tally, notes: list[str]
) -> tuple[list[LabelledImage], list[str], list[tuple[str, ...]]]:
    """Return the images of one file, its classes in order, and the lists of keypoints of its categories."""
    faults, problems = Faults(file, "annotation"), list[Problem]()
    content, parts = read_instances(file, faults)
    if not content.categories:
        problems.append(Problem(f"{file}, categories", "none", "[{id, name}, …], one for each class"))
    keys: list[str] = []
    with noting(problems):
        keys, ids = images_of(file, content)
    if problems:
        raise InputError(problems)
    folder, split = _folder(file, keys), split_of_file(file, root)
    images = [
        LabelledImage(key, f"{file}, image {identity}", folder, _size(image.width, image.height), split)
        for key, identity, image in zip(keys, ids, content.images, strict=True)
    ]
    known = dict(zip(ids, images, strict=True))
    ids_named = {plain_id(item.id) for item in content.categories}
    read: list[tuple[Label, Any]] = []
    number, used = 0, dict[Any, None]()
    for rows in parts:
        for row in rows:
            number += 1
            if row.image_id == BROKEN:
                continue
            category = matching_id(row.category_id, ids_named)
            used[category] = None
            where = f"{file.name}, annotation {number:,} (image {row.image_id})"
            image = known.get(matching_id(row.image_id, known))  # type: ignore[arg-type]
            label = _label(row, where, task, faults)
            if image is None:
                left_out.add("of an image that the source does not have", where)
            elif label is not None:
                image.labels.append(label)
                read.append((label, category))
    names: dict[Any, str] = {}
    with noting(problems):
        names = names_by_id(file, content, list(used), faults)
    for label, category in read:
        label.name = names.get(category, "")
    with noting(problems):
        faults.stop()
    if problems:
        raise InputError(problems)
    heading, place = _heading(content.categories, used), file.relative_to(root) if file.is_relative_to(root) else file
    if heading:
        notes.append(f"{place}: the category {heading!r} is left out, it is the heading of the others")
    for name, times in Counter(names.values()).items():
        if times > 1:
            notes.append(f"{place}: {times} categories are called {name!r}, they are one class")
    points = [own for item in content.categories if (own := _keypoint_names(item))]
    return images, [name for name in dict.fromkeys(names.values()) if name != heading], points


def _label(row: Annotation, where: str, task: str, faults: Faults) -> Label | None:
    """Return an annotation without its class; None for one that is wrong, which is noted."""
    box = box_of(row.bbox, row.segmentation)
    if box is None or not np.isfinite(box).all():
        remedy = "a rotated box: as a polygon of its corners under segmentation" if len(row.bbox or ()) > 4 else ""
        faults.add("without a box", where, "[x, y, width, height] in pixels, or a mask", remedy)
        return None
    x, y, width, height = box
    label = Label("", where, (x, y, x + width, y + height))
    turned = _rotation(row.attributes)
    if row.iscrowd:
        label.left_out = "a crowd"
    elif width <= 0 or height <= 0:
        label.left_out = "no area"
    elif turned and task != "pose":
        label.corners, label.box = turned_box(x, y, x + width, y + height, np.deg2rad(turned)), None
    elif task in ("segment", "obb"):
        label.polygons = polygons_of(row.segmentation)
    elif task == "pose":
        label.keypoints = _keypoints(row.keypoints, where, faults)
    return label


def _rotation(attributes: msgspec.Raw) -> float:
    """Return by how many degrees a box is turned around its centre: CVAT writes it beside the box."""
    try:
        found = msgspec.json.decode(attributes)
    except msgspec.MsgspecError:
        return 0.0
    return read_number(found.get("rotation")) or 0.0 if isinstance(found, dict) else 0.0


def polygons_of(segmentation: msgspec.Raw) -> tuple[Points, ...]:
    """Return the parts of an outline, px: polygons as they are, of a mask its outer contours; none of anything else."""
    try:
        mask = msgspec.json.decode(segmentation)
        if isinstance(mask, list):
            parts = [np.array(part, np.float64) for part in mask]
            return tuple(
                part.reshape(-1, 2)
                for part in parts
                if part.ndim == 1 and len(part) >= 2 * _LEAST_POINTS and len(part) % 2 == 0 and np.isfinite(part).all()
            )
        if not isinstance(mask, dict):
            return ()
        height, width = map(int, mask["size"])
        counts = run_lengths(mask["counts"]) if isinstance(mask["counts"], str) else mask["counts"]
        runs = np.array(counts, np.int64)
        if min(height, width) <= 0 or height * width > _MOST_PIXELS or runs.sum() != height * width or runs.min() < 0:
            return ()
        values = np.arange(len(runs)) % 2
        return contours_of(np.repeat(values, runs).reshape(width, height).T)
    except (msgspec.MsgspecError, ValueError, TypeError, KeyError, OverflowError):
        return ()


def contours_of(mask: Any) -> tuple[Points, ...]:
    """Return the outer contours of a mask, px."""
    found, _ = cv2.findContours(np.ascontiguousarray(mask, np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    return tuple(part.reshape(-1, 2).astype(np.float64) for part in found if len(part) >= _LEAST_POINTS)


def _keypoints(raw: msgspec.Raw, where: str, faults: Faults) -> Points | None:
    """Return keypoints as rows of x, y and visibility; None where there are none, or none that was labelled."""
    try:
        points = np.array(msgspec.json.decode(raw) or [], np.float64).reshape(-1, 3)
    except (msgspec.MsgspecError, ValueError, TypeError):
        points = np.full((1, 3), np.nan)
    if not np.isfinite(points).all():
        faults.add("with keypoints that are none", where, "[x, y, visibility, …]")
        return None
    return points if points[:, 2].any() else None


def _keypoint_names(category: Category) -> tuple[str, ...]:
    try:
        return tuple(msgspec.json.decode(category.keypoints, type=list[str] | None) or ())
    except msgspec.MsgspecError:
        return ()


def _heading(categories: Sequence[Category], used: Iterable[Any]) -> str | None:
    """Return the name of a category that only stands above all others, as Roboflow writes it: without an annotation."""

    def above(item: Category) -> Any:
        try:
            return msgspec.json.decode(item.supercategory)
        except msgspec.MsgspecError:
            return None

    first, *others = categories
    is_heading = others and plain_id(first.id) not in used and all(above(item) == first.name for item in others)
    return str(first.name).strip() if is_heading else None


def _folder(file: Path, keys: Sequence[str]) -> Path:
    """Return the folder from which the images of a file are named: the first in which some of them are there."""
    above, split = [file.parent, file.parent.parent], file.stem.rpartition("_")[2]
    near = [
        place / name for place in above for name in ("", split, "images", f"images/{split}", "train", "val", "test")
    ]
    return next((place for place in near if any((place / key).is_file() for key in keys[:5])), file.parent)


def _size(width: float | None, height: float | None) -> tuple[float, float] | None:
    return (width, height) if width and height and min(width, height) > 0 else None


def chosen_files(files: Sequence[Path], contents: Sequence[Iterable[str]], task: str) -> list[Path]:
    """Return the files to read of those in a folder: COCO's own download has several of the same images.

    Args:
        files: JSON files with images and categories.
        contents: The keys of each.
        task: What the labels are for.
    """
    labelled = [file for file, keys in zip(files, contents, strict=True) if "annotations" in keys]
    kinds = ("captions", "panoptic", "stuff", "image_info", "lvis")
    plain = [file for file in labelled if not file.name.startswith(kinds)] or labelled
    poses = [file for file in plain if file.name.startswith("person_keypoints")]
    if task == "pose" and poses:
        return poses
    return [file for file in plain if file not in poses] or plain
