"""The dataset check: structure and labels of every split, read only.

It lists the images, judges every label file (`label_rules`) and the folders around them (`folder_rules`), and counts
what Ultralytics would train on. The content of the images is not looked at.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

from yololab.data.data_yaml import REQUIRED_SPLITS
from yololab.data.folder_rules import empty_split, missing_folders, orphan_labels, repeated_images, wrong_suffixes
from yololab.data.index import Dataset, label_path, split_images
from yololab.data.label_rows import LabelRules, label_rules
from yololab.data.label_rules import DROPS, LabelVerdict, judge_label
from yololab.data.problems import DataProblem, Severity

EXAMPLES = 3
PROGRESS_STEP = 256


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


@dataclass(frozen=True)
class CheckReport:
    """The result of a dataset check.

    Attributes:
        dataset: The data.yaml.
        names: Class names by index.
        task: The task that the labels were judged for.
        splits: Counts of each split that was checked.
        problems: Everything that was found.
    """

    dataset: Path
    names: dict[int, str]
    task: str
    splits: dict[str, SplitCounts]
    problems: tuple[DataProblem, ...]

    @property
    def blocking(self) -> list[DataProblem]:
        """The findings that training should not start with."""
        return [problem for problem in self.problems if problem.blocking]

    def summary(self) -> list[dict[str, Any]]:
        """Return check, severity, count and examples of each kind of finding: blocking ones first, then by count."""
        groups = (
            (check, severity, list(group))
            for (check, severity), group in groupby(sorted(self.problems, key=_kind), key=_kind)
        )
        return [
            {
                "check": check,
                "severity": severity,
                "count": len(group),
                "examples": [{"file": str(p.file), "line": p.line, "what": p.what} for p in group[:EXAMPLES]],
            }
            for check, severity, group in sorted(groups, key=lambda kind: (kind[1], -len(kind[2]), kind[0]))
        ]

    def to_json(self) -> dict[str, Any]:
        """Return the content of dataset_report.json."""
        return {
            "dataset": str(self.dataset),
            "names": self.names,
            "task": self.task,
            "splits": {split: asdict(counts) for split, counts in self.splits.items()},
            "problems": [asdict(problem) for problem in self.problems],
            "summary": self.summary(),
        }


def _kind(problem: DataProblem) -> tuple[str, str]:
    return problem.check, problem.severity.value


def check_dataset(
    dataset: Dataset,
    task: str,
    splits: Sequence[str] | None = None,
    progress: Callable[[int, int], None] | None = None,
    single_cls: bool = False,
    needed: Sequence[str] = REQUIRED_SPLITS,
) -> CheckReport:
    """Check structure and labels; nothing is written or changed.

    Args:
        dataset: The dataset.
        task: What it is to be used for; decides what a row of a label file may be.
        splits: The splits to check, all of which are then needed: an empty one is blocking. None checks every split
            of the data.yaml, of which only the `needed` ones are.
        progress: Called now and then with the number of images done and of all images.
        single_cls: All classes will count as one, so their indices have no upper limit.
        needed: The splits that the job cannot do without, when `splits` names none.

    Returns:
        Everything that was found. A split that is not there is a finding too.

    Raises:
        InputError: The dataset has no such split, a list of images is not readable, or the task has no text labels.
    """
    rules = label_rules(task, len(dataset.names), dataset.kpt_shape, single_cls)
    needed = needed if splits is None else splits
    problems: list[DataProblem] = []
    listed: dict[str, list[Path]] = {}
    for split in dataset.splits if splits is None else splits:
        severity = _severity(split in needed)
        missing = list(missing_folders(dataset, split, severity))
        listed[split] = [] if missing else split_images(dataset, split)
        problems += missing or empty_split(dataset, split, listed[split], severity)

    done, total = 0, sum(map(len, listed.values()))
    counts = {}
    for split, images in listed.items():
        tally = _Tally(dataset.names)
        for image in images:
            if progress and done % PROGRESS_STEP == 0:
                progress(done, total)
            done += 1
            tally.add(judge_image(image, rules))
        counts[split] = tally.counts()
        problems += repeated_images(split, images)
        problems += tally.problems
        problems += unlabelled_images(split, images, tally.unlabelled, counts[split], _severity(split in needed))
    if progress:
        progress(done, total)

    sources = list(dict.fromkeys(source for split in listed for source in dataset.splits[split]))
    problems += wrong_suffixes(sources)
    problems += orphan_labels(sources, [image for images in listed.values() for image in images])
    # two splits may share images, and then findings
    return CheckReport(dataset.yaml, dataset.names, task, counts, tuple(dict.fromkeys(problems)))


def _severity(needed: bool) -> Severity:
    return Severity.BLOCKING if needed else Severity.WARNING


@dataclass(frozen=True, slots=True)
class ImageVerdict:
    """What one image of a split is worth.

    Attributes:
        image: The image.
        classes: Class of each instance that Ultralytics would train on.
        labelled: Whether it has a label file, be it empty.
        problems: What was found.
    """

    image: Path
    classes: tuple[int, ...]
    labelled: bool
    problems: tuple[DataProblem, ...] = ()


def judge_image(image: Path, rules: LabelRules) -> ImageVerdict:
    """Look whether the image is there and judge its label file."""
    problems = []
    if not image.is_file():
        remedy = f"{DROPS}; in a list, begin the line with ./ to count from the folder of the list"
        problems.append(DataProblem("missing_image", image, None, "no such file", Severity.BLOCKING, remedy))
    label = label_path(image)
    verdict = LabelVerdict(())
    labelled = True
    try:
        content = label.read_bytes()
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
        labelled = False
    except OSError as error:
        what = f"not readable ({error.strerror})"
        remedy = f"{DROPS}: mend the file's permissions"
        problems.append(DataProblem("label_unreadable", label, None, what, Severity.BLOCKING, remedy))
    else:
        verdict = judge_label(content, rules)
        problems += [DataProblem(f.check, label, f.line, f.what, f.severity, f.remedy) for f in verdict.findings]
    return ImageVerdict(image, verdict.classes, labelled, tuple(problems))


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
    """Adds up the verdicts of a split."""

    def __init__(self, names: Iterable[int]) -> None:
        self.problems: list[DataProblem] = []
        self.unlabelled: list[Path] = []
        self._names = tuple(names)
        self._kinds: Counter[str] = Counter()
        self._instances: Counter[int] = Counter()
        self._images: Counter[int] = Counter()

    def add(self, verdict: ImageVerdict) -> None:
        self.problems += verdict.problems
        if not verdict.labelled:
            self.unlabelled.append(verdict.image)
        dropped = any(problem.blocking for problem in verdict.problems)
        self._kinds["dropped" if dropped else "labelled" if verdict.classes else "backgrounds"] += 1
        if not dropped:
            self._instances.update(verdict.classes)
            self._images.update(set(verdict.classes))

    def counts(self) -> SplitCounts:
        return SplitCounts(
            images=self._kinds.total(),
            labelled=self._kinds["labelled"],
            backgrounds=self._kinds["backgrounds"],
            dropped=self._kinds["dropped"],
            instances=self._instances.total(),
            per_class={index: ClassCounts(self._instances[index], self._images[index]) for index in self._names},
        )
