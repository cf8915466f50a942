"""How often a comparison is wrong on a user's own data: seeds of one recipe are equal by construction.

Each pair of runs that differ in nothing but the seed is compared as two checkpoints would be, and every way of putting
the seeds into two halves as two recipes. IMPROVED and DEGRADED are false alarms there.

Pairs share runs, so they are not independent. The variance of a mean over all pairs is at most that of a mean over
pairs that share no run (Hoeffding 1948, Annals of Mathematical Statistics 19, 293–325), of which S seeds have S // 2:
the interval is Clopper's and Pearson's for so many.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import combinations
from typing import Any

import numpy as np

from yololab.comparison.arms import Arm
from yololab.comparison.comparability import comparability_problems, pairing_problems
from yololab.comparison.evidence import read_records
from yololab.comparison.groups import units_of
from yololab.errors import InputError, Problem
from yololab.files.predictions import PredictionsError
from yololab.statistics.inference.hypothesis_tests import binomial_bounds
from yololab.statistics.inference.paired_comparison import compare_pair
from yololab.statistics.inference.paired_models import metrics_of, pair_of
from yololab.statistics.inference.recipe_difference import FEWEST_SEEDS, recipe_difference, replicates_of
from yololab.statistics.inference.resampling import Progress, Units, untold
from yololab.statistics.inference.verdict import ALPHA, CLAIMS, Verdict, decide_verdict
from yololab.statistics.records.base import Records
from yololab.tasks import TASKS, Direction
from yololab.text import counted, share

_MOST_SPLITS = 200  # of ten seeds into halves there are 126
# Below, even no false alarm at all leaves 30 % possible.
FEWEST_PAIRS = 10


@dataclass(frozen=True)
class FalseAlarms:
    """What became of comparisons of equal recipes.

    Attributes:
        kind: What was compared: single runs, or recipes of so many seeds a side.
        compared: How many comparisons.
        independent: How many of them share no run.
        verdicts: Verdict → how often.
        bare: How often the bare rule, a drop or gain of more than the tolerance, would have made a claim.
        rate: Share of IMPROVED and DEGRADED.
        low: Lower end of its 95 % interval.
        high: Upper end.
        meaning: What that says, in sentences.
    """

    kind: str
    compared: int
    independent: int
    verdicts: dict[str, int]
    bare: int
    rate: float
    low: float
    high: float
    meaning: str

    def to_json(self) -> dict[str, Any]:
        """Return it as `--json` prints it."""
        return asdict(self)


def with_seeds(arms: Sequence[Arm]) -> list[Arm]:
    """Return the recipes that have two seeds at least, each seed once.

    Raises:
        InputError: There is none.
    """
    found = [arm.one_a_seed() for arm in arms]
    kept = [arm for arm in found if arm.several]
    if not kept:
        remedy = "search=seeds trains more"
        raise InputError(
            Problem(arm.text, counted(len(arm.runs), "seed"), "two seeds of a recipe at least", remedy) for arm in found
        )
    return kept


def false_alarms(
    arms: Sequence[Arm], tolerance: float, group: str | None = None, progress: Progress = untold
) -> list[FalseAlarms]:
    """Compare the seeds of each recipe with each other, as single runs and, where there are enough, as recipes.

    Args:
        arms: The recipes, as `with_seeds` returns them.
        tolerance: The drop that still counts as no worse.
        group: What names the group of an image; None takes what the runs say.
        progress: Told how many comparisons are made, and how many there will be.

    Raises:
        InputError: The runs of a recipe were measured on different things, or have no records.
    """
    measured = [_measured(arm, group) for arm in arms]
    places = [list(combinations(range(len(arm.runs)), 2)) for arm in arms]
    total, done = sum(map(len, places)), 0
    verdicts: Counter[Verdict] = Counter()
    bare = 0
    for (records, units), pairs, arm in zip(measured, places, arms, strict=True):
        task = TASKS[arm.files[0].task]
        lower = task.primary.direction is Direction.LOWER
        for one, other in pairs:
            pair = pair_of(records[one], records[other], task.primary_metric)
            found = compare_pair(pair, tolerance, lower_is_better=lower, units=units)
            done += 1
            progress(done, total)
            if found is None:
                raise InputError(Problem(arm.text, "the images hold nothing to measure", "labelled images"))
            verdicts[found.verdict] += 1
            row = found.metric(task.primary_metric)
            bare += row is not None and row.delta is not None and abs(row.delta) > tolerance
    independent = sum(len(arm.runs) // 2 for arm in arms)
    return [_summed("single runs", verdicts, bare, independent), *_of_halves(arms, measured, tolerance)]


def _measured(arm: Arm, group: str | None) -> tuple[list[Records], Units]:
    """Return the records of an arm's runs, and what is independent of each other."""
    files = arm.files
    problems = [problem for file in files[1:] for problem in comparability_problems(file, files[0])]
    if problems:
        raise InputError(problems)
    try:
        records = [read_records(file, str(run.path)) for file, run in zip(files, arm.runs, strict=True)]
    except PredictionsError as error:
        remedy = "yololab evaluate model=… data=…"
        raise InputError(Problem(arm.text, str(error), "runs with their records", remedy)) from None
    problems = [problem for other in records[1:] for problem in pairing_problems(other, records[0])]
    if problems:
        raise InputError(problems)
    return records, units_of(records[0].keys, group or files[0].group, clusters=files[0].alike)


