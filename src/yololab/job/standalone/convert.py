"""Labels of another program as a YOLO dataset, checked: what `yololab convert` does."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import astuple, dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from yololab.config.schema import ExperimentConfig
from yololab.config.settings import setting
from yololab.data.checks.check_report import CheckReport, instances_of
from yololab.data.checks.dataset_check import check_dataset
from yololab.data.conversion.labelled import Source
from yololab.data.conversion.sources.archives import is_archive, unpack
from yololab.data.conversion.sources.frames import match_frames
from yololab.data.conversion.sources.places import ImagePlaces
from yololab.data.conversion.sources.recognise import Options, read_source
from yololab.data.conversion.yolo.scratch import Scratch, scratch_beside
from yololab.data.conversion.yolo.writing import VERSION, Conversion, place_images, write_dataset
from yololab.data.dataset.data_yaml import find_data_yaml, read_data_yaml
from yololab.data.dataset.layout import load_dataset
from yololab.errors import InputError, JobError, Problem
from yololab.files.json_files import write_json
from yololab.files.paths import ConvertedFolder
from yololab.job.prepare import project_paths
from yololab.job.stages.check import check_settings, show_findings
from yololab.terminal.screen import Screen, shown_path
from yololab.text import counted, first_of

_SHOWN = 12  # classes
_LEAKS = ("leak_same", "leak_similar")  # findings between splits


class Format(StrEnum):
    """The format of a source."""

    AUTO = "auto"
    COCO = "coco"
    VOC = "voc"
    CVAT = "cvat"
    LABELME = "labelme"
    CSV = "csv"


class LabelTask(StrEnum):
    """What labels are for."""

    DETECT = "detect"
    SEGMENT = "segment"
    POSE = "pose"
    OBB = "obb"


class Placing(StrEnum):
    """How images get into the dataset."""

    LINK = "link"
    COPY = "copy"


class Missing(StrEnum):
    """What is done about images that are not there."""

    STOP = "stop"
    SKIP = "skip"


class Difficult(StrEnum):
    """What is done about objects that VOC marks as difficult."""

    DROP = "drop"
    KEEP = "keep"


@dataclass
class ConvertSettings:
    """How a source is converted.

    Attributes:
        out: The folder of the new dataset.
        format: The format of the source.
        task: What the labels are for.
        images: Whether images are linked or copied.
        image_folder: Where images are sought; empty for below and beside the source.
        missing: What is done about images that are not there.
        difficult: What is done about difficult objects.
        names: A data.yaml whose classes, in their order, the new dataset has; empty for those of the source.
    """

    out: str = setting("")
    format: Format = setting(Format.AUTO)
    task: LabelTask = setting(LabelTask.DETECT)
    images: Placing = setting(Placing.LINK)
    image_folder: str = setting("")
    missing: Missing = setting(Missing.STOP)
    difficult: Difficult = setting(Difficult.DROP)
    names: str = setting("")


def convert_labels(
    source: Path, settings: ConvertSettings, config: ExperimentConfig, working_directory: Path, screen: Screen
) -> tuple[Conversion, CheckReport]:
    """Convert labels, and check the dataset that comes of it.

    Args:
        source: A file of labels, or a folder with some.
        settings: How.
        config: Where our cache lies, and how deep a check looks.
        working_directory: Where relative paths start.
        screen: Where to print.

    Returns:
        What was written, and what the check found.

    Raises:
        InputError: Everything that is wrong with the source; nothing was written then.
        JobError: The check counts other labels than were written.
    """
    folder, image_folder = _folders(settings, working_directory)
    with scratch_beside(folder.path) as scratch:
        if source.is_file() and is_archive(source):
            with screen.working("convert", f"unpacking {source.name}"):
                unpack(source, place := _made(scratch.folder / "source"))
            with _called(f"{place}/", f"{source}, "), _called(str(place), str(source)):
                conversion = _convert(place, folder, image_folder, settings, working_directory, scratch, screen)
            for tally in (conversion.left_out, conversion.changed):
                tally.call_places(f"{place}/", f"{source}, ")
        else:
            conversion = _convert(source, folder, image_folder, settings, working_directory, scratch, screen)
    show_conversion(screen, conversion)
    report = _checked(conversion, config, working_directory, screen)
    show_findings(screen, folder.path.name, report)
    seen = _counts(report)
    content = conversion.to_json() | {"check": {"labels": seen, "findings": report.summary()}}
    write_json(folder.report, content, VERSION)
    screen.place("dataset", folder.data)
    screen.place("report", folder.report)
    if not report.blocking and seen != {split: counts for split, counts in _written(conversion).items() if counts}:
        raise JobError(f"{folder.path}: the check counts {seen}, but {_written(conversion)} was written: do not use it")
    _say_what_is_next(screen, conversion, report)
    return conversion, report


def _convert(
    source: Path,
    folder: ConvertedFolder,
    image_folder: Path | None,
    settings: ConvertSettings,
    working_directory: Path,
    scratch: Scratch,
    screen: Screen,
) -> Conversion:
    """Read the labels of a file or a folder, find the images, and write the dataset."""
    task = settings.task.value
    wanted = "" if settings.format is Format.AUTO else settings.format.value
    with screen.working("convert", "reading labels"):
        found = read_source(source, Options(wanted, task, settings.difficult is Difficult.KEEP))
    screen.stage("convert", found.understood)
    if settings.names:
        _take_names(found, working_directory / Path(settings.names).expanduser())
    _refuse_without_labels(source, found, task)
    conversion = Conversion(folder, found, task, left_out=found.left_out, notes=list(found.notes))
    if image_folder is not None:
        for image in found.images:
            image.folder = image_folder
    root = source if source.is_dir() else source.parent
    places = ImagePlaces([image_folder] if image_folder else [root, *{image.folder: None for image in found.images}])
    if found.frames:
        conversion.notes += match_frames(found.images, places)
    with screen.counting("convert", "images", "looking for images") as progress:
        skip = settings.missing is Missing.SKIP
        placed = place_images(found, places, skip, scratch, conversion.left_out, conversion.changed, progress)
    with screen.counting("convert", "images", "writing") as progress:
        copy = settings.images is Placing.COPY
        write_dataset(found, placed, folder, places, task, copy, progress, conversion)
    return conversion


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder


@contextmanager
def _called(before: str, after: str) -> Iterator[None]:
    """Have a mistake call a folder by another name: that of the archive which was unpacked there."""
    try:
        yield
    except InputError as error:
        raise InputError(
            Problem(*(text.replace(before, after) for text in astuple(problem))) for problem in error.problems
        ) from None


def show_conversion(screen: Screen, conversion: Conversion) -> None:
    """Print what was written of each class, what was left out and what was changed."""
    content = conversion.to_json()
    splits = ", ".join(f"{split} {counted(number, 'image')}" for split, number in conversion.images.items())
    labels = content["labels"]
    screen.detail(f"{splits}; {labels['written']:,} of {counted(labels['source'], 'label')} written")
    classes = [f"{name} {found['written']:,}" for name, found in content["classes"].items()]
    screen.detail(f"classes: {first_of(classes, _SHOWN)}")
    for name, tally in (("left out", conversion.left_out), ("changed", conversion.changed)):
        for what, count in tally.counts.most_common():
            screen.detail(f"{name}: {count:,} × {what}: {first_of(tally.places[what], 1)}")
    if conversion.placing["pointed"]:
        screen.warn("images are symbolic links: they lie on another file system, and have to stay there (images=copy)")
    for note in conversion.notes:
        screen.warn(note)


def _folders(settings: ConvertSettings, working_directory: Path) -> tuple[ConvertedFolder, Path | None]:
    """Return the folder to write, and the one where images are sought.

    Raises:
        InputError: None is named, it holds something, or the other one is not there.
    """
    problems = []
    out = (working_directory / Path(settings.out).expanduser()).absolute()
    if not settings.out:
        problems.append(Problem("out", "missing", "out=DIR, a folder that is new or empty"))
    elif out.is_symlink() and not out.exists():
        problems.append(Problem("out", f"{out}: a link that leads nowhere", "a folder that is new or empty"))
    elif out.exists() and (not out.is_dir() or any(out.iterdir())):
        what = "holds something already" if out.is_dir() else "a file"
        problems.append(Problem("out", f"{out} {what}", "a folder that is new or empty", "choose another name"))
    images = (
        (working_directory / Path(settings.image_folder).expanduser()).absolute() if settings.image_folder else None
    )
    if images is not None and not images.is_dir():
        problems.append(Problem("image_folder", f"{images}: no such folder", "the folder with the images"))
    if problems:
        raise InputError(problems)
    return ConvertedFolder(out), images


def _take_names(found: Source, file: Path) -> None:
    """Give a source the classes of a dataset, so that an index means the same in both.

    Raises:
        InputError: The file cannot be read, or lacks a class of the source.
    """
    names = tuple(read_data_yaml(find_data_yaml(file)).names.values())
    missing = sorted({label.name for image in found.images for label in image.labels} - set(names))
    if missing:
        what = f"{counted(len(missing), 'class', 'classes')} of the source not in {file}: {first_of(missing, _SHOWN)}"
        raise InputError(
            Problem("names", what, first_of(names, _SHOWN), "rename them in the source, or add them there")
        )
    found.names = names


def _refuse_without_labels(source: Path, found: Source, task: str) -> None:
    """Stop where nothing can be learnt from what was read.

    Raises:
        InputError: There is no class, or no keypoints for a pose.
    """
    labels = [label for image in found.images for label in image.labels]
    if not found.names:
        raise InputError(Problem(str(source), f"{counted(len(found.images), 'image')} and no class", "labelled images"))
    if task != "pose":
        return
    counts: dict[int, list[str]] = {}
    for label in labels:
        if label.keypoints is not None:
            counts.setdefault(len(label.keypoints), []).append(label.where)
    allowed = "keypoints of COCO, or skeletons of CVAT"
    if not counts:
        raise InputError(
            Problem("task", f"pose, but {source} has no keypoints", allowed, "task=detect takes the boxes")
        )
    if len(counts) > 1:
        several = "; ".join(f"{count} in {first_of(where, 2)}" for count, where in sorted(counts.items()))
        raise InputError(
            Problem(
                str(source), f"objects of several numbers of keypoints: {several}", "the same number in all objects"
            )
        )


def _checked(conversion: Conversion, config: ExperimentConfig, working_directory: Path, screen: Screen) -> CheckReport:
    """Check what was written, those splits that have images."""
    dataset = load_dataset(conversion.folder.data)
    cache = project_paths(config, working_directory).cache
    settings = check_settings(config.check, config.train.imgsz, cache)
    with screen.counting("check", "images") as progress:
        return check_dataset(dataset, conversion.task, tuple(conversion.images), progress, settings=settings)


def _counts(report: CheckReport) -> dict[str, dict[str, int]]:
    """Return what the check has counted: split → class → labels, of those that there are."""
    names = report.dataset.names
    found = {
        split: {names[index]: count for index, count in instances_of(counts).items() if count}
        for split, counts in report.splits.items()
    }
    return {split: counts for split, counts in found.items() if counts}


def _written(conversion: Conversion) -> dict[str, dict[str, int]]:
    return {split: dict(+Counter(counts)) for split, counts in conversion.labels.items()}


def _say_what_is_next(screen: Screen, conversion: Conversion, report: CheckReport) -> None:
    """Print the command to go on with."""
    if report.blocking:
        screen.hint("mend that in the source, and convert again to another folder: nothing trains on this one")
        return
    data, folder = shown_path(conversion.folder.data), shown_path(conversion.folder.path)
    leaks = any(problem.check in _LEAKS for problem in report.problems)
    if {"train", "val"} <= conversion.images.keys() and not leaks:
        screen.hint(f"next: yololab estimate data={data}")
        return
    there = "alike in two splits" if leaks else f"in {first_of(conversion.images)}"
    together = " group=folder" if conversion.folders > 1 else ""
    screen.hint(f"images are {there}. Next: yololab split data={data} out={folder}_split ratios=0.8,0.2{together}")


def report_json(conversion: Conversion, report: CheckReport) -> dict[str, Any]:
    """Return what `yololab convert --json` prints."""
    content = conversion.to_json()
    return {
        "path": str(conversion.folder.path),
        "data": str(conversion.folder.data),
        "report": str(conversion.folder.report),
        **{key: content[key] for key in ("format", "understood", "task", "images", "classes", "labels")},
        **{key: content[key] for key in ("left_out", "changed", "notes")},
        "blocking": len(report.blocking),
        "warnings": len(report.warnings),
    }
