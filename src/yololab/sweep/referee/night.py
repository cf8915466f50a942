"""A night of proposals on disk: what was declared, what was proposed, and what became of it.

The night keeps a copy of the evaluation of whatever it holds proposals against: nothing that happens to runs or
baselines meanwhile changes what a judgement rests on. All is in one file that is replaced in one step, so a judgement
is there whole or not at all. The judgements are a chain of hashes that begins with what was declared, and each is kept
by the run that was judged as well: a declaration that was changed afterwards, and a judgement that was edited or taken
out, are found.
"""

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Required, TypedDict

from yololab.errors import InputError, Problem
from yololab.files.atomic import copy_file
from yololab.files.json_files import PathText, read_json, write_json
from yololab.files.looks import LookEntry
from yololab.files.metrics import MetricsFile, read_metrics
from yololab.files.paths import NightFolder, OutputTree, RunFolder
from yololab.files.record import Record
from yololab.files.series.chain import Linked, first_link, is_edited, kept_of_series, traces

NIGHT_VERSION = 1
# A night keeps something false one time in twenty at most.
NIGHT_ALPHA = 0.05
RECORD_KEY = "refereed"  # in the record of a run that was judged
_REMEDY = "restore it; a new night, with an α of its own, begins with: yololab referee start BASELINE proposals=N"


class ReferenceContent(TypedDict):
    """A run that proposals are held against."""

    name: str
    run: PathText
    candidate: str
    recipe: str | None
    value: float


class FurtherContent(ReferenceContent, Linked, total=False):
    """Another seed of a proposal that was kept: `of` is the number of that one."""

    of: Required[int]


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
    further: list[FurtherContent]


class RefereedContent(TypedDict):
    """What the record of a run keeps of its judgement."""

    series: str
    number: int
    kept: bool
    sha256: str


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
    def reference_names(self) -> list[str]:
        """The names of the evaluations that stand for the reference: of all its seeds."""
        if not self.kept:
            return [seed["name"] for seed in self.content["seeds"]]
        newest = self.kept[-1]
        return [reference_name(newest), *(seed["name"] for seed in self.further if seed["of"] == newest["number"])]

    @property
    def further(self) -> list[FurtherContent]:
        """The further seeds of proposals that were kept."""
        return self.content.get("further") or []

    @property
    def ends(self) -> datetime | None:
        """When it ends by the clock: trainings that begin later are none of it."""
        hours = self.content.get("hours")
        return None if hours is None else moment_of(self.content["started"]) + timedelta(hours=hours)

    @property
    def left(self) -> int:
        """How many more proposals can be judged."""
        return self.content["proposals"] - len(self.content["judged"])

    @property
    def series(self) -> str:
        """What the first judgement comes after: the hash of what was declared, without any path."""
        content = self.content
        declared = {key: content.get(key) for key in ("started", "metric", "split", "task", "proposals", "hours")}
        return first_link(declared | {"seeds": [seed["candidate"] for seed in content["seeds"]]})

    @property
    def last_link(self) -> str:
        """The hash of the last judgement."""
        return self.content["judged"][-1].get("sha256", "") if self.content["judged"] else self.series

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
    night = Night(folder, read_json(folder.night, (NIGHT_VERSION,), NightContent))
    judged = night.content["judged"]
    expected = [night.series, *(proposal.get("sha256") for proposal in judged)]
    for before, proposal in zip(expected, judged, strict=False):
        # Nights of before there were chains have no hashes.
        if "sha256" in proposal and (is_edited(proposal) or proposal.get("before") != before):
            found = f"proposal {proposal['number']}, or what was declared, was edited since it was judged"
            raise InputError(Problem(str(folder.night), found, "what yololab wrote", _REMEDY))
    names = night.reference_names
    if night.content["reference"] not in names or any(map(is_edited, night.further)):
        found = f"the reference is {night.content['reference']!r}, and the judgements lead to {' or '.join(names)}"
        raise InputError(Problem(str(folder.night), found, "what yololab wrote", _REMEDY))
    return night


def reference_name(proposal: ProposalContent) -> str:
    """Return the name under which the evaluation of a proposal that was kept lies in the night."""
    return f"proposal_{proposal['number']}"


def refuse_cut(night: Night, tree: OutputTree) -> None:
    """Refuse a night that lacks a judgement which the record of a run shows.

    Raises:
        InputError: One is missing.
    """
    known = {entry.get("sha256") for entry in (*night.content["judged"], *night.further)}
    lost = sorted({int(kept["number"]) for kept in traces(tree, night.series) if kept.get("sha256") not in known})
    if lost:
        found = f"lacks the judgement of proposal {', '.join(map(str, lost))}, which the records of runs show"
        raise InputError(Problem(str(night.folder.night), found, "what yololab wrote", _REMEDY))


def judged_in_lost_nights(tree: OutputTree) -> int:
    """Return how many runs were judged in nights that are gone: who deletes a night begins another one with a new α."""
    nights = tree.referee.iterdir() if tree.referee.is_dir() else ()
    known = set()
    for folder in map(NightFolder, nights):
        with suppress(InputError):
            known.add(Night(folder, read_json(folder.night, (NIGHT_VERSION,), NightContent)).series)
    kept = kept_of_series(tree, RECORD_KEY)
    return sum("kept" in entry and entry["series"] not in known for entry in kept)


def keep_evaluation(folder: NightFolder, name: str, metrics: MetricsFile, predictions: Path) -> None:
    """Copy an evaluation into the night."""
    place = folder.kept(name)
    place.evaluation.mkdir(parents=True, exist_ok=True)
    copy_file(predictions, place.predictions)
    copy_file(metrics.path, place.metrics)


def keep_in_record(number: int, link: str, night: Night, path: Path, *, kept: bool) -> None:
    """Keep a judgement in the record of its run as well, where there is one that can be written."""
    run = RunFolder(path)
    if run.record.is_file():
        said = RefereedContent(series=night.series, number=number, kept=kept, sha256=link)
        with suppress(PermissionError):
            Record(run).update(**{RECORD_KEY: said})


def moment_of(text: str) -> datetime:
    """Return a moment as a time with its zone; one without is in the zone of this machine."""
    return datetime.fromisoformat(text).astimezone()
