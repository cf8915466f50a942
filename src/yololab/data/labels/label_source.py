"""What the labels of a task are to the check: where they lie, what an image's are worth, and their hash."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from yololab.data.dataset.layout import Dataset
from yololab.data.images.image_cache import CachedMap, ImageEntry
from yololab.data.labels.label_rules import LabelVerdict
from yololab.data.problems import DataProblem, Severity

NOTHING = LabelVerdict(())
_NO_AMOUNTS: Mapping[int, int] = {}
_NO_MEASURES: Mapping[str, float] = {}


class ImageLabels(NamedTuple):
    """What the labels of one image are.

    Attributes:
        labelled: Whether there are any, be it an empty file.
        digest: Their digest.
        amounts: How much there is of each class, in the unit of the source.
        verdict: The single objects; none where labels are not objects.
        problems: What was found.
        measures: Further sums, by name: pixels, metres.
        fresh: What is worth keeping of the file, with its stamp, when it was not known.
    """

    labelled: bool
    digest: bytes
    amounts: Mapping[int, int] = _NO_AMOUNTS
    verdict: LabelVerdict = NOTHING
    problems: tuple[DataProblem, ...] = ()
    measures: Mapping[str, float] = _NO_MEASURES
    fresh: tuple[str, CachedMap] | None = None


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


class LabelSource(Protocol):
    """The labels of one dataset for one task.

    Attributes:
        unit: What amounts are counted in: objects, images, pixels.
        suffixes: Suffixes of label files; empty where there are none.
        missing: What an image without labels means.
        reads_maps: Whether labels are images, worth remembering between two checks.
    """

    @property
    def unit(self) -> str:
        """What amounts are counted in."""

    @property
    def suffixes(self) -> frozenset[str]:
        """Suffixes of label files."""

    @property
    def missing(self) -> Missing:
        """What an image without labels means."""

    @property
    def reads_maps(self) -> bool:
        """Whether labels are images, worth remembering between two checks."""

    def file(self, image: Path) -> Path:
        """Return where the labels of an image lie; for class folders the folder."""

    def look(self, image: Path, entry: ImageEntry | None, known: CachedMap | None) -> ImageLabels:
        """Look at the labels of an image.

        Args:
            image: The image.
            entry: What is known of it; None when it cannot be read.
            known: What is known of the label file from an earlier check; the stamp decides whether it counts.
        """

    def digest(self, image: Path) -> bytes:
        """Return the digest of an image's labels.

        Raises:
            InputError: They are there and cannot be read.
        """

    def of_dataset(self, dataset: Dataset, images: Mapping[str, Sequence[tuple[Path, bytes]]]) -> Iterator[DataProblem]:
        """Find what is wrong with the labels of the dataset as a whole.

        Args:
            dataset: The dataset.
            images: The readable images of each split, with the SHA-256 of their bytes.
        """

    def header(self) -> dict[str, Any]:
        """Return what else changes the labels that a model is given; enters the fingerprint."""
