"""The class of an image as its folder says."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from yololab.data.dataset.class_folders import class_folders, loose_images
from yololab.data.dataset.layout import Dataset
from yololab.data.images.image_cache import CachedMap, ImageEntry
from yololab.data.labels.label_source import ImageLabels, LabelSource, Missing
from yololab.data.problems import DataProblem, Severity, blocking, note, warning


@dataclass(frozen=True)
class ClassLabels(LabelSource):
    """The class folder of each image.

    Attributes:
        folders: The folders of the splits.
        indices: Index of each class by its name.
        single_cls: All classes count as one.
    """

    folders: tuple[Path, ...]
    indices: Mapping[str, int]
    single_cls: bool = False
    unit: ClassVar[str] = "images"
    suffixes: ClassVar[frozenset[str]] = frozenset()
    missing: ClassVar[Missing] = Missing("missing_label", "in no class folder", Severity.WARNING, "move it into one")

    def name(self, image: Path) -> str:
        """Return the name of an image's class."""
        split = next(folder for folder in self.folders if image.is_relative_to(folder))
        return image.relative_to(split).parts[0]

    def file(self, image: Path) -> Path:
        """Return the class folder of an image."""
        split = next(folder for folder in self.folders if image.is_relative_to(folder))
        return split / self.name(image)

    def read(self, image: Path, entry: ImageEntry | None, cached: tuple[str, CachedMap] | None) -> ImageLabels:
        """Name the class of an image."""
        del entry, cached  # the path says all
        index = self.indices.get(self.name(image))
        amounts = {} if index is None else {0 if self.single_cls else index: 1}
        return ImageLabels(True, self.digest(image), amounts)

    def digest(self, image: Path) -> bytes:
        """Return the digest of the name of an image's class."""
        return hashlib.sha256(self.name(image).encode("utf-8", "surrogateescape")).digest()

    def of_dataset(self, dataset: Dataset, images: Mapping[str, Sequence[tuple[Path, bytes]]]) -> Iterator[DataProblem]:
        """Find what is wrong with the folders, and images that are in two classes."""
        if dataset.splits["val"][0].name == "test":
            what = "no folder `val`: `test` takes its place, and nothing is left to test on"
            remedy = "the checkpoint is chosen on it, so its score there is a little too good: split off a `val`"
            yield note("class_no_val", dataset.root, what, remedy)
        for split, found in images.items():
            for folder in filter(Path.is_dir, dataset.splits[split]):
                yield from stray_images(split, folder)
                yield from wrong_class_folders(split, folder, self.indices, [image for image, _ in found])
        everything = (pair for found in images.values() for pair in found)
        yield from contradicting_classes((image, digest, self.name(image)) for image, digest in everything)


def stray_images(split: str, folder: Path) -> Iterator[DataProblem]:
    """Find images beside the class folders; one finding a split."""
    stray = loose_images(folder)
    if stray:
        what = f"{split}: {len(stray)} image(s) beside the class folders, this one first"
        remedy = "Ultralytics does not read them: move each into the folder of its class"
        yield warning("loose_image", stray[0], what, remedy)


def wrong_class_folders(
    split: str, folder: Path, names: Iterable[str], images: Sequence[Path]
) -> Iterator[DataProblem]:
    """Find folders of a split that are no class of the training split, and classes without an image in it.

    Args:
        split: The split.
        folder: Its folder.
        names: The classes, which are the folders of the training split.
        images: The images of the split.
    """
    known, filled = set(names), {image.relative_to(folder).parts[0] for image in images}
    for name in class_folders(folder):
        if name not in known and name in filled:
            what = f"{split}: images of {name!r}, which is no folder of the training split"
            remedy = "Ultralytics leaves these images out: add training images of the class, or remove the folder"
            yield blocking("class_unknown", folder / name, what, remedy)
        elif name in known and name not in filled and split == "train":
            what = "train: a class folder without images, and still a class of the model"
            yield warning("class_empty", folder / name, what, "fill it or remove it")


def contradicting_classes(labelled: Iterable[tuple[Path, bytes, str]]) -> Iterator[DataProblem]:
    """Find images whose very bytes are in the folders of two classes; one finding an image.

    Args:
        labelled: Each image with the SHA-256 of its bytes and the name of its class.
    """
    first: dict[bytes, tuple[Path, str]] = {}
    for image, digest, name in labelled:
        other, other_name = first.setdefault(digest, (image, name))
        if name != other_name:
            what = f"the same image as {other}, which is in {other_name!r}"
            yield warning("class_conflict", image, what, "leave it in one class")
