"""Comparing the current model with the baseline: the table, the verdict, and what stands against it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from yololab.comparison.analysis import analyse
from yololab.comparison.class_rows import class_differences, class_rows, other_classes
from yololab.comparison.comparability import comparability_problems, describe, protocol_warnings, side_notes
from yololab.comparison.evidence import Evidence, gather_evidence, statistics_of
from yololab.comparison.guards import Guard, check_guards
from yololab.comparison.verdict_text import exact_test_text, paired_text, two_numbers_text
from yololab.config.schema import Gate, GuardsConfig
from yololab.errors import InputError
from yololab.files.metrics import MetricsFile
from yololab.statistics.inference.paired_comparison import MetricDifference
from yololab.statistics.inference.verdict import Verdict
from yololab.tasks import TASKS, Direction

COMPARISON_VERSION = 2
# Below, percentile intervals are known to be too narrow.
FEW_IMAGES = 30


@dataclass(frozen=True)
class MetricRow:
    """One metric beside its baseline.

    Attributes:
        metric: Its name.
        direction: Which way it improves.
        current: The current model's value; None when it is not known.
        baseline: The baseline's value; None when it is not known.
        difference: What the images say of it; None without records.
    """

    metric: str
    direction: Direction
    current: float | None
    baseline: float | None
    difference: MetricDifference | None = None

    @property
    def delta(self) -> float | None:
        """`current - baseline`, in the metric's own unit."""
        return None if self.current is None or self.baseline is None else self.current - self.baseline

    @property
    def percent(self) -> float | None:
        """`delta` in percent of the baseline; None when the baseline is zero."""
        return None if self.delta is None or not self.baseline else self.delta / self.baseline * 100

    @property
    def gain(self) -> float | None:
        """`delta` with its sign turned so that more is better."""
        return None if self.delta is None else (self.delta if self.direction is Direction.HIGHER else -self.delta)

    @property
    def arrow(self) -> str:
        """▲ risen, ▼ fallen, = unchanged, empty when not known."""
        return "" if self.delta is None else "▲" if self.delta > 0 else "▼" if self.delta < 0 else "="

    @property
    def interval(self) -> tuple[float, float] | None:
        """The 95 % interval of `delta`; None without records."""
        return self.difference.ci95 if self.difference else None

    @property
    def p(self) -> float | None:
        """The two-sided p-value; None without records."""
        return self.difference.p if self.difference else None

    def to_json(self) -> dict[str, Any]:
        """Return the row as it stands in comparison.json; the interval and p are unknown without records."""
        low, high = self.interval or (None, None)
        return {
            "metric": self.metric,
            "direction": self.direction,
            "current": self.current,
            "baseline": self.baseline,
            "delta": self.delta,
            "percent": self.percent,
            "arrow": self.arrow,
            "ci_low": low,
            "ci_high": high,
            "p": self.p,
            "standard_error": self.difference.standard_error if self.difference else None,
        }


@dataclass(frozen=True)
class Comparison:
    """The result of a comparison.

    Attributes:
        verdict: What it says.
        sentence: The same for people.
        statistical_support: Whether the verdict rests on a test over the images.
        primary_metric: The metric that decides.
        tolerance: The drop of it that still counts as no worse.
        rows: All metrics.
        per_class: `{name, metric, current, baseline, delta, ci_low, ci_high, p, q, images, insufficient}` of the class
            metric that goes with the primary one.
        current: What the current model is: path, model, split, fingerprint.
        baseline: The same of the baseline; None without one.
        warnings: What makes the two numbers less alike than they should be.
        notes: What a reader should know, good or bad.
        confirmed: Whether a degradation is certain even at the upper end of its interval.
        statistics: What stands behind the verdict; None without records.
        guards: The limits beside the primary metric that were set.
        analysis: Further keys of comparison.json: image by image, error by error.
    """

    verdict: Verdict
    sentence: str
    statistical_support: bool
    primary_metric: str
    tolerance: float
    rows: tuple[MetricRow, ...]
    per_class: tuple[dict[str, Any], ...]
    current: dict[str, Any]
    baseline: dict[str, Any] | None
    warnings: tuple[str, ...]
    notes: tuple[str, ...]
    confirmed: bool = False
    statistics: Mapping[str, Any] | None = None
    guards: tuple[Guard, ...] = ()
    analysis: Mapping[str, Any] = field(default_factory=dict)

    @property
    def primary(self) -> MetricRow:
        """The row that decides."""
        return next(row for row in self.rows if row.metric == self.primary_metric)

    @property
    def broken_guards(self) -> tuple[str, ...]:
        """The broken guards in words."""
        return tuple(guard.told for guard in self.guards if guard.broken)

    def passes(self, gate: Gate) -> bool:
        """Return whether the comparison passes the gate; a broken guard does not, unless there is no gate."""
        if gate is Gate.NONE:
            return True
        return not self.broken_guards and passes(self.verdict, gate, confirmed=self.confirmed)

    def to_json(self, gate: Gate) -> dict[str, Any]:
        """Return the content of comparison.json."""
        return {
            "verdict": self.verdict,
            "confirmed": self.confirmed,
            "sentence": self.sentence,
            "statistical_support": self.statistical_support,
            "primary_metric": self.primary_metric,
            "tolerance": self.tolerance,
            "metrics": [row.to_json() for row in self.rows],
            "per_class": list(self.per_class),
            "statistics": self.statistics,
            "guards": [guard.to_json() for guard in self.guards],
            "current": self.current,
            "baseline": self.baseline,
            "warnings": list(self.warnings),
            "notes": list(self.notes),
            "gate": {"policy": gate, "passed": self.passes(gate)},
            **self.analysis,
        }


