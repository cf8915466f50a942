"""Comparing recipes: a recipe is a configuration run with several seeds, and the seeds are part of what varies."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from itertools import combinations, product
from statistics import fmean
from typing import Any

from yololab.comparison.arms import Arm
from yololab.comparison.comparability import (
    comparability_problems,
    describe,
    pairing_problems,
    protocol_warnings,
    side_notes,
)
from yololab.comparison.evidence import RESAMPLING, Tell, in_silence, read_records
from yololab.comparison.groups import units_of
from yololab.comparison.multiplicity.primary_metrics import PrimaryMetrics, joint_verdict_of, metric_problems
from yololab.comparison.result import Comparison, MetricRow
from yololab.comparison.run_reference import RunReference
from yololab.comparison.verdict_text import verdict_text
from yololab.errors import InputError, Problem
from yololab.files.predictions import PredictionsError
from yololab.statistics.inference.hypothesis_tests import detectable_drop
from yololab.statistics.inference.paired_comparison import MetricDifference
from yololab.statistics.inference.recipe_difference import FEWEST_SEEDS, RecipeDifference, compare_recipes_by
from yololab.statistics.inference.seeds import outlying
from yololab.statistics.inference.verdict import CLAIMS, Verdict, decide_verdict
from yololab.statistics.records.base import Records
from yololab.tasks import TASKS, Direction

_OVER = "images and seeds"
_FROM_WORST = (Verdict.DEGRADED, Verdict.INCONCLUSIVE, Verdict.NOT_WORSE, Verdict.EQUIVALENT, Verdict.IMPROVED)


def compare_groups(
    current: Sequence[Arm],
    baseline: Sequence[Arm],
    tolerance: float,
    group: str | None = None,
    tell: Tell = in_silence,
    metrics: PrimaryMetrics | None = None,
) -> Comparison:
    """Compare recipes: one with one, or several with one; then the worst verdict stands, and all are listed.

    Args:
        current: The current recipes.
        baseline: The others.
        tolerance: The drop that still counts as no worse.
        group: What names the group of an image (`evaluation.group`); None takes what the first run says.
        tell: Told what is being done.
        metrics: The metrics that decide together; None for the primary one alone.

    Raises:
        InputError: Both sides have several, or the runs were measured on different things.
    """
    if len(current) > 1 and len(baseline) > 1:
        named = "; ".join(arm.text for arm in (*current, *baseline))
        remedy = "name the runs of one configuration on one side, e.g. with a narrower pattern: 'multirun/x/[0-2]'"
        found = f"{len(current)} and {len(baseline)} configurations that differ in more than the seed ({named})"
        raise InputError(Problem("comparison", found, "several on one side at most", remedy))
    pairs = list(product(current, baseline))
    found_all = [
        compare_arms(*pair, tolerance, group, tell_of(tell, place, len(pairs)), metrics)
        for place, pair in enumerate(pairs, 1)
    ]
    worst = min(found_all, key=lambda found: _FROM_WORST.index(found.verdict))
    if len(found_all) == 1:
        return worst
    rows = [
        {
            "current": found.current["path"],
            "baseline": (found.baseline or {}).get("path"),
            "verdict": found.verdict,
            "delta": found.primary.delta,
            "sentence": found.text,
        }
        for found in found_all
    ]
    notes = [f"{row['current']} against {row['baseline']}: {row['verdict']}. {row['sentence']}" for row in rows]
    notes.append(
        f"{len(rows)} recipes were compared; the best of several looks better than it is: confirm it with new seeds."
    )
    return replace(worst, notes=(*worst.notes, *notes), analysis={**worst.analysis, "recipes": rows})


def tell_of(tell: Tell, place: int, count: int) -> Tell:
    """Return what is told of one of several comparisons."""
    return tell if count == 1 else lambda doing, *counted: tell(f"{place} of {count}: {doing}", *counted)


def compare_arms(
    current: Arm,
    baseline: Arm,
    tolerance: float,
    group: str | None = None,
    tell: Tell = in_silence,
    metrics: PrimaryMetrics | None = None,
) -> Comparison:
    """Compare two recipes, or say what too few seeds cannot claim.

    Args:
        current: The current recipe's runs.
        baseline: The other's.
        tolerance: The drop that still counts as no worse.
        group: What names the group of an image (`evaluation.group`); None takes what the first run says.
        tell: Told what is being done.
        metrics: The metrics that decide together; None for the primary one alone.

    Raises:
        InputError: The runs were measured on different things, or have no records.
    """
    named, (current, baseline) = (current, baseline), (current.one_a_seed(), baseline.one_a_seed())
    files = (*current.files, *baseline.files)
    problems = [problem for file in files[1:] for problem in comparability_problems(file, files[0])]
    problems += metric_problems(metrics.names if metrics else None, TASKS[files[0].task])
    if problems:
        raise InputError(problems)
    tell("reading the records", 0, 0)
    ours, theirs = ([_records_of(run) for run in arm.runs] for arm in (current, baseline))
    problems = [problem for records in (*ours[1:], *theirs) for problem in pairing_problems(records, ours[0])]
    problems += [problem for arm, runs in ((current, ours), (baseline, theirs)) for problem in _repeated(arm, runs)]
    if problems:
        raise InputError(problems)
    first, other = current.files[0], baseline.files[0]
    task = TASKS[first.task]
    notes = [f"Means over the runs: {current.description} against {baseline.description}."]
    notes += [
        f"{arm.text}: the same seed more than once; only the first run of a seed counts."
        for arm, kept in zip(named, (current, baseline), strict=True)
        if len(kept.runs) < len(arm.runs)
    ]
    pairs = [(file, other) for file in current.files] + [(first, file) for file in baseline.files]
    unsupported = Comparison(
        verdict=Verdict.INCONCLUSIVE,
        text=f"No claim on the recipes: that needs {FEWEST_SEEDS} different seeds an arm, and there are "
        f"{len(current.runs)} and {len(baseline.runs)}. Single runs can be compared as checkpoints.",
        statistical_support=False,
        primary_metric=task.primary_metric,
        tolerance=tolerance,
        rows=tuple(
            MetricRow(metric.name, metric.direction, current.mean(metric.name), baseline.mean(metric.name))
            for metric in task.metrics
        ),
        per_class=(),
        current=describe(first) | {"path": current.text, "runs": [str(run.path) for run in current.runs]},
        baseline=describe(other) | {"path": baseline.text, "runs": [str(run.path) for run in baseline.runs]},
        warnings=(
            *dict.fromkeys(warning for pair in pairs for warning in protocol_warnings(*pair)),
            *(text for arm in (current, baseline) if (text := _outlier(arm, task.primary_metric))),
        ),
        notes=(*notes, *side_notes(first, other)),
    )
    if min(len(current.runs), len(baseline.runs)) < FEWEST_SEEDS:
        return unsupported
    units = units_of(ours[0].keys, group or first.group, clusters=first.alike)
    progress = partial(tell, RESAMPLING)
    lower = {metric.name: metric.direction is Direction.LOWER for metric in task.metrics}
    chosen = dict.fromkeys([task.primary_metric, *(metrics.names if metrics else ())])
    found = compare_recipes_by(
        ours, theirs, task.primary_metric, {name: lower[name] for name in chosen}, units=units, progress=progress
    )
    differences = {name: _metric_difference(one, name, -1 if lower[name] else 1) for name, one in found.items()}
    rows = tuple(replace(row, difference=differences.get(row.metric)) for row in unsupported.rows)
    supported = replace(unsupported, statistical_support=True, rows=rows)
    of_primary, difference = found[task.primary_metric], differences[task.primary_metric]
    statistics = _statistics(of_primary, difference, len(units.keys))
    if metrics is not None:
        joint = joint_verdict_of(first, rows, None, metrics, tolerance, over=_OVER)
        return replace(
            supported,
            verdict=joint.verdict,
            otherwise=joint.otherwise,
            confirmed=joint.confirmed,
            text=joint.text,
            statistics=statistics,
            analysis={"primary_metrics": joint.to_json()},
        )
    verdict, confirmed = decide_verdict(of_primary.difference, tolerance)
    return replace(
        supported,
        verdict=verdict,
        otherwise=decide_verdict(of_primary.difference, tolerance, CLAIMS)[0],
        text=_text(
            verdict, of_primary, difference, tolerance, lower_is_better=lower[difference.metric], confirmed=confirmed
        ),
        confirmed=confirmed,
        statistics=statistics,
    )


def _repeated(arm: Arm, records: Sequence[Records]) -> list[Problem]:
    """Return the problem of runs whose seeds differ and whose detections do not: the seed had no effect."""
    for (one, ours), (two, theirs) in combinations(enumerate(records), 2):
        if ours.same_as(theirs):
            seeds = f"seeds {arm.seeds[one]} and {arm.seeds[two]}"
            found = f"{seeds} of {arm.text} made the same detections, bit for bit: the seed had no effect"
            remedy = "check that each was trained (not copied), and that its version of Ultralytics heeds `seed`"
            return [Problem("comparison, seeds", found, "runs that differ", remedy)]
    return []


def _outlier(arm: Arm, metric: str) -> str | None:
    """Return that one seed is far from the others; None where none is."""
    values = [value for value in (file.value(metric) for file in arm.files) if value is not None]
    place = outlying(values) if len(values) == len(arm.runs) else None
    if place is None:
        return None
    rest = fmean(value for index, value in enumerate(values) if index != place)
    return (
        f"Seed {arm.seeds[place]} of {arm.text} stands out: {metric} {values[place]:.4f}, the others {rest:.4f} on "
        f"average ({arm.runs[place].path}); look whether its training was whole."
    )


def _records_of(run: RunReference) -> Records:
    """Return a run's records."""
    try:
        return read_records(run.measured(), str(run.path))
    except PredictionsError as error:
        remedy = "yololab evaluate model=… data=…"
        raise InputError(Problem(str(run.path), str(error), "a run with its records", remedy)) from None


