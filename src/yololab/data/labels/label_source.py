"""What the labels of a task are to the check: where they lie, what an image's are worth, and their hash."""

import os
import stat
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

from yololab.data.dataset.layout import Dataset
from yololab.data.images.image_cache import CachedMap, ImageEntry
from yololab.data.labels.label_rules import LabelVerdict
from yololab.data.problems import DataProblem, Severity, blocking
from yololab.errors import InputError, Problem
from yololab.files.reading import MOST_TEXT, read_bytes


class ImageLabels(NamedTuple):
    """What the labels of one image are.

    Attributes:
        labelled: Whether there are any, be it an empty file.
        digest: Their digest.
        amounts: How much there is of each class, in the unit of the source.
        verdict: The single objects; none where labels are not objects.
        problems: What was found.
        measures: Further sums, by name: pixels, metres.
        fresh: What is worth caching of the file, with its name, when it was not cached.
    """

    labelled: bool
    digest: bytes
    amounts: Mapping[int, int] = {}
    verdict: LabelVerdict = LabelVerdict(())
    problems: tuple[DataProblem, ...] = ()
    measures: Mapping[str, float] = {}
    fresh: tuple[str, tuple[str, CachedMap]] | None = None


class Missing(NamedTuple):
    """What an image without labels means.

    Attributes:
        check: The finding's name.
        what: The finding.
        severity: Blocking when Ultralytics leaves the image out.
        remedy: What to do; `{file}` is where labels are looked for, `{name}` its name.
    """

    check: str
    what: str
    severity: Severity
    remedy: str


class LabelSource(ABC):
    """The labels of one dataset for one task.

    Attributes:
        unit: What amounts are counted in: objects, images, pixels.
        suffixes: Suffixes of label files; empty where there are none.
        missing: What an image without labels means.
        are_images: Whether labels are images, worth caching between two checks.
    """

    unit: ClassVar[str]
    suffixes: ClassVar[frozenset[str]]
    missing: ClassVar[Missing]
    are_images: ClassVar[bool] = False

    @abstractmethod
    def file(self, image: Path) -> Path:
        """Return where the labels of an image lie; for class folders the folder."""

    def file_name(self, image: str) -> str:
        """Return the same of an image's name."""
        return str(self.file(Path(image)))

    @abstractmethod
    def read(self, image: Path, entry: ImageEntry | None, cached: tuple[str, CachedMap] | None) -> ImageLabels:
        """Read and check the labels of an image.

        Args:
            image: The image.
            entry: What is known of it; None when it cannot be read.
            cached: What an earlier check found in the label file; the stamp decides whether it counts.
        """

    @abstractmethod
    def digest(self, image: Path) -> bytes:
        """Return the digest of an image's labels.

        Raises:
            InputError: They are there and cannot be read.
        """

    def of_dataset(self, dataset: Dataset, images: Mapping[str, Sequence[tuple[Path, bytes]]]) -> Iterable[DataProblem]:
        """Find what is wrong with the labels of the dataset as a whole; nothing where each image stands for itself.

        Args:
            dataset: The dataset.
            images: The readable images of each split, with the SHA-256 of their bytes.
        """
        del dataset, images
        return ()

    def header(self) -> dict[str, Any]:
        """Return what else changes the labels that a model is given; enters the fingerprint."""
        return {}


def label_status(file: Path) -> os.stat_result | None:
    """Return the status of a label file; None for none, or for a folder of its name, which Ultralytics passes over.

    Raises:
        InputError: It cannot be looked at.
    """
    try:
        status = file.stat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise InputError(Problem(str(file), f"cannot be read ({error.strerror})", "a label file")) from None
    return None if stat.S_ISDIR(status.st_mode) else status


def read_label(file: Path, most: int = MOST_TEXT) -> bytes | None:
    """Return the bytes of a label file; None where `label_status` is.

    Raises:
        InputError: It is there and cannot be read, is too large, or no regular file.
    """
    return None if label_status(file) is None else read_bytes(file, most)


def unreadable_label(file: Path, error: InputError) -> DataProblem:
    """Return the finding for a label file that `read_label` does not take."""
    remedy = "it counts as no label, or the whole image is left out: mend its permissions, or write it anew"
    return blocking("label_unreadable", file, error.problems[0].found, remedy)