DRY_RUN_TEXT = "A dry run: its numbers are those of a few images, and are compared with nothing."


def passes(verdict: Verdict, gate: Gate, *, confirmed: bool) -> bool:
    """Return whether a verdict passes the gate.

    Args:
        verdict: The verdict.
        gate: `degraded` stops DEGRADED, `confirmed` only a confirmed one, `not_improved` all but IMPROVED.
        confirmed: Whether a degradation is certain even at the upper end of its interval.
    """
    if gate is Gate.NONE or verdict is Verdict.NO_BASELINE:
        return True
    if gate is Gate.NOT_IMPROVED:
        return verdict is Verdict.IMPROVED
    return verdict is not Verdict.DEGRADED or (gate is Gate.CONFIRMED and not confirmed)


def compare_metrics(
    current: MetricsFile,
    baseline: MetricsFile | None,
    tolerance: float,
    guards: GuardsConfig | None = None,
    *,
    analysis: bool = True,
    no_baseline: str = "There is no baseline for this dataset and task yet",
) -> Comparison:
    """Compare two evaluations of the same split.

    Where both have their per-detection records beside them, the verdict rests on a paired test over the images.
    Without, the rule on bare metrics is applied: with Δ the gain of the primary metric and τ the tolerance, Δ < −τ is
    DEGRADED, Δ > 0 is IMPROVED, anything between is NOT_WORSE. It has no statistical support, and says so.

    Args:
        current: The current model's metrics.
        baseline: The baseline's; None when there is none.
        tolerance: The drop that still counts as no worse.
        guards: Limits beside the primary metric.
        analysis: Whether errors, sizes and images are looked into.
        no_baseline: Why there is none, without the full stop.

    Raises:
        InputError: The two measured different things: another task, split, images, labels or classes.
    """
    problems = comparability_problems(current, baseline) if baseline is not None else []
    if problems:
        raise InputError(problems)
    evidence = gather_evidence(current, baseline, tolerance)
    classes = class_differences(evidence, current, TASKS[current.task].class_metric)
    watched = check_guards(guards or GuardsConfig(), current, evidence.current, classes)
    if baseline is None:
        verdict, confirmed = Verdict.NO_BASELINE, False
        sentence = f"{no_baseline}; promote this run to make it the baseline."
    else:
        verdict, confirmed, sentence = _decided(current, baseline, tolerance, evidence)
    broken = [guard.told for guard in watched if guard.broken]
    if broken:
        sentence += f" Guards are broken: {'; '.join(broken)}."
    notes = [*side_notes(current, baseline), *evidence.missing] if baseline is not None else []
    if evidence.result is not None:
        notes += [exact_test_text(test) for test in evidence.result.exact_tests if test.metric == current.primary.name]
        notes.append("Two checkpoints are compared: that does not measure variation between seeds.")
    return Comparison(
        verdict=verdict,
        sentence=sentence,
        statistical_support=evidence.result is not None,
        primary_metric=current.primary.name,
        tolerance=tolerance,
        rows=_rows(current, baseline, evidence),
        per_class=() if baseline is None else class_rows(current, baseline, classes, TASKS[current.task].class_metric),
        current=describe(current),
        baseline=None if baseline is None else describe(baseline),
        warnings=() if baseline is None else tuple(_warnings(current, baseline, evidence)),
        notes=tuple(notes),
        confirmed=confirmed,
        statistics=None if evidence.result is None else statistics_of(evidence.result),
        guards=watched,
        analysis={
            **({} if baseline is None else other_classes(evidence, current, baseline)),
            **(analyse(evidence, current) if analysis else {}),
        },
    )


def _decided(
    current: MetricsFile, baseline: MetricsFile, tolerance: float, evidence: Evidence
) -> tuple[Verdict, bool, str]:
    """Return the verdict, whether a degradation is confirmed, and the sentence."""
    metric = current.primary
    direction = current.direction(metric)
    if evidence.result is not None:
        result, lower = evidence.result, direction is Direction.LOWER
        sentence = paired_text(result, metric.name, tolerance, lower_is_better=lower)
        return result.verdict, result.confirmed, sentence
    gain = MetricRow(metric.name, direction, current.value(metric.name), baseline.value(metric.name)).gain
    assert gain is not None
    verdict = _bare_verdict(gain, tolerance)
    return verdict, False, two_numbers_text(verdict, gain, metric.name, tolerance)


def _warnings(current: MetricsFile, baseline: MetricsFile, evidence: Evidence) -> list[str]:
    """Return what makes the verdict less than it seems."""
    warnings = protocol_warnings(current, baseline)
    name = current.primary.name
    if current.value(name) == baseline.value(name) == 0 and current.primary.direction is Direction.HIGHER:
        # Two models that are equal in finding nothing at all.
        told = f"{name} is 0 on both sides: neither model finds anything, and they are equal only in that."
        warnings.insert(0, told)
    if evidence.result is not None and evidence.result.images < FEW_IMAGES:
        told = f"Only {evidence.result.images} images: intervals from so few are too narrow; the verdict is a hint."
        warnings.insert(0, told)
    return warnings


def _bare_verdict(gain: float, tolerance: float) -> Verdict:
    """Apply the rule on bare metrics."""
    # A drop of exactly the tolerance passes; 1e-12 absorbs that 0.30 - 0.31 is not exactly -0.01.
    if gain < -tolerance - 1e-12:
        return Verdict.DEGRADED
    return Verdict.IMPROVED if gain > 0 else Verdict.NOT_WORSE


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
