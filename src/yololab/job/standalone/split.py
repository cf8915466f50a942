"""Splitting a dataset into training, validation and test, or into folds: what `yololab split` does."""

import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from yololab.comparison.groups import ALIKE, SETTING, units_of
from yololab.config.hydra.compose import Composed
from yololab.config.schema import ExperimentConfig
from yololab.data.checks.alike import MOST_IMAGES, groups_of
from yololab.data.checks.scan import ScannedImage, scan
from yololab.data.checks.suitability import likely_task, unsuitable_dataset
from yololab.data.dataset.class_folders import class_folders, loose_images
from yololab.data.dataset.image_names import image_key
from yololab.data.dataset.layout import Dataset, missing_splits, split_images
from yololab.data.images.image_cache import scan_index
from yololab.data.labels.task_labels import label_source
from yololab.data.splits.class_links import write_class_folders
from yololab.data.splits.lists import list_problems, write_lists
from yololab.data.splits.outcome import Member, SplitOutcome, grouped, outcome_of
from yololab.data.splits.settings import SplitSettings
from yololab.data.splits.stratify import share_out
from yololab.errors import InputError, Problem
from yololab.files.atomic import new_folder
from yololab.files.json_files import write_json
from yololab.files.paths import SplitFolder
from yololab.job.prepare import prepare_dataset, project_paths
from yololab.job.stages.check import check_settings
from yololab.terminal.screen import Screen
from yololab.text import count, counted, first_of, number, share

SPLIT_VERSION = 1
_MOST_CLASSES = 20  # on a screen; split.json has them all
_TEST = "test"


@dataclass(frozen=True)
class SplitResult:
    """A split that was written.

    Attributes:
        folder: Where.
        data: What `data=` takes: the data.yaml, or the folder of a classification dataset.
        content: What split.json holds.
    """

    folder: SplitFolder
    data: Path
    content: Mapping[str, Any]


def split_data(
    composed: Composed, settings: SplitSettings, task: str | None, working_directory: Path, screen: Screen
) -> SplitResult:
    """Split a dataset; lists of images and a data.yaml are written to a new folder, images and labels stay.

    Of a classification dataset, of which Ultralytics reads no lists, folders of links are written.

    Args:
        composed: The dataset, the seed, and what the check reads of the other settings.
        settings: What is asked for.
        task: The task that is named; None for the one that the dataset looks like.
        working_directory: Where relative paths start.
        screen: Where to print.

    Raises:
        InputError: The dataset cannot be read or listed, a group is missing, or the folder holds something already.
    """
    config, paths = composed.experiment, project_paths(composed.experiment, working_directory)
    place = _place_of(settings.out, working_directory)
    dataset, name = prepare_dataset(config, paths, composed.data_option, ("train",), task, required=("train",))
    if dataset.folders and place.is_relative_to(dataset.root):
        found = f"{place} lies within the dataset, where its folders would count as classes or splits"
        raise InputError(Problem("out", found, f"a folder beside {dataset.root.name}"))
    if dataset.folders:
        dataset = _with_all_classes(dataset, screen)
    task = task or likely_task(dataset)
    if problems := unsuitable_dataset(dataset, task):
        raise InputError(problems)
    taken, kept = _images_of(dataset, settings)
    if not dataset.folders and (problems := list_problems([*taken.values(), *kept.values()], place)):
        raise InputError(problems)
    scanned = _scanned(config, dataset, task, list(taken.values()), paths.cache, screen)
    alike = _alike(config, list(taken), scanned, screen)
    groups = _groups(list(taken), settings.group, working_directory, alike)
    amounts = [item.labels.amounts for item in scanned]
    members = [Member(key, group, held) for key, group, held in zip(taken, groups, amounts, strict=True)]
    wanted = settings.shares
    _refuse_few(len(set(groups)), len(members), len(wanted), settings.group)
    part_of = share_out(grouped(members), list(wanted.values()), config.train.seed)
    outcome = outcome_of(members, part_of, wanted, dataset.names)
    names = list(wanted)
    parts: dict[str, list[Path]] = {part: [] for part in names}
    for member in sorted(members, key=lambda item: item.key):
        parts[names[part_of[member.group]]].append(taken[member.key])
    if kept:
        parts[_TEST] = [kept[key] for key in sorted(kept)]
    joined = len(set(_groups(list(taken), settings.group, working_directory, ()))) - len(set(groups))
    content = {
        "data": str(dataset.yaml),
        "task": task,
        "seed": config.train.seed,
        "group": settings.group or (ALIKE if alike else None),
        "groups": len(set(groups)),
        "joined": joined,
        "kept": {_TEST: len(kept)} if kept else {},
        **outcome.to_json(),
    }

    ways: Counter[str] = Counter()
    with _filling(place) as folder:
        how = f"{settings.asked}, seed {config.train.seed}"
        note = f"{dataset.yaml.name} of {name}, split by yololab: {how}; {counted(len(members), 'image')}"
        if dataset.folders:
            ways = write_class_folders(folder.path, dataset, parts, folds=settings.folds is not None)
        else:
            write_lists(folder, place, dataset, parts, folds=settings.folds is not None, note=note)
        write_json(folder.summary, content, SPLIT_VERSION)
    _show(screen, name, settings, content, outcome, label_source(dataset, task).unit)
    if settings.keep is None and _TEST in dataset.splits:
        screen.hint("the images of the dataset's test split were shared out as well: keep=test leaves it as it is")
    made = SplitFolder(place)
    if ways["pointed"]:
        screen.warn("images are symbolic links: they lie on another file system, and have to stay there")
    data = place if dataset.folders else made.data
    screen.place("dataset" if dataset.folders else data.name, data)
    return SplitResult(made, data, content)


