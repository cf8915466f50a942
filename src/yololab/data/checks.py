"""The dataset check: structure, images, labels, leakage between splits, and distribution; read only.

It lists the images, looks at every file once (`scan`), applies the rules, and counts what Ultralytics would train on.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from itertools import groupby
from pathlib import Path
from typing import Any

from yololab.data.data_yaml import REQUIRED_SPLITS
from yololab.data.distribution import Distribution, imbalance, rare_classes, small_objects, strong_imbalance
from yololab.data.fingerprint import fingerprint_of
from yololab.data.folder_rules import empty_split, missing_folders, orphan_labels, repeated_images, wrong_suffixes
from yololab.data.index import Dataset, label_path, relative_key, split_images
from yololab.data.label_rows import label_rules
from yololab.data.leakage import (
    Fingered,
    one_sided_classes,
    repeated_content,
    same_images,
    same_names,
    similar_images,
)
from yololab.data.manifest import DIGITS, Manifest
from yololab.data.problems import DataProblem, Severity
from yololab.data.scan import Look, ScanSettings, scan
from yololab.findings import CHECKS

EXAMPLES = 3
# Rough weight of a severity for sorting.
_ORDER = {Severity.BLOCKING: 0, Severity.WARNING: 1, Severity.NOTE: 2}


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
        cache: Our cache folder; None keeps nothing between two checks.
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
        instances: Objects of the class.
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
        backgrounds: Images without a label file, or with an empty one.
        dropped: Images that Ultralytics would leave out because of their labels, or that are not there.
        instances: Objects that Ultralytics would train on (repeated rows count once).
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
    """

    image: Path
    digest: bytes
    label_digest: bytes


@dataclass(frozen=True)
class CheckReport:
    """The result of a dataset check.

    Attributes:
        dataset: The dataset.
        task: The task that the labels were judged for.
        splits: Counts of each split that was checked.
        problems: Everything that was found, as it is rated.
        distributions: How the objects of each split are distributed.
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
    files: dict[str, list[CheckedFile]] = field(repr=False)
    cached: int
    seconds: dict[str, float]
    settings: CheckSettings

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
                "description": CHECKS[check],
                "remedy": group[0].remedy,
                "examples": [{"file": str(p.file), "line": p.line, "what": p.what} for p in group[:EXAMPLES]],
            }
            for (severity, check), group in sorted(groups, key=lambda item: (_ORDER[item[0][0]], -len(item[1])))
        ]

    def to_json(self) -> dict[str, Any]:
        """Return the content of dataset_report.json."""
        instances = {split: _instances(counts) for split, counts in self.splits.items()}
        return {
            "dataset": str(self.dataset.yaml),
            "names": self.dataset.names,
            "task": self.task,
            "splits": {split: asdict(counts) for split, counts in self.splits.items()},
            "distribution": {
                "imgsz": self.settings.imgsz,
                "small_object_pixels": self.settings.small_object_pixels,
                "splits": {split: found.to_json() for split, found in self.distributions.items()},
                "imbalance": {split: imbalance(self.dataset.names, found) for split, found in instances.items()},
            },
            "problems": [asdict(problem) for problem in self.problems],
            "summary": self.summary(),
            "files": {"images": sum(map(len, self.files.values())), "from_cache": self.cached},
            "seconds": {name: round(seconds, 3) for name, seconds in self.seconds.items()},
        }


def _kind(problem: DataProblem) -> tuple[Severity, str]:
    return problem.severity, problem.check


def _instances(counts: SplitCounts) -> dict[int, int]:
    return {index: found.instances for index, found in counts.per_class.items()}


def check_dataset(
    dataset: Dataset,
    task: str,
    splits: Sequence[str] | None = None,
    progress: Callable[[int, int], None] | None = None,
    single_cls: bool = False,
    needed: Sequence[str] = REQUIRED_SPLITS,
    settings: CheckSettings | None = None,
) -> CheckReport:
    """Check a dataset; nothing of it is written or changed.

    Args:
        dataset: The dataset.
        task: What it is to be used for; decides what a row of a label file may be.
        splits: The splits to check, all of which are then needed: an empty one is blocking. None checks every split
            of the data.yaml, of which only the `needed` ones are.
        progress: Called now and then with the number of images done and of all images.
        single_cls: All classes will count as one, so their indices have no upper limit.
        needed: The splits that the job cannot do without, when `splits` names none.
        settings: How deep it looks; None for the defaults.

    Returns:
        Everything that was found. A split that is not there is a finding too.

    Raises:
        InputError: The dataset has no such split, a list of images is not readable, or the task has no text labels.
    """
    settings = settings or CheckSettings()
    rules = label_rules(task, len(dataset.names), dataset.kpt_shape, single_cls)
    needed = needed if splits is None else splits
    problems: list[DataProblem] = []
    listed: dict[str, list[Path]] = {}
    for split in dataset.splits if splits is None else splits:
        severity = _severity(split in needed)
        missing = list(missing_folders(dataset, split, severity))
        listed[split] = [] if missing else split_images(dataset, split)
        problems += missing or empty_split(dataset, split, listed[split], severity)

    begin = time.perf_counter()
    done, total = 0, sum(map(len, listed.values()))
    near = settings.near_duplicates and sum(bool(images) for images in listed.values()) > 1
    looking = ScanSettings(rules, dataset.channels, settings.decode, near, settings.workers, settings.cache)
    tallies: dict[str, _Tally] = {}
    for split, images in listed.items():
        tally = tallies[split] = _Tally(dataset.names, settings)
        tell = _shifted(progress, done, total)
        for look in scan(images, looking, tell):
            tally.add(look)
        done += len(images)
        problems += repeated_images(split, images)
        problems += tally.problems
        problems += unlabelled_images(split, images, tally.unlabelled, tally.counts(), _severity(split in needed))
    sources = list(dict.fromkeys(source for split in listed for source in dataset.splits[split]))
    problems += wrong_suffixes(sources)
    problems += orphan_labels(sources, [image for images in listed.values() for image in images])
    counts = {split: tally.counts() for split, tally in tallies.items()}
    problems += _between_splits(dataset, {split: tally.fingered for split, tally in tallies.items()}, counts)
    for split, tally in tallies.items():
        problems += small_objects(dataset.yaml, split, tally.distribution)
        problems += strong_imbalance(dataset.yaml, split, imbalance(dataset.names, _instances(counts[split])))
    if "train" in counts:
        problems += rare_classes(dataset.yaml, dataset.names, _instances(counts["train"]))
    seconds = {"files": time.perf_counter() - begin}
    if near:
        begin = time.perf_counter()
        fingered = {split: tally.fingered for split, tally in tallies.items()}
        problems += similar_images(fingered, settings.near_duplicate_distance)
        seconds["near_duplicates"] = time.perf_counter() - begin
    return CheckReport(
        dataset,
        task,
        counts,
        # two splits may share images, and then findings
        tuple(dict.fromkeys(rated(problems, settings.severity))),
        {split: tally.distribution for split, tally in tallies.items()},
        {split: tally.files for split, tally in tallies.items()},
        sum(tally.cached for tally in tallies.values()),
        seconds,
        settings,
    )


def _shifted(progress: Callable[[int, int], None] | None, before: int, total: int) -> Callable[[int], None]:
    """Return a function that tells of a split's progress as that of the whole."""

    def tell(count: int) -> None:
        if progress is not None:
            progress(before + count, total)

    return tell


