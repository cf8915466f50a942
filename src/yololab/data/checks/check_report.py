"""What a dataset check found: counts, findings, distribution, and the hashes of the files."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from itertools import groupby
from pathlib import Path
from typing import Any, TypedDict

from yololab.data.dataset.layout import Dataset, relative_key
from yololab.data.identity.fingerprint import fingerprint_of
from yololab.data.identity.manifest import DIGITS, Manifest
from yololab.data.labels.distribution import Distribution, imbalance
from yololab.data.labels.label_source import LabelSource
from yololab.data.labels.map_distribution import MapDistribution
from yololab.data.problems import DataProblem, Severity
from yololab.findings import CHECKS

EXAMPLES = 3
# Rough weight of a severity for sorting.
_ORDER = {Severity.BLOCKING: 0, Severity.WARNING: 1, Severity.NOTE: 2}


class DatasetReport(TypedDict, total=False):
    """dataset_report.json, as far as it is read again."""

    dataset: str
    names: dict[str, str]
    task: str
    unit: str
    splits: dict[str, dict[str, Any]]
    distribution: dict[str, dict[str, Any] | float | int]
    problems: list[dict[str, Any]]
    summary: list[dict[str, Any]]
    fingerprint: dict[str, str] | None


@dataclass(frozen=True)
class CheckSettings:
    """How deep the check looks, and how it rates.

    Attributes:
        decode: Decode every pixel instead of reading headers only.
        near_duplicates: Look for images of one split that look like one of another.
        near_duplicate_distance: Bits of two perceptual hashes, of 256, that may differ.
        small_object_pixels: Side below which an object counts as small, px at `imgsz`.
        imgsz: The training's image size, px.
        workers: Processes; None for the cores that the process may use.
        severity: Check → blocking, warning, note or off, for what is rated anew.
        cache: Our cache folder; None caches nothing between two checks.
    """

    decode: bool = False
    near_duplicates: bool = True
    near_duplicate_distance: int = 32
    small_object_pixels: float = 8.0
    imgsz: int = 640
    workers: int | None = None
    severity: Mapping[str, str | None] = field(default_factory=dict)
    cache: Path | None = None


@dataclass(frozen=True)
class ClassCounts:
    """How often a class occurs in a split.

    Attributes:
        instances: Objects of the class; images or pixels where the task counts those.
        images: Images with at least one.
    """

    instances: int = 0
    images: int = 0


@dataclass(frozen=True)
class SplitCounts:
    """What a split holds; `images = labelled + backgrounds + dropped`.

    Attributes:
        images: Images that are listed.
        labelled: Images with at least one instance.
        backgrounds: Images without a label file, or with an empty one; masks and depth maps without a pixel to learn.
        dropped: Images that Ultralytics would leave out because of their labels, or that are not there.
        instances: Objects, images or pixels that Ultralytics would train on (repeated rows count once).
        per_class: The same for each class, by index, classes that do not occur included.
    """

    images: int
    labelled: int
    backgrounds: int
    dropped: int
    instances: int
    per_class: dict[int, ClassCounts]


@dataclass(frozen=True, slots=True)
class CheckedFile:
    """An image that was looked at.

    Attributes:
        image: The image.
        digest: SHA-256 of its bytes; empty when it cannot be read.
        label_digest: Digest of its labels.
        hash: Its perceptual hash; None when it has none.
    """

    image: Path
    digest: bytes
    label_digest: bytes
    hash: bytes | None = None


@dataclass(frozen=True)
class CheckReport:
    """The result of a dataset check.

    Attributes:
        dataset: The dataset.
        task: The task that the labels were checked for.
        splits: Counts of each split that was checked.
        problems: Everything that was found, as it is rated.
        distributions: How the objects of each split are distributed.
        maps: How the pixels of its masks or depth maps are.
        labels: The labels, as they were checked.
        files: The images of each split, with their hashes.
        cached: Images that were known from an earlier check.
        seconds: What the parts of the check took: `files`, `near_duplicates`.
        settings: How deep it looked.
    """

    dataset: Dataset
    task: str
    splits: dict[str, SplitCounts]
    problems: tuple[DataProblem, ...]
    distributions: dict[str, Distribution]
    maps: dict[str, MapDistribution]
    labels: LabelSource = field(repr=False)
    files: dict[str, list[CheckedFile]] = field(repr=False)
    cached: int
    seconds: dict[str, float]
    settings: CheckSettings

    @property
    def unit(self) -> str:
        """What classes are counted in: objects, images, pixels."""
        return self.labels.unit

    @property
    def blocking(self) -> list[DataProblem]:
        """The findings that training should not start with."""
        return [problem for problem in self.problems if problem.blocking]

    @property
    def warnings(self) -> list[DataProblem]:
        """The findings that somebody should look at before a training."""
        return [problem for problem in self.problems if problem.severity is Severity.WARNING]

    def fingerprints(self, single_cls: bool = False, classes: Sequence[int] | None = None) -> dict[str, str]:
        """Return the content hash of each split with images, see `fingerprint_split`.

        Args:
            single_cls: All classes count as one.
            classes: Only these classes count; None for all.
        """
        return {
            split: fingerprint_of(
                self.dataset,
                [file.image for file in files],
                [file.label_digest + file.digest for file in files],
                self.labels.header(),
                single_cls,
                classes,
            )
            for split, files in self.files.items()
            if files
        }

    def manifest(self) -> Manifest:
        """Return the files of each split with their hashes."""
        return {
            split: {
                relative_key(self.dataset, file.image): (file.digest.hex()[:DIGITS], file.label_digest.hex()[:DIGITS])
                for file in files
            }
            for split, files in self.files.items()
        }

    def summary(self) -> list[dict[str, Any]]:
        """Return each kind of finding with its number and examples: blocking ones first, then by number."""
        groups = ((kind, list(group)) for kind, group in groupby(sorted(self.problems, key=_kind), key=_kind))
        return [
            {
                "check": check,
                "severity": severity,
                "count": len(group),
                "description": CHECKS.get(check, "found by a check of another package"),
                "remedy": group[0].remedy,
                "examples": [{"file": str(p.file), "line": p.line, "what": p.what} for p in group[:EXAMPLES]],
            }
            for (severity, check), group in sorted(groups, key=lambda item: (_ORDER[item[0][0]], -len(item[1])))
        ]

    def to_json(self) -> dict[str, Any]:
        """Return the content of dataset_report.json."""
        instances = {split: instances_of(counts) for split, counts in self.splits.items()}
        return {
            "dataset": str(self.dataset.yaml),
            "names": self.dataset.names,
            "task": self.task,
            "unit": self.unit,
            "splits": {split: asdict(counts) for split, counts in self.splits.items()},
            "distribution": {
                "imgsz": self.settings.imgsz,
                "small_object_pixels": self.settings.small_object_pixels,
                "splits": {
                    split: found.to_json() | {"maps": self.maps[split].to_json()}
                    for split, found in self.distributions.items()
                },
                "imbalance": {split: imbalance(self.dataset.names, found) for split, found in instances.items()},
            },
            # asdict would copy each path
            "problems": [{name: getattr(item, name) for name in DataProblem.__slots__} for item in self.problems],
            "summary": self.summary(),
            "files": {"images": sum(map(len, self.files.values())), "from_cache": self.cached},
            "seconds": {name: round(seconds, 3) for name, seconds in self.seconds.items()},
        }


def _kind(problem: DataProblem) -> tuple[Severity, str]:
    return problem.severity, problem.check


def instances_of(counts: SplitCounts) -> dict[int, int]:
    """Return how much there is of each class."""
    return {index: found.instances for index, found in counts.per_class.items()}