def _of_halves(
    arms: Sequence[Arm], measured: Sequence[tuple[list[Records], Units]], tolerance: float
) -> list[FalseAlarms]:
    """Return what becomes of the seeds of each recipe in two halves, which are compared as recipes."""
    verdicts: Counter[Verdict] = Counter()
    sizes: set[str] = set()
    bare = independent = 0
    for arm, (records, units) in zip(arms, measured, strict=True):
        half = len(records) // 2
        if half < FEWEST_SEEDS:
            continue
        independent += 1  # all splits of a recipe are made of the same runs
        sizes.add(f"{half} and {len(records) - half}")
        task = TASKS[arm.files[0].task]
        lower = task.primary.direction is Direction.LOWER
        runs = [metrics_of(item, task.primary_metric) for item in records]
        values = np.array([run.points()[task.primary_metric] for run in runs], np.float64)
        sampled = replicates_of(runs, units)
        for chosen in _splits(len(records), half):
            rest = np.setdiff1d(np.arange(len(records)), chosen)
            ours, theirs = tuple(values[chosen].tolist()), tuple(values[rest].tolist())
            sides = sampled[chosen], sampled[rest]
            found = recipe_difference(ours, theirs, *sides, len(units.keys), lower_is_better=lower)
            verdicts[decide_verdict(found.difference, tolerance)[0]] += 1
            bare += abs(found.difference.gain) > tolerance
    if not verdicts:
        return []
    return [_summed(f"recipes of {' or '.join(sorted(sizes))} seeds", verdicts, bare, independent)]


def _splits(count: int, half: int) -> list[np.ndarray[Any, Any]]:
    """Return ways of choosing one half: all, or some of them at random, where they are many."""
    # Of two equal halves each split would come twice.
    found = [np.array(chosen) for chosen in combinations(range(count), half) if 2 * half < count or 0 in chosen]
    if len(found) <= _MOST_SPLITS:
        return found
    kept = np.random.default_rng(0).choice(len(found), _MOST_SPLITS, replace=False)
    return [found[place] for place in sorted(kept.tolist())]


def _summed(kind: str, verdicts: Counter[Verdict], bare: int, independent: int) -> FalseAlarms:
    """Return the share of false alarms with its interval, and what it means."""
    compared = verdicts.total()
    rate = sum(verdicts[verdict] for verdict in CLAIMS) / compared
    low, high = binomial_bounds(rate * independent, independent, 0.025)
    found = {str(verdict): verdicts[verdict] for verdict in Verdict if verdicts[verdict]}
    meaning = _meaning(kind, rate, low, high, independent)
    return FalseAlarms(kind, compared, independent, found, bare, rate, low, high, meaning)


def _meaning(kind: str, rate: float, low: float, high: float, independent: int) -> str:
    """Return what a share of false alarms says."""
    single = kind == "single runs"
    if low > ALPHA:
        text = f"More than the {share(ALPHA)} that is meant"
        text += ": the seed alone makes a difference. " if single else ". "
        text += (
            "A verdict on one run a side is one on two checkpoints; of recipes, compare three seeds or more a side."
            if single
            else "Are images alike (evaluation.group), or the runs of one recipe not alike?"
        )
    elif high < 2 * ALPHA:
        text = f"In keeping with the {share(ALPHA)} that is meant."
    else:
        text = f"{share(rate)} cannot be told from the {share(ALPHA)} that is meant."
    if independent < FEWEST_PAIRS:
        what = counted(independent, "pair shares no run", "pairs share no run") if single else None
        what = what or f"the splits are made of the same runs, {counted(independent, 'recipe')}"
        none = binomial_bounds(0, independent, 0.025)[1]
        text += f" So few seeds say little: {what}, and even none that is wrong would leave {share(none)} possible."
    return text
