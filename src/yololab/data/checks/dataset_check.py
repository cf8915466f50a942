"""The dataset check: structure, images, labels, leakage between splits, and distribution; read only.

It lists the images, looks at every file once (`scan`), applies the rules, and counts what Ultralytics would train on.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from yololab.data.checks import folder_rules, leakage
from yololab.data.checks.check_report import (
    CheckedFile,
    CheckReport,
    CheckSettings,
    ClassCounts,
    SplitCounts,
    instances_of,
)
from yololab.data.checks.scan import ScannedImage, scan
from yololab.data.dataset.data_yaml import REQUIRED_SPLITS
from yololab.data.dataset.layout import Dataset, split_images
from yololab.data.images.image_cache import scan_index
from yololab.data.labels import distribution
from yololab.data.labels.distribution import Distribution
from yololab.data.labels.label_source import LabelSource
from yololab.data.labels.map_distribution import MapDistribution
from yololab.data.labels.task_labels import label_source
from yololab.data.problems import DataProblem, Severity, note, warning
from yololab.extensions import Point, extensions
from yololab.host.collection import uncollected


@uncollected()
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
        InputError: The dataset has no such split, a list of images is not readable, or the dataset is laid out
            for another task.
    """
    settings = settings or CheckSettings()
    labels = label_source(dataset, task, single_cls)
    needed = needed if splits is None else splits
    severities = {
        split: Severity.BLOCKING if split in needed else Severity.WARNING
        for split in (dataset.splits if splits is None else splits)
    }
    problems: list[DataProblem] = []
    listed: dict[str, list[Path]] = {}
    for split, severity in severities.items():
        missing = list(folder_rules.missing_folders(dataset, split, severity))
        listed[split] = [] if missing else split_images(dataset, split)
        problems += missing or folder_rules.empty_split(dataset, split, listed[split], severity)

    begin = time.perf_counter()
    near = settings.near_duplicates and sum(bool(images) for images in listed.values()) > 1
    depth, cache = replace(settings, near_duplicates=near), scan_index(settings.cache)
    tallies: dict[str, _Tally] = {}
    before, total = 0, sum(map(len, listed.values()))
    for split, images in listed.items():
        tally = tallies[split] = _Tally(dataset.names, settings, labels)
        for image, found in scan(images, labels, dataset.channels, depth, cache, _shifted(progress, before, total)):
            tally.add(image, found)
        before += len(images)
        problems += folder_rules.repeated_images(split, images)
        problems += tally.problems
        problems += unlabelled_images(split, images, tally.unlabelled, tally.counts(), severities[split], labels)
    if cache.problem:
        remedy = "every file was read anew: mend its permissions, or set paths.cache=… to a folder of your own"
        problems.append(note("cache_unusable", settings.cache or dataset.root, cache.problem, remedy))
    files = {split: tally.files for split, tally in tallies.items()}
    readable = {split: [file for file in found if file.digest] for split, found in files.items()}
    problems += _of_the_whole(dataset, labels, listed, readable, tallies)
    problems += findings_of_extensions(dataset, listed)
    seconds = {"files": time.perf_counter() - begin}
    if near:
        begin = time.perf_counter()
        problems += leakage.similar_images(readable, settings.near_duplicate_distance)
        seconds["near_duplicates"] = time.perf_counter() - begin
    return CheckReport(
        dataset,
        task,
        {split: tally.counts() for split, tally in tallies.items()},
        # two splits may share images, and then findings
        tuple(dict.fromkeys(rated(problems, settings.severity))),
        {split: tally.distribution for split, tally in tallies.items()},
        {split: tally.maps for split, tally in tallies.items()},
        labels,
        files,
        sum(tally.cached for tally in tallies.values()),
        seconds,
        settings,
    )


