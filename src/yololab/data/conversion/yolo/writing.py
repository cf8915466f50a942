"""A source written as a YOLO dataset: whole or not at all, with images linked or copied, and nothing of it changed."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

import yaml

from yololab.data.conversion.labelled import LabelledImage, Source, Tally
from yololab.data.conversion.sources.labelme import embedded_image
from yololab.data.conversion.sources.places import ImagePlaces
from yololab.data.conversion.yolo.frame import Frame, frame_of
from yololab.data.conversion.yolo.keys import class_names_alike, keys_for
from yololab.data.conversion.yolo.rows import flipped_order, rows_of
from yololab.data.conversion.yolo.scratch import Scratch
from yololab.data.images.image_facts import read_facts
from yololab.data.images.jpeg_header import read_jpeg_header
from yololab.errors import InputError, Problem
from yololab.files.atomic import ABANDONED_SECONDS, copy_any, link_file, new_folder, remove_temporaries
from yololab.files.json_files import write_json
from yololab.files.paths import ConvertedFolder
from yololab.files.reading import read_bytes
from yololab.text import counted, first_of

VERSION = 1
SPLITS = ("train", "val", "test")
_MOST_IMAGE = 2**31
EMBEDDED = "taken out of the label file, which holds the image"
_SUFFIXES = {"JPEG": ".jpg", "PNG": ".png", "BMP": ".bmp", "WEBP": ".webp", "TIFF": ".tif"}
_FRAMES = "ffmpeg -i FILM -start_number 0 DIR/frame_%06d.png"
_HEAD = 2**18  # bytes in which the size of nearly every image stands
_SHOWN = 20


@dataclass(frozen=True)
class Placed:
    """An image of a source with its file.

    Attributes:
        image: The image.
        file: Its file.
        frame: How its labels lie on it.
        passing: Whether the file lies in a folder that goes again.
    """

    image: LabelledImage
    file: Path
    frame: Frame
    passing: bool = False


@dataclass
class Conversion:
    """What was written.

    Attributes:
        folder: The dataset.
        source: What was read.
        task: What the labels are for.
        images: Images of each split.
        labels: Split → class → rows that were written.
        left_out: Labels and images that were not, by reason.
        changed: Labels and images that are not as they were, by reason.
        placing: How images were put there, and how many each way.
        folders: How many folders below the splits have images, as the frames of videos have.
        notes: What else a reader should know.
    """

    folder: ConvertedFolder
    source: Source
    task: str
    images: Counter[str] = field(default_factory=Counter)
    labels: dict[str, Counter[str]] = field(default_factory=dict)
    left_out: Tally = field(default_factory=Tally)
    changed: Tally = field(default_factory=Tally)
    placing: Counter[str] = field(default_factory=Counter)
    folders: int = 0
    notes: list[str] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        """Return the content of conversion.json."""
        found = Counter(label.name for image in self.source.images for label in image.labels)
        written = sum(self.labels.values(), Counter[str]())
        return {
            "format": self.source.format,
            "understood": self.source.understood,
            "task": self.task,
            "images": {"source": len(self.source.images), "written": dict(self.images)},
            "classes": {name: {"source": found[name], "written": written[name]} for name in self.source.names},
            "labels": {"source": found.total(), "written": written.total()},
            "left_out": self.left_out.to_json(),
            "changed": self.changed.to_json(),
            "files": dict(self.placing),
            "notes": self.notes,
        }


def place_images(
    source: Source,
    places: ImagePlaces,
    skip_missing: bool,
    scratch: Scratch,
    left_out: Tally,
    changed: Tally,
    progress: Callable[[int, int], object],
) -> list[Placed]:
    """Find the files of a source's images, and how the labels lie on them.

    Args:
        source: The source.
        places: Where its images may lie.
        skip_missing: Leave out images that are not there or cannot be read.
        scratch: Where images that lie in label files are unpacked.
        left_out: Takes these.
        changed: Takes images whose labels are turned or scaled.
        progress: Told how many images were looked at, of how many.

    Raises:
        InputError: Images are missing, unless they are to be skipped; or two entries are of one file.
    """
    placed: list[Placed] = []
    missing, owners, problems = Tally(), dict[Path, LabelledImage](), list[Problem]()
    for done, image in enumerate(source.images, 1):
        progress(done, len(source.images))
        file, remark = _find(image, places, scratch)
        if file is None and image.optional:
            left_out.add("frame without an object, whose image is not there", f"{image.name} ({image.where})")
            continue
        if file is None:
            missing.add(remark, f"{image.name} ({image.where})")
            continue
        stored, orientation, error = _size_of(file)
        if error:
            missing.add("not readable as an image", f"{file}: {error}")
            continue
        if (other := owners.setdefault(file, image)) is not image:
            where = f"{image.where}, and {other.where}"
            problems.append(Problem(str(file), f"named twice: {where}", "each image once", "delete one of the two"))
            continue
        frame = frame_of(image.size, stored, orientation)
        for note in filter(None, (remark, frame.note)):
            changed.add(note, str(image.embedded if remark == EMBEDDED else file))
        placed.append(Placed(image, file, frame, scratch.holds(file)))
    if missing.counts and skip_missing and placed:
        for what, count in missing.counts.items():
            left_out.add(f"image {what}", first_of(missing.places[what]), count)
    else:
        problems += _missing_images(missing, len(source.images), source.frames)
    if problems:
        more = [Problem("images", f"{len(problems) - _SHOWN} more problems")] if len(problems) > _SHOWN else []
        raise InputError([*problems[:_SHOWN], *more])
    if not placed:
        raise InputError(Problem(source.understood, "no image", "at least one image with its file"))
    return placed


def _find(image: LabelledImage, places: ImagePlaces, scratch: Scratch) -> tuple[Path | None, str]:
    """Return the file of an image, and how its name differs; None, and why there is none."""
    file, remark = places.find(image.name, image.folder)
    if file is None and image.also:
        file, remark = places.find(image.also, image.folder)
    if file is None and image.embedded is not None:
        held = _unpacked(image.embedded, places, scratch)
        return (held, EMBEDDED) if held is not None else (None, "not there, and not readable in the label file")
    return file, remark


def _unpacked(label_file: Path, places: ImagePlaces, scratch: Scratch) -> Path | None:
    """Return the image that a label file holds, as a file named like that one; None for none."""
    content = embedded_image(label_file)
    suffix = _SUFFIXES.get(read_facts(content).format or "") if content else None
    if content is None or suffix is None:
        return None
    folder = scratch.folder / "embedded"
    places.add(folder)
    file = (folder / places.key(label_file)).with_suffix(suffix)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)
    return file.resolve()


def _missing_images(missing: Tally, all_: int, frames: bool) -> list[Problem]:
    remedy = "image_folder=… says where they lie; missing=skip leaves them out"
    if frames:
        remedy = f"have CVAT save the images with the labels; or, all of the film: {_FRAMES}, and image_folder=DIR"
    return [
        Problem("images", f"{count:,} of {all_:,} {what}: {first_of(missing.places[what])}", "every image", remedy)
        for what, count in missing.counts.items()
    ]


def _size_of(file: Path) -> tuple[tuple[int, int], int, str]:
    """Return the size of an image as stored, its EXIF orientation, and why it cannot be read."""
    try:
        with file.open("rb") as opened:
            head = opened.read(_HEAD)
    except OSError as error:
        return (0, 0), 1, error.strerror or str(error)
    header = read_jpeg_header(head)
    if header is not None:
        return (header.width, header.height), header.orientation, ""
    facts = read_facts(read_bytes(file, _MOST_IMAGE))
    return (facts.width, facts.height), facts.orientation, facts.error or ""


def write_dataset(
    source: Source,
    placed: Sequence[Placed],
    folder: ConvertedFolder,
    places: ImagePlaces,
    task: str,
    copy: bool,
    progress: Callable[[int, int], object],
    conversion: Conversion,
) -> None:
    """Write the dataset under its name in one step; what ends the process before leaves nothing of that name.

    Args:
        source: The source.
        placed: Its images with their files.
        folder: Where; nothing, or an empty folder.
        places: Where the images lie.
        task: What the labels are for.
        copy: Copy images instead of linking them.
        progress: Told how many images were written, of how many.
        conversion: Takes the counts.

    Raises:
        InputError: It cannot be written.
    """
    index = {name: place for place, name in enumerate(source.names)}
    splits = [item.image.split or "train" for item in placed]
    keys, renamed = keys_for([(split, places.key(item.file)) for split, item in zip(splits, placed, strict=True)])
    conversion.folders = len({PurePosixPath(key).parent for key in keys})
    if renamed:
        conversion.notes.append(f"{counted(renamed, 'image')} renamed: another one has the name, but for the suffix")
    for group in class_names_alike(source.names):
        conversion.notes.append(f"classes that are spelled alike stay apart: {', '.join(group)}")
    try:
        remove_temporaries(folder.path.parent, ABANDONED_SECONDS, folder.path.name)
        with new_folder(folder.path) as hidden:
            new = ConvertedFolder(hidden)
            for split in SPLITS[
                :2
            ]:  # a split without images is a folder without: the check says so, and `split` fills it
                new.images(split).mkdir(parents=True)
            for done, (item, split, key) in enumerate(zip(placed, splits, keys, strict=True), 1):
                rows = rows_of(item.image, item.frame, task, index, conversion.left_out, conversion.changed)
                target, text = new.images(split) / key, new.labels(split) / Path(key).with_suffix(".txt")
                if copy:
                    copy_any(item.file, target)
                how = "copied" if copy else link_file(item.file, target, passing=item.passing)
                conversion.placing["unpacked" if item.passing else how] += 1
                text.parent.mkdir(parents=True, exist_ok=True)
                text.write_text("".join(f"{row}\n" for row in rows), encoding="utf-8", newline="\n")
                conversion.images[split] += 1
                counts = conversion.labels.setdefault(split, Counter())
                counts.update(source.names[int(row.split(maxsplit=1)[0])] for row in rows)
                progress(done, len(placed))
            new.data.write_text(data_yaml(source, task, conversion.images), encoding="utf-8", newline="\n")
            write_json(new.report, conversion.to_json(), VERSION)
    except OSError as error:
        remedy = "make room, or choose another folder with out=…"
        raise InputError(
            Problem(str(folder.path), f"cannot be written ({error.strerror or error})", remedy=remedy)
        ) from None


def data_yaml(source: Source, task: str, images: Counter[str]) -> str:
    """Return the text of the data.yaml: without `path`, so that the folder can be moved."""
    content: dict[str, Any] = {split: f"images/{split}" for split in SPLITS if split != "test" or images[split]}
    if task == "pose":
        points = max(
            (len(label.keypoints) for image in source.images for label in image.labels if label.keypoints is not None),
            default=0,
        )
        names = source.keypoints if len(source.keypoints) == points else tuple(map(str, range(points)))
        content |= {"kpt_shape": [points, 3], "flip_idx": flipped_order(names)}
        if source.keypoints:
            content["kpt_names"] = {place: list(names) for place in range(len(source.names))}
    content["names"] = dict(enumerate(source.names))
    head = f"# Written by yololab convert from {source.format}; what was left out or changed: conversion.json\n"
    return head + yaml.safe_dump(content, sort_keys=False, allow_unicode=True)
