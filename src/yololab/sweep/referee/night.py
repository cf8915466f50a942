"""A night of proposals on disk: what was declared, what was proposed, and what became of it.

The night keeps a copy of the evaluation of whatever it holds proposals against: nothing that happens to runs or
baselines meanwhile changes what a judgement rests on. All is in one file that is replaced in one step, so a judgement
is there whole or not at all.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Required, TypedDict

from yololab.errors import InputError, Problem
from yololab.files.atomic import copy_file
from yololab.files.json_files import PathText, read_json, write_json
from yololab.files.looks import LookEntry
from yololab.files.metrics import MetricsFile, read_metrics
from yololab.files.paths import NightFolder, OutputTree

NIGHT_VERSION = 1
# A night keeps something false one time in twenty at most.
NIGHT_ALPHA = 0.05


class ReferenceContent(TypedDict):
    """A run that proposals are held against."""

    name: str
    run: PathText
    candidate: str
    recipe: str | None
    value: float


class ProposalContent(LookEntry, total=False):
    """A proposal and its judgement."""

    number: Required[int]
    name: Required[str]
    run: Required[PathText]
    recipe: str | None
    kept: Required[bool]
    reason: Required[str]
    against: str
    value: float
    gain: float
    ci_low: float | None
    ci_high: float | None
    p: float
    error: float | None
    needed: float | None
    verdict: str
    warnings: list[str]


class NightContent(TypedDict, total=False):
    """night.json."""

    started: Required[str]
    baseline: Required[str]
    task: Required[str]
    metric: Required[str]
    split: str | None
    test_split: bool
    proposals: Required[int]
    hours: float | None
    seeds: Required[list[ReferenceContent]]
    reference: Required[str]
    detectable_gain: float | None
    judged: Required[list[ProposalContent]]


@dataclass(frozen=True)
class Night:
    """A night.

    Attributes:
        folder: Where it lies.
        content: What is known of it.
    """

    folder: NightFolder
    content: NightContent

    @property
    def reference(self) -> MetricsFile:
        """The evaluation that the next proposal is held against."""
        return read_metrics(self.folder.kept(self.content["reference"]).metrics)

    @property
    def kept(self) -> list[ProposalContent]:
        """The proposals that were kept, oldest first."""
        return [proposal for proposal in self.content["judged"] if proposal["kept"]]

    @property
    def ends(self) -> datetime | None:
        """When it ends by the clock: trainings that begin later are none of it."""
        hours = self.content.get("hours")
        return None if hours is None else moment_of(self.content["started"]) + timedelta(hours=hours)

    @property
    def left(self) -> int:
        """How many more proposals can be judged."""
        return self.content["proposals"] - len(self.content["judged"])

    def write(self) -> None:
        """Write it."""
        write_json(self.folder.night, self.content, NIGHT_VERSION)


def newest_night(tree: OutputTree) -> Night:
    """Return the night that was started last.

    Raises:
        InputError: There is none, or its file is damaged.
    """
    folders = sorted(tree.referee.iterdir()) if tree.referee.is_dir() else []
    nights = [folder for folder in map(NightFolder, folders) if folder.night.is_file()]
    if not nights:
        remedy = "begin one: yololab referee start BASELINE proposals=N"
        raise InputError(Problem(str(tree.referee), "no night of proposals", "one that was started", remedy))
    return read_night(nights[-1])


def read_night(folder: NightFolder) -> Night:
    """Return a night.

    Raises:
        InputError: Its file is missing or damaged.
    """
    return Night(folder, read_json(folder.night, (NIGHT_VERSION,), NightContent))


def keep_evaluation(folder: NightFolder, name: str, metrics: MetricsFile, predictions: Path) -> None:
    """Copy an evaluation into the night."""
    place = folder.kept(name)
    place.evaluation.mkdir(parents=True, exist_ok=True)
    copy_file(predictions, place.predictions)
    copy_file(metrics.path, place.metrics)


def moment_of(text: str) -> datetime:
    """Return a moment as a time with its zone; one without is in the zone of this machine."""
    return datetime.fromisoformat(text).astimezone()
