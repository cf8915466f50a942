"""metrics.json: what an evaluation measured, under which protocol, on which data."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypedDict

from yololab.errors import InputError, Problem
from yololab.files.json_files import PathText, read_json
from yololab.files.paths import checked_name
from yololab.tasks import TASKS, Direction, Metric

METRICS_VERSION = 1
SLICES = "slices"  # where the model is weak, and what was looked at
ALIKE = "alike"  # the groups of images that look alike
FOLDS = "folds"  # of an out-of-fold evaluation: the runs that it was pooled from
TIMING = "timing"  # the time of an inference, block by block
TIES = "ties"  # metric → the ends between which the order of equal confidences moves it


class SelectionContent(TypedDict, total=False):
    """How the checkpoint was chosen."""

    metric: str | None
    select: str | None
    epoch: int | None
    epochs: int | None
    curve: list[float] | None


class FoldPart(TypedDict, total=False):
    """One fold of an out-of-fold evaluation."""

    fold: int
    run: str
    fingerprint: str | None
    metrics: dict[str, float | None]


class FoldsContent(TypedDict, total=False):
    """What an out-of-fold evaluation was pooled from."""

    parts: list[FoldPart]
    values: dict[str, Any]
    seed: str | None


class SlicesContent(TypedDict, total=False):
    """The primary metric in slices of the set, each against the rest of it."""

    metric: str
    unit: str
    tests: int
    asked: bool
    weak: list[str]
    strong: list[str]
    said: list[str]
    rows: list[dict[str, Any]]


class TimingContent(TypedDict):
    """The time of an inference, block by block of successive batches, in the order of evaluation.

    `cores`: with how many threads an undisturbed block is computed; 0 where that does not matter. Of each block:
    `images`, `ms` an image, `waiting` (the share of the time that threads wanted a core for which they waited for one;
    null where nobody counts it), the fewest `threads`.
    """

    device: str
    cores: int
    images: list[int]
    ms: list[float]
    waiting: list[float | None]
    threads: list[int]


class MetricsContent(TypedDict, total=False):
    """What a metrics.json holds besides the metrics themselves, as far as it is used; a foreign one may lack it all."""

    model: str | None
    data: PathText | None
    dataset: str | None
    dataset_root: PathText | None
    dataset_fingerprint: str | None
    train_fingerprint: str | None
    split: str | None
    task: str | None
    directions: dict[str, Direction] | None
    names: dict[str, str] | None
    per_class: dict[str, dict[str, float | None]] | None
    protocol: dict[str, Any] | None
    speed_ms: dict[str, float | None] | None
    timing: TimingContent | None
    threads: dict[str, int] | None
    comparable: bool | None
    trained_precision: str | None
    trained_speed: str | None
    definition: str | None
    definitions: dict[str, dict[str, float | None]] | None
    reading: list[str] | None
    selection: SelectionContent | None
    promoted_at: str | None
    alike: list[list[str]] | None
    slices: SlicesContent | None
    ties: dict[str, list[float]] | None


@dataclass(frozen=True)
class MetricsFile:
    """The numbers of one evaluation.

    Attributes:
        path: The file.
        content: Its content; a foreign one (without `schema_version`) has at least the primary metric.
    """

    path: Path
    content: Mapping[str, Any]

    @property
    def task(self) -> str:
        """The task; a file that does not say is taken as detection."""
        return str(self.content.get("task") or "detect")

    @property
    def split(self) -> str | None:
        """The evaluated split; None when the file does not say."""
        return self.content.get("split")

    @property
    def fingerprint(self) -> str | None:
        """The fingerprint of the evaluated split; None when the file does not say."""
        return self.content.get("dataset_fingerprint")

    @property
    def group(self) -> str | None:
        """What names the group of an image, where images are not independent."""
        group = self.content.get("group")
        return group if isinstance(group, str) else None

    @property
    def alike(self) -> tuple[tuple[str, ...], ...] | None:
        """Groups of images that look alike, by their keys; None when the evaluation did not look for any."""
        found = self.content.get(ALIKE)
        if not isinstance(found, list) or not all(isinstance(group, list) for group in found):
            return None
        return tuple(tuple(map(str, group)) for group in found)

    def tied(self, name: str) -> tuple[float, float] | None:
        """Return the ends between which the order of equal confidences moves a metric; None where it hardly does."""
        ends = (self.content.get(TIES) or {}).get(name)
        return (float(ends[0]), float(ends[1])) if isinstance(ends, list) and len(ends) == 2 else None

    @property
    def train_fingerprint(self) -> str | None:
        """The fingerprint of the training split; None when the file does not say."""
        return self.content.get("train_fingerprint")

    @property
    def classes(self) -> dict[str, str] | None:
        """Class names by index (as text); None when the file does not say."""
        return self.content.get("names")

    @property
    def metrics(self) -> tuple[Metric, ...]:
        """The metrics of the file's task."""
        return TASKS[self.task].metrics

    @property
    def primary(self) -> Metric:
        """The primary metric of the file's task."""
        return TASKS[self.task].primary

    def value(self, name: str) -> float | None:
        """Return a finite number by its name; None when it is absent, or no finite number.

        Args:
            name: `mAP50-95`, or dotted where it is nested: `speed_ms.inference`, `per_class.<class>.AP50`.
        """
        return number_in(self.content, name)

    def direction(self, metric: Metric) -> Direction:
        """Return which way `metric` improves."""
        return Direction((self.content.get("directions") or {}).get(metric.name, metric.direction))


def number_in(content: Mapping[str, Any], name: str) -> float | None:
    """Return the finite number under a dotted name; None when there is none.

    Names of classes may have dots in them themselves, so a name is not split at each dot: every key that it starts
    with is tried.

    >>> number_in({"per_class": {"st. bernard": {"AP50": 0.5}}}, "per_class.st. bernard.AP50")
    0.5
    """
    found = content.get(name)
    if isinstance(found, (int, float)) and not isinstance(found, bool):
        return float(found) if math.isfinite(found) else None
    nested = (
        number_in(item, name.removeprefix(f"{key}."))
        for key, item in content.items()
        if isinstance(item, Mapping) and name.startswith(f"{key}.")
    )
    return next((value for value in nested if value is not None), None)


def read_metrics(path: Path) -> MetricsFile:
    """Read a metrics.json, ours or one in the plain format (the metrics' names as keys, no version).

    Raises:
        InputError: The file is not readable, of an unknown version or task, or lacks the primary metric.
    """
    content: Mapping[str, Any] = read_json(path, (METRICS_VERSION,), MetricsContent, version_optional=True)
    file = MetricsFile(path, content)
    if file.fingerprint is not None:
        checked_name(file.fingerprint, f"{path}, dataset_fingerprint")
    if file.task not in TASKS:
        raise InputError(Problem(f"{path}, task", f"{file.task!r}", f"one of {sorted(TASKS)}"))
    if file.value(file.primary.name) is None:
        found = f"{content[file.primary.name]!r}" if file.primary.name in content else "missing"
        raise InputError(
            Problem(
                f"{path}, {file.primary.name!r}",
                found,
                "a finite number",
                f"a metrics.json of {file.task} holds at least {', '.join(metric.name for metric in file.metrics)}",
            )
        )
    return file