def _with_all_classes(dataset: Dataset, screen: Screen) -> Dataset:
    """Return a classification dataset with the classes of all its splits; say what is in none."""
    folders = [folder for sources in dataset.splits.values() for folder in sources if folder.is_dir()]
    if loose := [image for folder in folders for image in loose_images(folder)]:
        screen.warn(f"{counted(len(loose), 'image')} in no class folder, left out: {first_of(loose)}")
    names = sorted({name for folder in folders for name in class_folders(folder)})
    return replace(dataset, names=dict(enumerate(names)))


def _refuse_few(groups: int, images: int, parts: int, group: str | None) -> None:
    """Stop where there are fewer groups than parts.

    Raises:
        InputError: There are.
    """
    if groups >= parts:
        return
    remedy = "name smaller groups"
    if groups == images:
        remedy = f"fewer parts: folds={groups} at most" if groups > 1 else "more images"
    elif group in (None, ALIKE):
        remedy = "look for less likeness: check.near_duplicate_distance=8, or check.near_duplicates=false with group=…"
    found = f"{counted(groups, 'group')} of {counted(images, 'image')}"
    raise InputError(Problem("group", found, f"at least one for each of {parts} parts", remedy))


def _place_of(out: str, working_directory: Path) -> Path:
    """Return where the lists will lie, without links.

    Raises:
        InputError: Something is there already.
    """
    place = Path(os.path.realpath(working_directory / Path(out).expanduser()))
    if place.exists() and (not place.is_dir() or any(place.iterdir())):
        remedy = "name another folder, or remove this one: nothing is overwritten"
        raise InputError(Problem("out", f"{place} is there, and not empty", "a new or an empty folder", remedy))
    return place


@contextmanager
def _filling(place: Path) -> Iterator[SplitFolder]:
    """Yield the folder of a split to fill: it is there whole or not at all."""
    try:
        with new_folder(place) as folder:
            yield SplitFolder(folder)
    except OSError as error:
        raise InputError(Problem("out", f"{place} cannot be made ({error.strerror or error})", "a folder")) from None


def _images_of(dataset: Dataset, settings: SplitSettings) -> tuple[dict[str, Path], dict[str, Path]]:
    """Return the images to share out, and those of a split that stays as it is: key → file, each once, by key.

    Raises:
        InputError: There are none, or a split that is to stay has images that are in another one, too.
    """
    there = [split for split in dataset.splits if not missing_splits(dataset, (split,))]
    if not there:
        raise InputError(missing_splits(dataset, tuple(dataset.splits)))
    if settings.keep is not None and settings.keep not in there:
        raise InputError(Problem("keep", f"{settings.keep!r}", first_of(there, len(there))))
    found = {
        split: {image_key(str(image), dataset.root): image for image in split_images(dataset, split)} for split in there
    }
    kept = found.pop(settings.keep) if settings.keep else {}
    taken = {key: image for images in found.values() for key, image in images.items()}
    if both := sorted(taken.keys() & kept.keys()):
        what = f"{counted(len(both), 'image')} of it are in another split, too ({first_of(both)})"
        raise InputError(Problem("keep", f"{settings.keep!r}: {what}", "a split of its own", "leave keep= out"))
    if not taken:
        raise InputError(Problem(str(dataset.yaml), "no image", "folders or lists with images"))
    return {key: taken[key] for key in sorted(taken)}, kept


