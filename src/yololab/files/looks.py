"""Looks: each candidate that is held against a reference is one look, and all looks of a series share one α.

Twenty equal models in a row, each tested at 0.05, make one false claim likely. In a declared series of N looks each is
tested at α/N (Bonferroni): whatever the models have in common and in whichever order they come, the chance of any false
claim is at most α. A look belongs to a candidate, told by the hash of its checkpoint: to resume a run, to compare again
or to move the project spends nothing. A hash over the list shows an edit of it, by accident or to please:
α would be spent again.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Required, TypedDict

from filelock import FileLock

from yololab.errors import InputError, Problem
from yololab.files.baseline import Baseline
from yololab.files.json_files import read_json, write_json
from yololab.files.paths import METRICS, PREDICTIONS
from yololab.files.reading import sha256_of
from yololab.files.record import now

LOOKS_VERSION = 1
_ROUNDING = 1e-9


class LookEntry(TypedDict, total=False):
    """One look."""

    candidate: Required[str]
    alpha: Required[float]
    version: str
    time: str


class LooksContent(TypedDict, total=False):
    """looks.json of a baseline: every candidate that was held against it, oldest first."""

    looks: Required[list[LookEntry]]
    sha256: str


class LookContent(TypedDict):
    """The place of a comparison in its series, as it stands in comparison.json."""

    number: int
    of: int
    alpha: float


@dataclass(frozen=True)
class Look:
    """The place of one comparison in its series.

    Attributes:
        number: Which candidate of the series it is, from 1.
        of: How many looks were declared.
        alpha: What p has to lie below for a claim; 0 when all looks are used.
    """

    number: int
    of: int
    alpha: float

    @property
    def spent(self) -> bool:
        """Whether nothing of α was left for it."""
        return self.alpha <= 0

    def to_json(self) -> LookContent:
        """Return it as it stands in comparison.json."""
        return LookContent(number=self.number, of=self.of, alpha=self.alpha)


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
        version, looks, ours = _looks_now(baseline)
        look = look_of(ours, candidate, declared, alpha)
        if look.number > len(ours) and not look.spent:
            entry = LookEntry(candidate=candidate, alpha=look.alpha, version=version, time=now())
            written = [*looks, entry]
            write_json(baseline.looks, {"looks": written, "sha256": _hash_of(written)}, LOOKS_VERSION)
        return look


def looks_left(baseline: Baseline, declared: int, alpha: float) -> bool:
    """Return whether another candidate could be told from the version of a baseline that is in force.

    Raises:
        InputError: The file of the looks is damaged.
    """
    return not look_of(_looks_now(baseline)[2], "", declared, alpha).spent


def _looks_now(baseline: Baseline) -> tuple[str, list[LookEntry], list[LookEntry]]:
    """Return the version in force, all looks at a baseline, and those at this version."""
    version = baseline.origin()["version"]
    looks = _read_looks(baseline.looks) if baseline.looks.is_file() else []
    return version, looks, [look for look in looks if look.get("version") == version]


def _read_looks(path: Path) -> list[LookEntry]:
    """Return the looks of a file.

    Raises:
        InputError: It is damaged, or was edited.
    """
    content = read_json(path, (LOOKS_VERSION,), LooksContent)
    looks = content["looks"]
    # Files of before there was a hash have none.
    if ("sha256" in content and content["sha256"] != _hash_of(looks)) or any(look["alpha"] <= 0 for look in looks):
        found, allowed = "was edited since it was written, and says no longer what α is left", "what yololab wrote"
        raise InputError(Problem(str(path), found, allowed, "restore it; `yololab promote RUN` begins a new series"))
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
