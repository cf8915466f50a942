"""Pascal VOC: an XML file for each image, as labelImg, CVAT and Roboflow write it too, with or without lists of splits.

The files of VOC itself count pixels from 1 and their last pixel belongs to the box (its development kit says so); what
labelling tools write in the same form counts from 0.
"""

from collections.abc import Sequence
from pathlib import Path
from xml.etree.ElementTree import Element

import numpy as np

from yololab.data.conversion.labelled import Box, Label, LabelledImage, Points, Source, ordered_names, split_of_folders
from yololab.data.conversion.sources.numbers import NumberReader
from yololab.data.conversion.sources.xml_files import place, read_xml
from yololab.data.dataset.image_names import is_image_name
from yololab.errors import InputError, Problem, noting
from yololab.files.reading import read_text
from yololab.text import counted, read_number

_SIDES = ("xmin", "ymin", "xmax", "ymax")
_LISTS = {"train": "train", "val": "val", "test": "test", "trainval": "train"}
_IMAGE_FOLDERS = ("JPEGImages", "images", "img", "imgs", "")


def read_voc(files: Sequence[Path], root: Path, keep_difficult: bool) -> Source:
    """Read the XML files of a folder.

    Args:
        files: The files.
        root: The folder of the source.
        keep_difficult: Take objects that are marked as difficult like others.

    Raises:
        InputError: Everything that is wrong with the files.
    """
    problems: list[Problem] = []
    images: list[LabelledImage] = []
    lists: dict[Path, dict[str, str]] = {}
    official = unlisted = 0
    for file in files:
        with noting(problems):
            base = file.parent.parent
            if base not in lists:
                lists[base] = _splits(base)
            listed = lists[base]
            tree = read_xml(file)
            image, is_official = _read_image(file, tree, keep_difficult)
            image.split = listed.get(file.stem, "") if listed else split_of_folders(file, root)
            if listed and not image.split:
                unlisted += 1
                continue
            official += is_official
            images.append(image)
    if problems:
        raise InputError(problems)
    notes = []
    if unlisted:
        notes.append(f"{counted(unlisted, 'image')} left out: not in any list of ImageSets/Main")
    if official:
        notes.append(f"{counted(official, 'file')} of VOC itself: pixels are counted from 1, the last one included")
    understood = f"Pascal VOC, {counted(len(files), 'file')}" + (", splits of ImageSets" if any(lists.values()) else "")
    names = ordered_names(label.name for image in images for label in image.labels)
    return Source("voc", understood, images, names, notes=notes)


def _splits(base: Path) -> dict[str, str]:
    """Return the split of each image that the lists of `ImageSets/Main` name; `trainval` where there is no other."""
    found: dict[str, str] = {}
    folder = base / "ImageSets" / "Main"
    for name, split in _LISTS.items():
        file = folder / f"{name}.txt"
        if not file.is_file():
            continue
        listed = [line.split()[0] for line in read_text(file).splitlines() if line.strip()]
        found = {Path(name).stem if is_image_name(name) else name: split for name in listed} | found
    return found


def _read_image(file: Path, tree: Element, keep_difficult: bool) -> tuple[LabelledImage, bool]:
    """Return the image of one file, and whether it is one of VOC's own."""
    official = "VOC" in (tree.findtext("source/database") or "")
    numbers = NumberReader(file, "object")
    size = [read_number(tree.findtext(f"size/{side}")) or 0 for side in ("width", "height")]
    # a file is renamed more often than the name in it
    image = LabelledImage(
        file.stem,
        str(file),
        _image_folder(file),
        (size[0], size[1]) if min(size) > 0 else None,
        also=(tree.findtext("filename") or "").strip(),
    )
    for item in tree.iter("object"):
        label = _label(place(file, item), item, numbers, -1.0 if official else 0.0)
        if label is not None:
            if (item.findtext("difficult") or "").strip() in ("1", "true") and not keep_difficult:
                label.left_out = "marked as difficult"
            image.labels.append(label)
    numbers.faults.stop()
    return image, official


def _image_folder(file: Path) -> Path:
    """Return where the image of a file lies: in the folder of images beside `Annotations`, or with the file."""
    for base in file.parents:
        if base.name.lower() == "annotations":
            places = (base.parent / name / file.parent.relative_to(base) for name in _IMAGE_FOLDERS)
            return next((place for place in places if place.is_dir()), file.parent)
    return file.parent


def _label(where: str, item: Element, numbers: NumberReader, shift: float) -> Label | None:
    """Return an object; None for one that is wrong, which is noted."""
    name = (item.findtext("name") or "").strip()
    if not name:
        numbers.wrong("without a name", where, "<name>, the class")
        return None
    box, rotated, outline = item.find("bndbox"), item.find("robndbox"), item.find("polygon")
    label = Label(name, where)
    if rotated is not None:
        label.corners = _corners(rotated, numbers, where)
    if outline is not None:
        # x1, y1, x2, y2, … as elements of their own
        values = {child.tag: child.text for child in outline if child.tag[:1] in "xy"}
        found = numbers.read(values, where)
        if found and len(found) % 2 == 0:
            label.polygons = (np.array(found).reshape(-1, 2),) if len(found) >= 6 else ()
    if box is not None:
        found = numbers.read({side: box.findtext(side) for side in _SIDES}, where)
        if found is None:
            return None
        left, top, right, bottom = found
        label.box = ordered_box(left + shift, top + shift, right, bottom)
    if label.box is None and label.corners is None and not label.polygons:
        numbers.wrong("without a box", where, "<bndbox> with xmin, ymin, xmax and ymax")
        return None
    return label


def ordered_box(x1: float, y1: float, x2: float, y2: float) -> Box:
    """Return a box whose first corner is the upper left one, however it was drawn."""
    return min(x1, x2), min(y1, y2), max(x1, x2), max(y1, y2)


def _corners(item: Element, numbers: NumberReader, where: str) -> Points | None:
    """Return the corners of a rotated box (roLabelImg: centre, sides, angle in radians)."""
    found = numbers.read({name: item.findtext(name) for name in ("cx", "cy", "w", "h", "angle")}, where)
    if found is None:
        return None
    x, y, width, height, angle = found
    return turned_box(x - width / 2, y - height / 2, x + width / 2, y + height / 2, angle)


def turned_box(x1: float, y1: float, x2: float, y2: float, radians: float) -> Points:
    """Return the corners of a box that is turned around its centre, clockwise as the image is seen, shape (4, 2).

    >>> turned_box(0, 0, 2, 2, 0).tolist()
    [[0.0, 0.0], [2.0, 0.0], [2.0, 2.0], [0.0, 2.0]]
    """
    centre = np.array([(x1 + x2) / 2, (y1 + y2) / 2])
    corners = np.array([(x1, y1), (x2, y1), (x2, y2), (x1, y2)], np.float64) - centre
    cosine, sine = np.cos(radians), np.sin(radians)
    return np.asarray(corners @ np.array([(cosine, sine), (-sine, cosine)]) + centre)