def _metric_difference(found: RecipeDifference, metric: str, sign: int) -> MetricDifference:
    """Return the primary metric as `current − baseline`; a sign of −1 turns gains back into differences."""
    gain, means = found.difference, (fmean(found.current), fmean(found.baseline))
    (low95, high95), (low90, high90) = (sorted(sign * end for end in ends) for ends in (gain.ci95, gain.ci90))
    return MetricDifference(metric, *means, (low95, high95), (low90, high90), found.standard_error, gain.p)


def _statistics(found: RecipeDifference, difference: MetricDifference, images: int) -> dict[str, Any]:
    """Return what stands behind the verdict, as it is written to comparison.json."""
    low, high = difference.ci95 or (None, None)
    return {
        "images": images,
        "current_runs": list(found.current),
        "baseline_runs": list(found.baseline),
        "delta": difference.delta,
        "ci_low": low,
        "ci_high": high,
        "p_value": difference.p,
        "standard_error": found.standard_error,
        "image_share": found.image_share,
        "degrees_of_freedom": found.degrees,
        "detectable_drop": detectable_drop(found.standard_error),
        "interval": "95 %, Satterthwaite's t, over images and seeds",
        "claim": "two recipes",
    }


def _text(
    verdict: Verdict,
    found: RecipeDifference,
    difference: MetricDifference,
    tolerance: float,
    *,
    lower_is_better: bool,
    confirmed: bool,
) -> str:
    """Return the verdict in words; an inconclusive one says where the uncertainty comes from."""
    of_recipe = replace(difference, metric=f"{difference.metric} of the recipe")
    text = verdict_text(verdict, of_recipe, tolerance, lower_is_better=lower_is_better, confirmed=confirmed, over=_OVER)
    if verdict is not Verdict.INCONCLUSIVE:
        return text
    return f"{text} {1 - found.image_share:.0%} of the uncertainty comes from the seeds."
