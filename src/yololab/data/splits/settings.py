"""What is asked of a split: where to, into which parts, what stays together, what stays as it is."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from yololab.data.splits.folds import FEWEST
from yololab.errors import InputError, Problem
from yololab.text import one_of

KEYS = ("out", "ratios", "folds", "group", "keep")
_PARTS = ("train", "val", "test")
_MOST_FOLDS = 100
_SUM = 1e-6


@dataclass(frozen=True)
class SplitSettings:
    """What is asked for.

    Attributes:
        out: The folder of the lists, as it was typed.
        ratios: Shares of train, val and test, or of train and val; empty for folds.
        folds: Number of folds; None for ratios.
        group: What stays together, in the words of `evaluation.group`; None for images that look alike.
        keep: A split that stays as it is; None for none.
    """

    out: str
    ratios: tuple[float, ...] = ()
    folds: int | None = None
    group: str | None = None
    keep: str | None = None

    @property
    def shares(self) -> dict[str, float]:
        """The share of the images that each part is to have."""
        if self.folds is not None:
            return {f"fold_{place}": 1 / self.folds for place in range(self.folds)}
        return dict(zip(_PARTS, self.ratios, strict=False))

    @property
    def asked(self) -> str:
        """What is asked for, in words."""
        parts = f"folds={self.folds}" if self.folds is not None else f"ratios={','.join(f'{x:g}' for x in self.ratios)}"
        more = [f"{key}={value}" for key, value in (("group", self.group), ("keep", self.keep)) if value]
        return " ".join([parts, *more])


def read_split_settings(given: Mapping[str, str]) -> SplitSettings:
    """Read what was typed.

    Args:
        given: `out`, `ratios` or `folds`, and perhaps `group` and `keep`.

    Raises:
        InputError: All that is wrong or missing.

    >>> read_split_settings({"out": "folds", "folds": "5"}).shares["fold_4"]
    0.2
    """
    problems: list[Problem] = []
    if not given.get("out"):
        problems.append(Problem("out", "missing", "a new folder for the lists", "out=DIR"))
    if ("ratios" in given) == ("folds" in given):
        found = "both given" if "ratios" in given else "neither given"
        problems.append(Problem("ratios, folds", found, "one of them", "ratios=0.8,0.1,0.1, or folds=5"))
    keep = given.get("keep") or None
    if keep not in (None, "test"):
        problems.append(Problem("keep", repr(keep), one_of(["test"])))
    ratios = _ratios(given["ratios"], keep, problems) if "ratios" in given else ()
    folds = _folds(given["folds"], problems) if "folds" in given else None
    if problems:
        raise InputError(problems)
    return SplitSettings(given["out"], ratios, folds, given.get("group") or None, keep)


def _ratios(text: str, keep: str | None, problems: list[Problem]) -> tuple[float, ...]:
    most = 2 if keep else 3
    allowed = "two numbers, of train and val" if keep else "two or three numbers, of train, val and test"
    try:
        found = tuple(float(part) for part in text.strip("[]()").split(","))
    except ValueError:
        found = ()
    if not 2 <= len(found) <= most:
        problems.append(Problem("ratios", repr(text), f"{allowed}: ratios=0.8,0.2"))
    elif not all(0 < part < 1 for part in found) or abs(math.fsum(found) - 1) > _SUM:
        kept = [part for part in found if part > 0]
        total = math.fsum(kept)
        fits = len(kept) > 1 and min(found) >= 0 and math.isfinite(total)
        remedy = f"ratios={','.join(f'{part / total:.4g}' for part in kept)}" if fits else ""
        what = text if abs(math.fsum(found) - 1) <= _SUM else f"{text}, which add up to {math.fsum(found):g}"
        problems.append(Problem("ratios", what, f"{allowed}, above 0, sum 1; a part of nothing is left out", remedy))
    return found


def _folds(text: str, problems: list[Problem]) -> int | None:
    if text.isdecimal() and FEWEST <= int(text) <= _MOST_FOLDS:
        return int(text)
    problems.append(Problem("folds", repr(text), f"a whole number, {FEWEST} to {_MOST_FOLDS}"))
    return None