def rated(problems: Iterable[DataProblem], severity: Mapping[str, str | None]) -> Iterator[DataProblem]:
    """Rate findings anew.

    Args:
        problems: The findings.
        severity: Check → blocking, warning, note or off; a check that is not there, or None, stays as it is.
    """
    for problem in problems:
        rating = severity.get(problem.check)
        if rating is None:
            yield problem
        elif rating != "off":
            yield replace(problem, severity=Severity(rating))


def _between_splits(
    dataset: Dataset, fingered: Mapping[str, Sequence[Fingered]], counts: Mapping[str, SplitCounts]
) -> Iterator[DataProblem]:
    """Find what splits have in common, and what one of them lacks."""
    for split, images in fingered.items():
        yield from repeated_content(split, images)
    yield from same_images(fingered)
    yield from same_names(fingered)
    instances = {split: _instances(found) for split, found in counts.items()}
    yield from one_sided_classes(dataset.yaml, dataset.names, instances)


def _severity(needed: bool) -> Severity:
    return Severity.BLOCKING if needed else Severity.WARNING


def unlabelled_images(
    split: str, images: Sequence[Path], unlabelled: Sequence[Path], counts: SplitCounts, severity: Severity
) -> Iterator[DataProblem]:
    """Find images without a label file, or a split that has nothing to learn from."""
    if images and len(unlabelled) == len(images):
        what = f"{split}: none of the {len(images)} images has a label file"
        remedy = f"for this image, Ultralytics looks for {label_path(images[0])}"
        yield DataProblem("no_labels", images[0], None, what, severity, remedy)
        return
    if images and counts.backgrounds == len(images):
        what = f"{split}: no object in any of the {len(images)} images, this one included"
        yield DataProblem("no_labels", images[0], None, what, severity, "label the images")
    for image in unlabelled:
        yield DataProblem(
            "missing_label",
            image,
            None,
            "no label file: it counts as background",
            Severity.WARNING,
            f"label it in {label_path(image).name}, or add an empty file of that name to say that nothing is there",
        )


class _Tally:
    """Adds up what was found in the images of a split."""

    def __init__(self, names: Iterable[int], settings: CheckSettings) -> None:
        self.problems: list[DataProblem] = []
        self.unlabelled: list[Path] = []
        self.files: list[CheckedFile] = []
        self.fingered: list[Fingered] = []
        self.distribution = Distribution(settings.imgsz, settings.small_object_pixels)
        self.cached = 0
        self._names = tuple(names)
        self._kinds: Counter[str] = Counter()
        self._instances: Counter[int] = Counter()
        self._images: Counter[int] = Counter()

    def add(self, look: Look) -> None:
        """Add an image."""
        self.problems += look.problems
        self.cached += look.cached
        entry, classes = look.entry, look.verdict.classes
        self.files.append(CheckedFile(look.image, entry.digest if entry else b"", look.label_digest))
        if entry is not None:
            self.fingered.append(Fingered(look.image, entry.digest, entry.hash))
        if not look.labelled:
            self.unlabelled.append(look.image)
        dropped = any(problem.blocking for problem in look.problems)
        self._kinds["dropped" if dropped else "labelled" if classes else "backgrounds"] += 1
        if not dropped:
            self._instances.update(classes)
            self._images.update(set(classes))
            if entry is not None:
                self.distribution.add(entry.facts.shown_size, classes, look.verdict.boxes)

    def counts(self) -> SplitCounts:
        """Return what was added up."""
        return SplitCounts(
            images=self._kinds.total(),
            labelled=self._kinds["labelled"],
            backgrounds=self._kinds["backgrounds"],
            dropped=self._kinds["dropped"],
            instances=self._instances.total(),
            per_class={index: ClassCounts(self._instances[index], self._images[index]) for index in self._names},
        )