def _scanned(
    config: ExperimentConfig, dataset: Dataset, task: str, images: Sequence[Path], cache: Path, screen: Screen
) -> list[ScannedImage]:
    """Read images and labels, or take from the cache what is known of them."""
    settings = check_settings(config.check, config.train.imgsz, cache)
    labels = label_source(dataset, task, config.train.single_cls)
    with screen.counting("split", "images") as progress:
        found = [
            item
            for _, item in scan(
                images, labels, dataset.channels, settings, scan_index(cache), lambda done: progress(done, len(images))
            )
        ]
    faulty = sum(any(problem.blocking for problem in item.problems) for item in found)
    if faulty:
        screen.warn(f"{counted(faulty, 'image')} of the dataset cannot be trained on: `yololab check` says why")
    return found


def _alike(
    config: ExperimentConfig, keys: Sequence[str], scanned: Sequence[ScannedImage], screen: Screen
) -> list[list[str]]:
    """Return the images that belong together whatever the groups are: the same bytes, and those that look alike."""
    same: dict[bytes, list[str]] = {}
    hashed: list[tuple[str, bytes]] = []
    for key, item in zip(keys, scanned, strict=True):
        if item.entry is not None:
            same.setdefault(item.entry.digest, []).append(key)
            if item.entry.hash is not None:
                hashed.append((key, item.entry.hash))
    copies = [group for group in same.values() if len(group) > 1]
    if not config.check.near_duplicates:
        return copies
    if len(hashed) > MOST_IMAGES:
        screen.warn(f"{len(hashed):,} images are too many to look for those that look alike: name their groups")
        return copies
    found = groups_of([key for key, _ in hashed], [own for _, own in hashed], config.check.near_duplicate_distance)
    return copies + found


def _groups(
    keys: Sequence[str], group: str | None, working_directory: Path, together: Sequence[Sequence[str]]
) -> list[str]:
    """Return the name of each image's group: the first image of it; groups that share alike images are one.

    Raises:
        InputError: The grouping cannot be used, or an image has no group.
    """
    try:
        units = units_of(keys, None if group == ALIKE else group, working_directory)
    except InputError as error:
        renamed = (replace(item, where=item.where.replace(SETTING, "group")) for item in error.problems)
        raise InputError(renamed) from None
    first = list(range(len(keys)))

    def head(place: int) -> int:
        while first[place] != place:
            first[place] = first[first[place]]
            place = first[place]
        return place

    places = {key: place for place, key in enumerate(keys)}
    named = range(len(keys)) if units.place is None else units.place.tolist()
    heads: dict[int, int] = {}
    pairs = [(heads.setdefault(unit, place), place) for place, unit in enumerate(named)]
    pairs += [(places[item[0]], places[key]) for item in together for key in item[1:]]
    for one, other in pairs:
        low, high = sorted((head(one), head(other)))
        first[high] = low
    return [keys[head(place)] for place in range(len(keys))]


def _show(
    screen: Screen, name: str, settings: SplitSettings, content: Mapping[str, Any], outcome: SplitOutcome, unit: str
) -> None:
    """Print what came out."""
    total, groups = sum(part.images for part in outcome.parts), content["groups"]
    screen.stage("split", f"{name}: {counted(total, 'image')} in {counted(groups, 'group')}, {settings.asked}")
    if content["joined"] and settings.group not in (None, ALIKE):
        screen.detail(f"{counted(content['joined'], 'group')} fewer than named: images of several look alike")
    rows = [
        (part.name, count(part.images), share(part.share), *map(count, (part.groups, part.backgrounds, part.instances)))
        for part in outcome.parts
    ]
    rows += [(kept, count(images), "as it was", "", "", "") for kept, images in content["kept"].items()]
    screen.table(("", "images", "share", "groups", "background", unit), rows)
    shown = sorted(outcome.classes, key=lambda item: -(item.deviation or 0.0))[:_MOST_CLASSES]
    parts = [part.name for part in outcome.parts]
    classes = [
        (item.name, *(count(item.instances[part]) for part in parts), count(item.groups), share(item.deviation))
        for item in shown
    ]
    if classes:
        screen.table(("class", *parts, "groups", "off by"), classes)
    if len(outcome.classes) > len(shown):
        screen.detail(f"{counted(len(outcome.classes) - len(shown), 'class', 'classes')} more, less far off")
    if outcome.deviation is not None:
        screen.detail(f"the shares of the classes are off by {number(100 * outcome.deviation, 1)} points on average")
    for line in outcome.unsatisfied:
        screen.warn(line)
