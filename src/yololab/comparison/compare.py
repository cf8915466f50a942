"""Comparing the current model with the baseline: the table, the verdict, and what stands against it."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from yololab.comparison.analysis import analyse
from yololab.comparison.comparability import (
    comparability_problems,
    describe,
    protocol_warnings,
    side_notes,
    silence_warning,
    tie_warning,
    tied_range,
)
from yololab.comparison.custom_metrics import CustomDifference, compare_custom
from yololab.comparison.evidence import Evidence, Tell, gather_evidence, in_silence, statistics_of
from yololab.comparison.guards import check_guards
from yololab.comparison.multiplicity.primary_metrics import (
    JointVerdict,
    PrimaryMetrics,
    bare_verdict,
    joint_verdict_of,
    metric_problems,
)
from yololab.comparison.result import Comparison, MetricRow
from yololab.comparison.selection.optimism import Excess, excess_of, explains, selection_notes, selection_warning
from yololab.comparison.slices.slices import Asked, slice_warning
from yololab.comparison.verdict_text import exact_test_text, guards_text, look_text, paired_text, verdict_text
from yololab.config.schema import GuardsConfig
from yololab.errors import InputError
from yololab.files.looks import Look
from yololab.files.metrics import FOLDS, MetricsFile
from yololab.statistics.inference.paired_comparison import (
    FEW_REPLICATES,
    FIRST_REPLICATES,
    ClassDifference,
    MetricDifference,
)
from yololab.statistics.inference.verdict import ALPHA, CLAIMS, Verdict
from yololab.tasks import TASKS, Direction

# Below, a warning stands with the verdict.
FEW_IMAGES = 30
DRY_RUN_TEXT = "A dry run: its numbers are those of a few images, and are compared with nothing."


def compare_metrics(
    current: MetricsFile,
    baseline: MetricsFile | None,
    tolerance: float,
    guards: GuardsConfig | None = None,
    *,
    group: str | None = None,
    look: Look | None = None,
    metrics: PrimaryMetrics | None = None,
    no_baseline: str = "There is no baseline for this dataset and task yet",
    slices: Sequence[str] | None = None,
    tell: Tell = in_silence,
) -> Comparison:
    """Compare two evaluations of the same split.

    Where both have their per-detection records next to them, the verdict rests on a paired test over the images.
    Without, the rule on bare metrics is applied: with Δ the gain of the primary metric and τ the tolerance, Δ < −τ is
    DEGRADED, Δ > 0 is IMPROVED, anything between is NOT_WORSE. It has no statistical support, and says so.

    Args:
        current: The current model's metrics.
        baseline: The baseline's; None when there is none.
        tolerance: The drop that still counts as no worse.
        guards: Limits besides the primary metric.
        group: What names the group of an image (`evaluation.group`); None takes what the evaluations say.
        look: Its place in a series of candidates that share one α; None for a comparison of its own.
        metrics: The metrics that decide together; None for the primary one alone.
        slices: By what the images are told apart (`evaluation.slices`); None for what is usual.
        no_baseline: Why there is none, without the full stop.
        tell: Told what is being done.

    Raises:
        InputError: The two measured different things: another task, split, images, labels or classes.
    """
    problems = comparability_problems(current, baseline) if baseline is not None else []
    problems += metric_problems(metrics.names if metrics else None, TASKS[current.task])
    if problems:
        raise InputError(problems)
    alpha, secondary = look.alpha if look else ALPHA, FEW_REPLICATES if metrics else FIRST_REPLICATES
    evidence = gather_evidence(current, baseline, tolerance, group, tell, alpha=alpha, secondary=secondary)
    tell("looking for what stands behind it", 0, 0)
    classes = class_differences(evidence, current, TASKS[current.task].class_metric)
    watched = check_guards(guards or GuardsConfig(), current, evidence.current, classes, baseline, evidence.units)
    custom = list(compare_custom(evidence.current, evidence.baseline))
    differences = [asdict(item) for item in custom if isinstance(item, CustomDifference)]
    excess: Excess | None = None
    joint: JointVerdict | None = None
    rows = _rows(current, baseline, evidence)
    if baseline is None:
        verdict, confirmed = Verdict.NO_BASELINE, False
        text = f"{no_baseline}; promote this run to make it the baseline."
    else:
        verdict, confirmed, text = _decided(current, baseline, tolerance, evidence, look)
        excess = excess_of(current, baseline)
        withdrawn = None if excess is None else _less_the_choice(excess, evidence, current, tolerance)
        if withdrawn is not None:
            verdict, confirmed, text = withdrawn
        if metrics is not None and evidence.single is None:
            joint = joint_verdict_of(
                current, rows, evidence.result, metrics, tolerance, alpha, withdrawn=text if withdrawn else None
            )
            verdict, confirmed, text = joint.verdict, joint.confirmed, joint.text
    remedy = f"yololab evaluate model={current.content.get('model') or '…'} data={current.content.get('data') or '…'}"
    asked = Asked(slices, group or current.group or (baseline.group if baseline else None), remedy=remedy)
    analysis = analyse(evidence, current, asked)
    broken = [guard.message for guard in watched if guard.broken]
    text += guards_text(broken)
    notes = [*side_notes(current, baseline), *evidence.missing] if baseline is not None else []
    notes += selection_notes(excess, current.primary.name) if excess is not None else []
    if evidence.result is not None:
        notes += [exact_test_text(test) for test in evidence.result.exact_tests if test.metric == current.primary.name]
        notes += [item.message if isinstance(item, CustomDifference) else item for item in custom]
        sides = "Two checkpoints" if FOLDS not in current.content else "Two sets of checkpoints, one a fold,"
        notes.append(f"{sides} are compared: that does not measure variation between seeds.")
    otherwise = joint.otherwise if joint else evidence.result.otherwise if evidence.result else Verdict.INCONCLUSIVE
    return Comparison(
        verdict=verdict,
        text=text,
        statistical_support=evidence.result is not None,
        primary_metric=current.primary.name,
        tolerance=tolerance,
        rows=rows,
        per_class=() if baseline is None else class_rows(current, baseline, classes, TASKS[current.task].class_metric),
        current=describe(current),
        baseline=None if baseline is None else describe(baseline),
        warnings=()
        if baseline is None
        else (
            *([look.warning] if look and look.warning else []),
            *_warnings(current, baseline, evidence, excess, analysis),
        ),
        notes=tuple(notes),
        confirmed=confirmed,
        otherwise=otherwise,
        statistics=None if evidence.result is None else {**statistics_of(evidence.result), "otherwise": otherwise},
        guards=watched,
        analysis={
            **({} if baseline is None else other_classes(evidence, current, baseline)),
            **analysis,
            **({"custom_metrics": differences} if differences else {}),
            **({"selection": excess.to_json()} if excess is not None else {}),
            **({"primary_metrics": joint.to_json()} if joint is not None else {}),
        },
        look=look,
    )


def _decided(
    current: MetricsFile, baseline: MetricsFile, tolerance: float, evidence: Evidence, look: Look | None
) -> tuple[Verdict, bool, str]:
    """Return the verdict, whether a degradation is confirmed, and the text."""
    metric = current.primary
    lower = current.direction(metric) is Direction.LOWER
    if evidence.result is not None:
        result = evidence.result
        text = paired_text(result, metric.name, tolerance, lower_is_better=lower)
        row_of_primary = result.metric(metric.name)
        text += look_text(look, row_of_primary.p if row_of_primary else None) if look else ""
        return result.verdict, result.confirmed, text
    row = MetricRow(metric.name, current.direction(metric), current.value(metric.name), baseline.value(metric.name))
    assert row.gain is not None
    verdict = bare_verdict(row.gain, tolerance)
    if look and verdict in CLAIMS:
        verdict = Verdict.INCONCLUSIVE  # bare numbers know no α that a series could share
    bare = MetricDifference(metric.name, row.current, row.baseline)
    if evidence.single is not None:
        verdict = Verdict.INCONCLUSIVE  # the rule on bare numbers is for those that have nothing else
    text = verdict_text(verdict, bare, tolerance, lower_is_better=lower)
    return verdict, False, f"{text} {evidence.single}" if evidence.single else text


def _less_the_choice(
    excess: Excess, evidence: Evidence, current: MetricsFile, tolerance: float
) -> tuple[Verdict, bool, str] | None:
    """Return what is left of a claim that the choice of checkpoints explains; None where it stands."""
    metric, result = current.primary, evidence.result
    row = result.metric(metric.name) if result is not None else None
    lower = current.direction(metric) is Direction.LOWER
    if result is None or row is None or not explains(excess, result.verdict, row.ci95, lower_is_better=lower):
        return None
    text = verdict_text(result.otherwise, row, tolerance, lower_is_better=lower, over=result.unit)
    side, other = ("current model", "baseline") if excess.bias > 0 else ("baseline", "current model")
    reason = f"The {side} was chosen from more checkpoints on this split, or a more restless curve, than the {other}; "
    reason += f"that alone is expected to give it {abs(excess.bias):.4f} ± {excess.error:.4f}, so the difference is no "
    return result.otherwise, False, f"{text} {reason}claim: evaluation.split=test would settle it."


def _warnings(
    current: MetricsFile, baseline: MetricsFile, evidence: Evidence, excess: Excess | None, analysis: Mapping[str, Any]
) -> list[str]:
    """Return what makes the verdict less than it seems."""
    warnings = protocol_warnings(current, baseline, paired=evidence.result is not None)
    name = current.primary.name
    if current.value(name) == baseline.value(name) == 0 and current.primary.direction is Direction.HIGHER:
        # Two models that are equal in finding nothing at all.
        warnings.insert(0, f"{name} is 0 on both sides: neither model finds anything, and they are equal only in that.")
    if excess is not None and (unequal := selection_warning(excess, name)):
        warnings.insert(0, unequal)
    if evidence.result is not None and evidence.result.images < FEW_IMAGES:
        few = f"Only {evidence.result.images} {evidence.result.unit}: what so few do not show can be anything."
        warnings.insert(0, few)
    if evidence.alike:
        warnings.insert(0, evidence.alike)
    if worse := slice_warning(analysis.get("slices")):
        warnings.insert(0, worse)
    if evidence.current is not None and evidence.baseline is not None:
        silent = silence_warning(current, baseline, evidence.current, evidence.baseline)
        warnings += [silent] if silent else []
    for records, side in ((evidence.current, "the current model"), (evidence.baseline, "the baseline")):
        if records is not None and (tied := tied_range(records, name)):
            warnings.append(tie_warning(tied, name, side))
    if evidence.result is not None and evidence.result.carriers and (decisive := evidence.result.carriers.warning):
        warnings.append(decisive)
    return warnings


def _rows(current: MetricsFile, baseline: MetricsFile | None, evidence: Evidence) -> tuple[MetricRow, ...]:
    """Return every metric of the task."""
    return tuple(
        MetricRow(
            metric.name,
            current.direction(metric),
            current.value(metric.name),
            baseline.value(metric.name) if baseline else None,
            evidence.result.metric(metric.name) if evidence.result else None,
        )
        for metric in current.metrics
    )


def class_differences(evidence: Evidence, current: MetricsFile, metric: str) -> dict[str, ClassDifference]:
    """Return what the images say of one metric of each class, by the class's name."""
    if evidence.result is None:
        return {}
    names = current.classes or {}
    found = (item for item in evidence.result.classes if item.metric == metric)
    return {names.get(str(item.index), str(item.index)): item for item in found}


