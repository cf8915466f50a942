"""Comparing the current model with the baseline: the table, the verdict, and what stands against it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from yololab.config.schema import Gate
from yololab.errors import InputError, Problem
from yololab.metricsfile import MetricsFile
from yololab.tasks import Direction

COMPARISON_VERSION = 1
# Another value of one of these changes the numbers without a change of the model.
_PROTOCOL_KEYS = (
    "imgsz",
    "batch",
    "conf",
    "iou",
    "max_det",
    "rect",
    "quantize",
    "augment",
    "nms",
    "agnostic_nms",
    "ultralytics",
)
# Another value of one of these changes the labels: the two numbers measure different things.
_LABEL_KEYS = ("single_cls", "classes")


class Verdict(StrEnum):
    """What the comparison says."""

    IMPROVED = "IMPROVED"
    EQUIVALENT = "EQUIVALENT"
    NOT_WORSE = "NOT_WORSE"
    INCONCLUSIVE = "INCONCLUSIVE"
    DEGRADED = "DEGRADED"
    NO_BASELINE = "NO_BASELINE"


@dataclass(frozen=True)
class MetricRow:
    """One metric beside its baseline.

    Attributes:
        metric: Its name.
        direction: Which way it improves.
        current: The current model's value; None when it is not known.
        baseline: The baseline's value; None when it is not known.
    """

    metric: str
    direction: Direction
    current: float | None
    baseline: float | None

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

    def to_json(self) -> dict[str, Any]:
        """Return the row as it stands in comparison.json; the interval and p are unknown without records."""
        return {
            "metric": self.metric,
            "direction": self.direction,
            "current": self.current,
            "baseline": self.baseline,
            "delta": self.delta,
            "percent": self.percent,
            "arrow": self.arrow,
            "ci_low": None,
            "ci_high": None,
            "p": None,
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
        per_class: `{name, current, baseline, delta}` of the primary metric's class values.
        current: What the current model is: path, model, split, fingerprint.
        baseline: The same of the baseline; None without one.
        warnings: What makes the two numbers less alike than they should be.
        notes: What a reader should know, good or bad.
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

    @property
    def primary(self) -> MetricRow:
        """The row that decides."""
        return next(row for row in self.rows if row.metric == self.primary_metric)

    def to_json(self, gate: Gate) -> dict[str, Any]:
        """Return the content of comparison.json."""
        return {
            "verdict": self.verdict,
            "sentence": self.sentence,
            "statistical_support": self.statistical_support,
            "primary_metric": self.primary_metric,
            "tolerance": self.tolerance,
            "metrics": [row.to_json() for row in self.rows],
            "per_class": list(self.per_class),
            "current": self.current,
            "baseline": self.baseline,
            "warnings": list(self.warnings),
            "notes": list(self.notes),
            "gate": {"policy": gate, "passed": passes(self.verdict, gate, confirmed=False)},
        }


DRY_RUN_SENTENCE = "A dry run: its numbers are those of a few images, and are compared with nothing."


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


def compare_metrics(current: MetricsFile, baseline: MetricsFile | None, tolerance: float) -> Comparison:
    """Compare two evaluations of the same split.

    The rule on bare metrics, with Δ the gain of the primary metric and τ the tolerance: Δ < −τ is DEGRADED, Δ > 0 is
    IMPROVED, anything between is NOT_WORSE. It has no statistical support, and says so.

    Raises:
        InputError: The two measured different things: another task, split, images, labels or classes.
    """
    rows = tuple(
        MetricRow(
            metric.name,
            current.direction(metric),
            current.value(metric.name),
            baseline.value(metric.name) if baseline else None,
        )
        for metric in current.metrics
    )
    primary = current.primary.name
    if baseline is None:
        sentence = "There is no baseline for this dataset and task yet; promote this run to make it the baseline."
        return Comparison(
            Verdict.NO_BASELINE, sentence, False, primary, tolerance, rows, (), describe(current), None, (), ()
        )
    problems = unlike(current, baseline)
    if problems:
        raise InputError(problems)
    gain = next(row for row in rows if row.metric == primary).gain
    assert gain is not None
    verdict = _verdict(gain, tolerance)
    return Comparison(
        verdict,
        _sentence(verdict, gain, primary, tolerance),
        False,
        primary,
        tolerance,
        rows,
        _per_class(current, baseline),
        describe(current),
        describe(baseline),
        tuple(_warnings(current, baseline)),
        tuple(_notes(current, baseline)),
    )


def _verdict(gain: float, tolerance: float) -> Verdict:
    """Apply the rule on bare metrics."""
    # A drop of exactly the tolerance passes; 1e-12 absorbs that 0.30 - 0.31 is not exactly -0.01.
    if gain < -tolerance - 1e-12:
        return Verdict.DEGRADED
    return Verdict.IMPROVED if gain > 0 else Verdict.NOT_WORSE


def _sentence(verdict: Verdict, gain: float, metric: str, tolerance: float) -> str:
    """Say the verdict in one plain sentence."""
    points = f"{abs(gain):.4f}"
    unproven = "whether that is more than chance has not been tested"
    return {
        Verdict.DEGRADED: f"{metric} is worse by {points}, more than the {tolerance:g} that is tolerated; {unproven}.",
        Verdict.IMPROVED: f"{metric} is better by {points}; {unproven}.",
        Verdict.NOT_WORSE: f"{metric} is worse by {points}, within the {tolerance:g} that is tolerated; {unproven}."
        if gain
        else f"{metric} is the same.",
    }[verdict]


def describe(file: MetricsFile) -> dict[str, Any]:
    """Return what identifies one side of a comparison."""
    return {
        "path": str(file.path),
        "model": file.content.get("model"),
        "split": file.split,
        "fingerprint": file.fingerprint,
        "promoted_at": file.content.get("promoted_at"),
    }


def unlike(current: MetricsFile, baseline: MetricsFile) -> list[Problem]:
    """Return why the two numbers do not measure the same thing; what a file does not say is not held against it."""
    remedy = "evaluate both models on the same data: yololab evaluate model=… data=…"
    problems = []
    for what, ours, theirs in (
        ("task", current.task, baseline.task),
        ("evaluated split", current.split, baseline.split),
        ("fingerprint of the evaluated split", current.fingerprint, baseline.fingerprint),
        *(
            (f"protocol, {key}", _protocol(current).get(key), _protocol(baseline).get(key))
            for key in _LABEL_KEYS
            if _protocol(current) and _protocol(baseline)
        ),
    ):
        known = ours is not None and theirs is not None
        if ours != theirs and (known or what.startswith("protocol")):
            found = f"{_short(ours)} for the current model, {_short(theirs)} for the baseline"
            problems.append(Problem(f"comparison, {what}", found, "the same on both sides", remedy))
    if current.classes and baseline.classes and current.classes != baseline.classes:
        ours, theirs = current.classes, baseline.classes
        different = sorted((k for k in ours.keys() | theirs.keys() if ours.get(k) != theirs.get(k)), key=int)
        shown = ", ".join(f"{k}: {ours.get(k)!r} / {theirs.get(k)!r}" for k in different[:5])
        problems.append(Problem("comparison, class names", shown, "the same classes in the same order", remedy))
    return problems


def _protocol(file: MetricsFile) -> dict[str, Any]:
    """Return the protocol that a file records; empty when it records none."""
    protocol = file.content.get("protocol")
    return protocol if isinstance(protocol, dict) else {}


def _short(value: Any) -> str:
    """Shorten a fingerprint to its first digits."""
    text = str(value)
    return text[:12] + "…" if len(text) >= 40 else repr(value)


def _warnings(current: MetricsFile, baseline: MetricsFile) -> list[str]:
    """Return how the two measurements differ in ways that move the numbers."""
    warnings = []
    ours, theirs = _protocol(current), _protocol(baseline)
    if not theirs or not ours:
        side = "current metrics" if not ours else "baseline"
        warnings.append(f"The {side} do not record their protocol; whether both were measured alike is not known.")
    else:
        for key in _PROTOCOL_KEYS:
            if ours.get(key) != theirs.get(key):
                warnings.append(
                    f"Measured under different protocols: {key} is {ours.get(key)!r} now, {theirs.get(key)!r} before."
                )
    if not current.fingerprint or not baseline.fingerprint:
        warnings.append("Whether both were measured on the same images is not known: a fingerprint is missing.")
    if current.content.get("comparable") is False:
        warnings.append("Training changed its own settings on the way; see the differences in the record.")
    return warnings


def _notes(current: MetricsFile, baseline: MetricsFile) -> list[str]:
    """Return what a reader should know of the two sides."""
    notes = []
    ours, theirs = current.train_fingerprint, baseline.train_fingerprint
    if ours and theirs and ours != theirs:
        notes.append("The training split has changed since the baseline was trained.")
    if current.split == "val":
        notes.append(
            "The checkpoint was chosen on the split that is compared here, so its score is a little too good; "
            "evaluation.split=test avoids that where there is a test split."
        )
    return notes


def _per_class(current: MetricsFile, baseline: MetricsFile) -> tuple[dict[str, Any], ...]:
    """Return the class values of the primary metric on both sides, by class name."""
    ours, theirs = current.content.get("per_class") or {}, baseline.content.get("per_class") or {}
    key = "AP50-95"
    rows = []
    for name in ours:
        now, before = ours[name].get(key), (theirs.get(name) or {}).get(key)
        delta = now - before if now is not None and before is not None else None
        rows.append({"name": name, "current": now, "baseline": before, "delta": delta})
    return tuple(rows)
