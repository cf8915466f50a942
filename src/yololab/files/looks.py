"""Looks: each candidate that is held against a reference is one look, and all looks of a series share one α.

Twenty equal models in a row, each tested at 0.05, make one false claim likely. In a declared series of N looks each is
tested at α/N (Bonferroni): whatever the models have in common and in whichever order they come, the chance of any false
claim is at most α. A look belongs to a candidate, told by the hash of its checkpoint: to resume a run, to compare again
or to move the project spends nothing. A hash over the list shows an edit of it, by accident or to please:
α would be spent again. Each look is kept by the comparison that it belongs to as well, with its number: a list that
was deleted, emptied or replaced by an older one is made whole from there.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Required, TypedDict, cast

from filelock import FileLock

from yololab.errors import InputError, Problem
from yololab.files.baseline import Baseline
from yololab.files.json_files import read_json, write_json
from yololab.files.paths import METRICS, PREDICTIONS
from yololab.files.reading import sha256_of
from yololab.files.record import now
from yololab.files.series.chain import Linked, first_link, is_edited, link_of, traces
from yololab.text import counted

LOOKS_VERSION = 1
_ROUNDING = 1e-9
_LOST = "lost:"  # a candidate that nothing is known of but that there was one


class LookEntry(Linked, total=False):
    """One look."""

    candidate: Required[str]
    alpha: Required[float]
    version: str
    time: str


class LooksContent(TypedDict, total=False):
    """looks.json of a baseline: every candidate that was held against it, oldest first."""

    looks: Required[list[LookEntry]]
    sha256: str


class LookContent(TypedDict, total=False):
    """The place of a comparison in its series, as it stands in comparison.json and in the run's record.

    With it the series is made whole where looks.json is gone: `series` tells it, `entry` is what stood there.
    """

    number: Required[int]
    of: Required[int]
    alpha: Required[float]
    series: str
    entry: LookEntry


@dataclass(frozen=True)
class Look:
    """The place of one comparison in its series.

    Attributes:
        number: Which candidate of the series it is, from 1.
        of: How many looks were declared.
        alpha: What p has to lie below for a claim; 0 when all looks are used.
        series: What tells the series; empty where it is kept elsewhere.
        entry: What stands in the list of looks; None where nothing does.
        warning: What a person should know of the list; empty when it was whole.
    """

    number: int
    of: int
    alpha: float
    series: str = field(default="", repr=False)
    entry: LookEntry | None = field(default=None, repr=False)
    warning: str = field(default="", repr=False)

    @property
    def spent(self) -> bool:
        """Whether nothing of α was left for it."""
        return self.alpha <= 0

    def to_json(self) -> LookContent:
        """Return it as it stands in comparison.json."""
        content = LookContent(number=self.number, of=self.of, alpha=self.alpha)
        if self.entry is not None:
            content |= {"series": self.series, "entry": self.entry}
        return content

    @classmethod
    def from_json(cls, content: LookContent) -> "Look":
        """Read what `to_json` gave."""
        number, of, alpha = content["number"], content["of"], content["alpha"]
        return cls(number, of, alpha, content.get("series", ""), content.get("entry"))


def look_of(looks: Sequence[LookEntry], candidate: str, declared: int, alpha: float) -> Look:
    """Return a candidate's look: the one that it had, or the next.

    Args:
        looks: Those of the series so far.
        candidate: The hash that tells the candidate.
        declared: How many the series may have.
        alpha: What all of them share. Where another number was declared before, what is left of it decides.

    >>> look_of([{"candidate": "a", "alpha": 0.025}], "b", 2, 0.05)
    Look(number=2, of=2, alpha=0.025)
    >>> look_of([{"candidate": "a", "alpha": 0.05}], "b", 2, 0.05).spent
    True
    """
    place = next((index for index, look in enumerate(looks) if look["candidate"] == candidate), len(looks))
    if place < len(looks):
        return Look(place + 1, declared, looks[place]["alpha"])
    left = alpha - sum(look["alpha"] for look in looks)
    return Look(place + 1, declared, alpha / declared if left >= alpha / declared * (1 - _ROUNDING) else 0.0)


def candidate_of(checkpoint: Path | None, metrics: Path) -> str | None:
    """Return the hash that tells a candidate wherever it lies: of its checkpoint, else of its records or its numbers.

    Args:
        checkpoint: Its checkpoint, when there is one.
        metrics: Its metrics.json.
    """
    files = (*([checkpoint] if checkpoint else []), metrics.parent / PREDICTIONS, metrics)
    return next((sha256_of(file) for file in files if file.is_file()), None)


def take_look(baseline: Baseline, candidate: str | None, declared: int, alpha: float) -> Look | None:
    """Return the look of a candidate at the version of a baseline that is in force, and write it down before it counts.

    A new version begins a new series.

    Args:
        baseline: The baseline.
        candidate: What tells the candidate.
        declared: `baseline.looks`.
        alpha: What all looks share.

    Returns:
        The look; None for the very model that the baseline was made of.

    Raises:
        InputError: The file of the looks is damaged.
    """
    own = (baseline.origin().get("model_sha256"), candidate_of(None, baseline.current() / METRICS))
    if candidate is None or candidate in own:
        return None
    with FileLock(baseline.lock, timeout=60):
        known = _looks_now(baseline)
        look = look_of(known.ours, candidate, declared, alpha)
        ours, entry = known.ours, known.ours[look.number - 1] if look.number <= len(known.ours) else None
        if entry is None and not look.spent:
            entry = LookEntry(candidate=candidate, alpha=look.alpha, version=known.version, time=now())
            entry["before"] = next((link for other in reversed(ours) if (link := other.get("sha256"))), known.series)
            entry["sha256"] = link_of(entry)
            ours = [*ours, entry]
        if ours != known.ours or known.warning:
            written = [*known.others, *ours]
            write_json(baseline.looks, {"looks": written, "sha256": _hash_of(written)}, LOOKS_VERSION)
        return replace(look, series=known.series, entry=entry, warning=known.warning)


def looks_left(baseline: Baseline, declared: int, alpha: float) -> bool:
    """Return whether another candidate could be told from the version of a baseline that is in force.

    Raises:
        InputError: The file of the looks is damaged.
    """
    return not look_of(_looks_now(baseline).ours, "", declared, alpha).spent


@dataclass(frozen=True)
class _Looks:
    """The looks at a baseline.

    Attributes:
        version: The version in force.
        series: What tells the series of that version.
        ours: The looks at it.
        others: Those at other versions.
        warning: What of them was not in the file, as a sentence; empty when it was whole.
    """

    version: str
    series: str
    ours: list[LookEntry]
    others: list[LookEntry]
    warning: str


def _looks_now(baseline: Baseline) -> _Looks:
    """Return the looks at a baseline: those of its file, and those that only the records of the project still show."""
    origin = baseline.origin()
    version = origin["version"]
    # No path is in it: a moved project goes on with its series, and another project's looks are none of ours.
    facts = {"version": version, "model": origin.get("model_sha256"), "promoted_at": origin.get("promoted_at")}
    series = first_link(facts | {"dataset": baseline.path.parent.name, "task": baseline.path.name})
    looks = _read_looks(baseline.looks) if baseline.looks.is_file() else []
    ours = [look for look in looks if look.get("version") == version]
    others = [look for look in looks if look.get("version") != version]
    whole, lacked = whole_series(ours, traces(baseline.project, series), series)
    warning = ""
    if lacked:
        warning = f"{baseline.looks} lacked {counted(lacked, 'look')} at this baseline that comparisons and records of "
        warning += "runs show: it was deleted, replaced or cut. They count again."
    return _Looks(version, series, whole, others, warning)


def whole_series(
    looks: Sequence[LookEntry], kept: Iterable[Mapping[str, Any]], series: str
) -> tuple[list[LookEntry], int]:
    """Return the looks of a series in their order, and how many of them its file lacked.

    Args:
        looks: Those of its file.
        kept: What comparisons and records keep of the series, as `Look.to_json` writes it.
        series: What the first look comes after.
    """
    found = {look["candidate"]: (place, look) for place, look in enumerate(looks, 1)}
    lacked, highest = 0, 0
    for content in kept:
        entry, number = content.get("entry"), content.get("number")
        if not isinstance(entry, dict) or type(number) is not int or not _is_look(entry):
            continue  # somebody edited it: a number, or a hash, that it does not have is no evidence
        highest = max(highest, number)
        known = found.get(entry["candidate"])
        if known is None or known[1]["alpha"] < entry["alpha"]:
            found[entry["candidate"]] = (number, cast(LookEntry, entry))
            lacked += 1
    whole = [look for _, look in sorted(found.values(), key=lambda item: item[0])]
    # A look whose own comparison is gone, too: the one after it names its hash, and later ones have counted it.
    hashes = {series, *(look.get("sha256", "") for look in whole)}
    unseen = [link for look in whole if (link := look.get("before")) is not None and link not in hashes]
    gone = max(len(set(unseen)), highest - len(whole)) if whole else 0
    for place in range(gone):
        lost = LookEntry(candidate=f"{_LOST}{len(whole)}", alpha=max(look["alpha"] for look in whole))
        lost |= {"version": whole[-1].get("version", ""), "time": whole[-1].get("time", "")}
        if place < len(unseen):
            lost["sha256"] = unseen[place]
        whole.append(lost)
    return whole, lacked + gone


def _is_look(entry: Mapping[str, Any]) -> bool:
    """Return whether an entry is one that was written as it is."""
    alpha, kinds = entry.get("alpha"), (entry.get("candidate"), entry.get("version"), entry.get("sha256"))
    is_alpha = isinstance(alpha, float) and 0 < alpha < 1
    return is_alpha and all(isinstance(kind, str) for kind in kinds) and not is_edited(entry)


def _read_looks(path: Path) -> list[LookEntry]:
    """Return the looks of a file.

    Raises:
        InputError: It is damaged, or was edited.
    """
    content = read_json(path, (LOOKS_VERSION,), LooksContent)
    looks = content["looks"]
    # Files of before there was a hash have none.
    edited = "sha256" in content and content["sha256"] != _hash_of(looks)
    if edited or any(look["alpha"] <= 0 or is_edited(look) for look in looks):
        found, allowed = "was edited since it was written, and says no longer what α is left", "what yololab wrote"
        remedy = "restore it; or delete it: the looks that comparisons and records of runs show are counted again"
        raise InputError(Problem(str(path), found, allowed, f"{remedy}; `yololab promote RUN` begins a new series"))
    return looks


def _hash_of(looks: Sequence[LookEntry]) -> str:
    """Return the SHA-256 of all looks."""
    return hashlib.sha256(json.dumps(looks, sort_keys=True).encode()).hexdigest()


def no_look_left(baseline: Baseline, declared: int) -> InputError:
    """Return the error for a candidate that comes after the last look of its series."""
    return InputError(
        Problem(
            f"baseline.looks={declared}",
            f"all looks at version {baseline.origin()['version']} of {baseline.path} are used, and α is spent",
            "a series that ends",
            "a person decides what the series was for: `yololab promote RUN` puts a version in force and begins a new "
            "series (best on images that no candidate was chosen by); baseline.looks=null tests this one by itself",
        )
    )