def other_classes(evidence: Evidence, current: MetricsFile, baseline: MetricsFile) -> dict[str, Any]:
    """Return the rows of the class metrics other than the one that goes with the primary metric."""
    metrics = dict.fromkeys(item.metric for item in (evidence.result.classes if evidence.result else ()))
    rows = {
        metric: list(class_rows(current, baseline, class_differences(evidence, current, metric), metric))
        for metric in metrics
        if metric != TASKS[current.task].class_metric
    }
    return {"per_class_other": rows} if rows else {}


def class_rows(
    current: MetricsFile, baseline: MetricsFile, classes: Mapping[str, ClassDifference], metric: str
) -> tuple[dict[str, Any], ...]:
    """Return one metric of each class on both sides, by class name, and what the images say of it."""
    ours, theirs = current.content.get("per_class") or {}, baseline.content.get("per_class") or {}
    rows = []
    for name in ours:
        now, before = ours[name].get(metric), (theirs.get(name) or {}).get(metric)
        delta = now - before if now is not None and before is not None else None
        found = classes.get(name)
        low, high = (found.ci95 if found else None) or (None, None)
        row = {"name": name, "metric": metric, "current": now, "baseline": before, "delta": delta}
        row |= {"ci_low": low, "ci_high": high}
        rows.append(row | {key: getattr(found, key, None) for key in ("p", "q", "images", "insufficient")})
    return tuple(rows)
