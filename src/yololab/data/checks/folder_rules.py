"""The rules of a split's folders and lists: one function a rule; files are looked at, never changed."""

import os
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from yololab.data.dataset.folder_walk import entries_below
from yololab.data.dataset.image_names import IMAGE_SUFFIXES, is_image_name
from yololab.data.dataset.layout import Dataset, missing_splits, passed_over
from yololab.data.problems import DataProblem, Severity, blocking, warning

IGNORED_SUFFIXES = frozenset({".txt", ".cache", ".npy"})  # labels have their own rule; the others Ultralytics writes
IGNORED_LABELS = frozenset({"classes.txt"})  # labelling tools leave it beside the labels


def missing_folders(dataset: Dataset, split: str, severity: Severity) -> Iterator[DataProblem]:
    """Find folders and lists of a split that are not there."""
    for problem in missing_splits(dataset, (split,)):
        yield DataProblem("missing_split", dataset.yaml, None, f"{split}: {problem.found}", severity, problem.remedy)


def empty_split(dataset: Dataset, split: str, images: Sequence[Path], severity: Severity) -> Iterator[DataProblem]:
    """Find a split without a single image."""
    if not images:
        suffixes = ", ".join(sorted(IMAGE_SUFFIXES))
        remedy = f"put images there (one of {suffixes}) or mend the key {split!r} of {dataset.yaml.name}"
        yield DataProblem("empty_split", dataset.splits[split][0], None, f"{split}: no images", severity, remedy)


def repeated_images(split: str, images: Sequence[Path]) -> Iterator[DataProblem]:
    """Find images that a split lists more than once: they would weigh more than the others."""
    counted = Counter(os.path.normpath(image) for image in images)
    repeated = [name for name, count in counted.items() if count > 1]
    if repeated:
        times = counted[repeated[0]]
        what = f"{split}: {len(repeated)} image(s) listed more than once, this one {times} times"
        remedy = "list each image once, and no folder inside another one"
        yield warning("repeated_image", Path(repeated[0]), what, remedy)


def wrong_suffixes(sources: Iterable[Path]) -> Iterator[DataProblem]:
    """Find files in image folders that Ultralytics does not take for images; one finding a folder and suffix."""
    remedy = "Ultralytics does not read them: convert them to jpg or png, or move them out of the folder"
    for source in filter(Path.is_dir, sources):
        others: dict[tuple[str, str], list[str]] = defaultdict(list)
        image_folders = {str(source)}
        for entry, _ in entries_below(source):
            folder, name = os.path.split(entry)
            if is_image_name(name):
                image_folders.add(folder)
            elif (suffix := Path(name).suffix.lower()) not in IGNORED_SUFFIXES:
                others[folder, suffix].append(name)
        for (folder, suffix), names in sorted(others.items()):
            files = [name for name in sorted(names) if folder in image_folders and (Path(folder) / name).is_file()]
            kind = f"of type {suffix}" if suffix else "without suffix"
            if files:
                what = f"{len(files)} file(s) {kind}, the first: {files[0]}"
                yield warning("wrong_suffix", Path(folder), what, remedy)


def passed_over_lines(sources: Iterable[Path]) -> Iterator[DataProblem]:
    """Find lines of lists that Ultralytics takes for no image, and leaves out silently; one finding a list."""
    remedy = "Ultralytics leaves them out: write one path a line, with nothing behind the suffix, not even a blank"
    for source in filter(Path.is_file, sources):
        lines = passed_over(source)
        if lines:
            number, line = lines[0]
            what = f"{len(lines)} line(s) that name no image, the first: {line[:80]!r}"
            yield blocking("list_line", source, what, remedy, number)


def orphan_labels(
    sources: Sequence[Path], images: Sequence[Path], place: Callable[[str], str], suffixes: frozenset[str]
) -> Iterator[DataProblem]:
    """Find label files that belong to no image.

    Looked through are the folders where labels of the images lie, and everything below a folder of labels.

    Args:
        sources: Folders and lists of all splits.
        images: The images of all splits.
        place: Returns where the labels of an image lie, name for name.
        suffixes: Suffixes of label files.
    """
    expected: set[str] = set()
    image_folders: dict[str, set[str]] = defaultdict(set)
    names = [str(image) for image in images]
    for image in names:
        label = place(image)
        expected.add(label)
        image_folders[label.rpartition(os.sep)[0]].add(image.rpartition(os.sep)[0])
    expected.update(names, map(str, sources))
    remedy = "add the image, or delete the file; names must agree up to the suffix"
    for candidate in sorted(_label_files(sources, image_folders, place, tuple(suffixes)) - expected):
        folder, name = os.path.split(candidate)
        # an image that no list names is still there: its label is none too many
        if name not in IGNORED_LABELS and not _has_image(image_folders.get(folder, ()), name.rpartition(".")[0]):
            yield warning("orphan_label", Path(candidate), "a label file without an image", remedy)


def _label_files(
    sources: Iterable[Path], label_folders: Iterable[str], place: Callable[[str], str], endings: tuple[str, ...]
) -> set[str]:
    found: set[str] = set()
    for source in sources:
        below = Path(place(str(source / "any.jpg"))).parent
        if below != source and below.is_dir():
            found.update(entry for entry, _ in entries_below(below) if entry.endswith(endings))
    for folder in filter(os.path.isdir, label_folders):
        listed = os.listdir(folder)  # noqa: PTH208 (here and above: pathlib takes ten times as long)
        found.update(f"{folder}{os.sep}{name}" for name in listed if name.endswith(endings) and name[0] != ".")
    return found


def _has_image(folders: Iterable[str], stem: str) -> bool:
    suffixes = IMAGE_SUFFIXES | {suffix.upper() for suffix in IMAGE_SUFFIXES}
    return any((Path(folder) / f"{stem}.{suffix}").exists() for folder in folders for suffix in suffixes)