def _of_the_whole(
    dataset: Dataset,
    labels: LabelSource,
    listed: Mapping[str, Sequence[Path]],
    readable: Mapping[str, Sequence[CheckedFile]],
    tallies: Mapping[str, _Tally],
) -> Iterator[DataProblem]:
    """Apply the rules that look at folders, at splits beside each other, and at sums over a split."""
    sources = list(dict.fromkeys(source for split in listed for source in dataset.splits[split]))
    images = [image for found in listed.values() for image in found]
    yield from folder_rules.wrong_suffixes(sources)
    yield from folder_rules.passed_over_lines(sources)
    yield from folder_rules.orphan_labels(sources, images, labels.file_name, labels.suffixes)
    for split, files in readable.items():
        yield from leakage.repeated_content(split, files)
    yield from leakage.same_images(readable)
    yield from leakage.same_names(readable)
    instances = {split: instances_of(tally.counts()) for split, tally in tallies.items()}
    yield from leakage.one_sided_classes(dataset.yaml, dataset.names, instances, labels.unit)
    yield from labels.of_dataset(
        dataset, {split: [(file.image, file.digest) for file in files] for split, files in readable.items()}
    )
    for split, tally in tallies.items():
        yield from distribution.small_objects(dataset.yaml, split, tally.distribution)
        yield from distribution.strong_imbalance(dataset.yaml, split, dataset.names, instances[split])
    yield from distribution.rare_classes(dataset.yaml, dataset.names, instances.get("train", {}), labels.unit)


def findings_of_extensions(dataset: Dataset, images: Mapping[str, Sequence[Path]]) -> Iterator[DataProblem]:
    """Yield what the checks of other packages find, each under the name of its check.

    Args:
        dataset: The dataset.
        images: Split → its images.
    """
    for name, extension in extensions(Point.CHECKS).items():
        try:
            for problem in extension.load()(dataset, images):
                yield replace(problem, check=name)
        except Exception as error:  # whatever another package's code raises: the other checks have been made
            what = extension.error(error)
            yield warning(name, dataset.yaml, what, "mend the check, or uninstall it")


def _shifted(progress: Callable[[int, int], None] | None, before: int, total: int) -> Callable[[int], None]:
    """Return a function that reports a split's progress as that of the whole."""
    return lambda count: None if progress is None else progress(before + count, total)


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


def unlabelled_images(
    split: str,
    images: Sequence[Path],
    unlabelled: Sequence[Path],
    counts: SplitCounts,
    severity: Severity,
    labels: LabelSource,
) -> Iterator[DataProblem]:
    """Find images without labels, or a split that has nothing to learn from."""
    if images and len(unlabelled) == len(images):
        place = f"for this one they are sought in {labels.file(images[0])}"
        what = f"{split}: none of the {len(images)} images has labels; {place}"
        remedy = "put them there: the last folder `images` of a path makes way for that of the labels, file names agree"
        yield DataProblem("no_labels", images[0], None, what, severity, remedy)
        return
    if images and counts.backgrounds == len(images):
        what = f"{split}: no {labels.unit} in any of the {len(images)} images, this one included"
        yield DataProblem("no_labels", images[0], None, what, severity, "label the images")
    check, what, missing, remedy = labels.missing
    for image in unlabelled:
        file = labels.file(image)
        yield DataProblem(check, image, None, what, missing, remedy.format(file=file, name=file.name))


class _Tally:
    """Adds up what was found in the images of a split."""

    def __init__(self, names: Iterable[int], settings: CheckSettings, labels: LabelSource) -> None:
        self.problems: list[DataProblem] = []
        self.unlabelled: list[Path] = []
        self.files: list[CheckedFile] = []
        self.distribution = Distribution(settings.imgsz, settings.small_object_pixels)
        self.maps = MapDistribution()
        self.cached = 0
        self._needs_labels = labels.missing.severity is Severity.BLOCKING
        self._names = tuple(names)
        self._kinds: Counter[str] = Counter()
        self._instances: Counter[int] = Counter()
        self._images: Counter[int] = Counter()

    def add(self, image: Path, found: ScannedImage) -> None:
        """Add an image."""
        self.problems += found.problems
        self.cached += found.cached
        entry, labels = found.entry, found.labels
        digest, hash_ = (entry.digest, entry.hash) if entry else (b"", None)
        self.files.append(CheckedFile(image, digest, labels.digest, hash_))
        if not labels.labelled:
            self.unlabelled.append(image)
        dropped = any(problem.blocking for problem in found.problems) or (not labels.labelled and self._needs_labels)
        self._kinds["dropped" if dropped else "labelled" if labels.amounts else "backgrounds"] += 1
        if not dropped:
            self._instances.update(labels.amounts)
            self._images.update(labels.amounts.keys())
            self.maps.add(labels.measures)
            if entry is not None:
                self.distribution.add(entry.facts.shown_size, labels.verdict.classes, labels.verdict.boxes)

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
