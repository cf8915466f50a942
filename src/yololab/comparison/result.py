"""The result of a comparison: its rows, its verdict, whether it passes the gate, and comparison.json."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Required, TypedDict

from yololab.comparison.guarding.guard import Guard
from yololab.config.schema import Gate
from yololab.errors import InputError, Problem
from yololab.files.json_files import read_json, write_json
from yololab.files.looks import Look, LookContent
from yololab.statistics.inference.paired_comparison import MetricDifference
from yololab.statistics.inference.verdict import Verdict
from yololab.tasks import Direction

COMPARISON_VERSION = 2


class DifferenceContent(TypedDict, total=False):
    """What is said of the difference in a metric, or in a class."""

    delta: float | None
    ci_low: float | None
    ci_high: float | None
    p: float | None


class RowContent(DifferenceContent, total=False):
    """One metric."""

    metric: Required[str]
    direction: Required[Direction]
    current: Required[float | None]
    baseline: Required[float | None]


class ClassContent(DifferenceContent, total=False):
    """One class."""

    name: Required[str]
    metric: str
    current: float | None
    baseline: float | None
    q: float | None
    images: int | None
    insufficient: bool | None


class GuardContent(TypedDict, total=False):
    """One guard; its message is called `told`."""

    guard: Required[str]
    limit: Required[float]
    value: Required[float | None]
    broken: Required[bool]
    told: Required[str]
    settled: bool
    asks: bool


class SideContent(TypedDict, total=False):
    """One side."""

    path: Required[str]
    model: str | None
    split: str | None
    fingerprint: str | None
    promoted_at: str | None


class JudgedContent(TypedDict):
    """What is said of one of several primary metrics, by its corrected p."""

    metric: str
    verdict: Verdict
    confirmed: bool
    p: float | None
    p_adjusted: float | None
    sentence: str


class PrimaryMetricsContent(TypedDict):
    """Several primary metrics (`baseline.metric`): how they shared α, the p that the verdict rests on, and each."""

    correction: str
    alpha: float
    p: float | None
    metrics: list[JudgedContent]


class KeptRegistrationContent(TypedDict):
    """Whether it goes by what the current runs registered before their training, what it goes by, and theirs."""

    kept: bool
    sentence: str
    used: dict[str, Any]
    registered: dict[str, dict[str, Any]]


class ComparisonContent(TypedDict, total=False):
    """comparison.json, without what is only drawn."""

    verdict: Required[Verdict]
    confirmed: Required[bool]
    sentence: Required[str]
    statistical_support: Required[bool]
    primary_metric: Required[str]
    tolerance: Required[float]
    metrics: Required[list[RowContent]]
    per_class: Required[list[ClassContent]]
    statistics: Required[dict[str, Any] | None]
    guards: Required[list[GuardContent]]
    current: Required[SideContent]
    baseline: Required[SideContent | None]
    warnings: Required[list[str]]
    notes: Required[list[str]]
    look: LookContent | None
    primary_metrics: PrimaryMetricsContent
    registration: KeptRegistrationContent
    folder: str


# What comparison.json says of each of several arms.
_OF_AN_ARM = (
    "current",
    "verdict",
    "confirmed",
    "sentence",
    "statistical_support",
    "primary_metric",
    "metrics",
    "guards",
    "warnings",
    "gate",
)
_OF_SOME_ARMS = ("primary_metrics", "registration")


@dataclass(frozen=True)
class MetricRow:
    """One metric next to its baseline.

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
        text: The verdict in words.
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
        otherwise: The verdict, were the difference not more than chance.
        statistics: What stands behind the verdict; None without records.
        guards: The limits besides the primary metric that were set.
        analysis: Further keys of comparison.json: image by image, error by error.
        arms: All that were compared with the baseline, this one first, where there are several.
        look: Its place in a series of candidates that share one α; None for a comparison of its own.
    """

    verdict: Verdict
    text: str
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
    otherwise: Verdict = Verdict.INCONCLUSIVE
    statistics: Mapping[str, Any] | None = None
    guards: tuple[Guard, ...] = ()
    analysis: Mapping[str, Any] = field(default_factory=dict)
    arms: "tuple[ComparedArm, ...]" = ()
    look: Look | None = None

    @property
    def primary(self) -> MetricRow:
        """The row that decides."""
        return next(row for row in self.rows if row.metric == self.primary_metric)

    @property
    def broken_guards(self) -> tuple[str, ...]:
        """The messages of the broken guards."""
        return tuple(guard.message for guard in self.guards if guard.broken)

    @property
    def asking_guards(self) -> tuple[str, ...]:
        """The messages of the guards that a person is to decide on."""
        return tuple(guard.message for guard in self.guards if guard.asks)

    def passes(self, gate: Gate) -> bool:
        """Return whether the comparison passes the gate; a broken guard does not, unless there is no gate."""
        if gate is Gate.NONE:
            return True
        if self.arms:
            return all(arm.comparison.passes(gate) for arm in self.arms)
        if self.look is not None and self.look.spent:
            return False  # nothing can be claimed any more: a pass would be none
        return not self.broken_guards and passes(self.verdict, gate, confirmed=self.confirmed)

    def to_json(self, gate: Gate) -> dict[str, Any]:
        """Return the content of comparison.json."""
        return {
            "verdict": self.verdict,
            "confirmed": self.confirmed,
            "sentence": self.text,
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
            **({"look": self.look.to_json()} if self.look else {}),
            **self.analysis,
            **({"arms": [arm.to_json(gate) for arm in self.arms]} if self.arms else {}),
        }


@dataclass(frozen=True)
class ComparedArm:
    """One of several arms that were compared with the same baseline.

    Attributes:
        name: What the user called it.
        comparison: What it came to, the verdict by the corrected p.
        p_adjusted: p of the primary metric, corrected for the number of arms; None without a test.
    """

    name: str
    comparison: Comparison
    p_adjusted: float | None

    def to_json(self, gate: Gate) -> dict[str, Any]:
        """Return the arm as it stands in comparison.json."""
        content = self.comparison.to_json(gate)
        for row in content["metrics"]:
            if row["metric"] == self.comparison.primary_metric:
                row["p_adjusted"] = self.p_adjusted
        more = (key for key in _OF_SOME_ARMS if key in content)
        return {"name": self.name} | {key: content[key] for key in (*_OF_AN_ARM, *more)}


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


def write_comparison(path: Path, comparison: Comparison, gate: Gate, folder: Path | None = None) -> dict[str, Any]:
    """Write a comparison, and return the content of the file.

    Args:
        path: The file.
        comparison: The comparison.
        gate: What stops a command.
        folder: Where the file will lie: from there its places are found in a project that was moved since. None for a
            run's own, which lies in the folder of its current model.
    """
    content = comparison.to_json(gate) | ({"folder": str(folder)} if folder else {})
    write_json(path, content, COMPARISON_VERSION)
    return content


def read_comparison(path: Path) -> Comparison:
    """Read a comparison of two checkpoints, so that a resumed run need not compare again.

    Its intervals and p-values stay in the file.

    Raises:
        InputError: The file is missing, damaged, or of another version.
    """
    content = read_json(path, (COMPARISON_VERSION,), ComparisonContent)
    rows = tuple(
        MetricRow(row["metric"], Direction(row["direction"]), row["current"], row["baseline"])
        for row in content["metrics"]
    )
    if content["primary_metric"] not in {row.metric for row in rows}:
        raise InputError(Problem(f"{path}, $.primary_metric", f"{content['primary_metric']!r}", "one of its metrics"))
    return Comparison(
        verdict=Verdict(content["verdict"]),
        text=content["sentence"],
        statistical_support=content["statistical_support"],
        primary_metric=content["primary_metric"],
        tolerance=content["tolerance"],
        rows=rows,
        per_class=tuple(dict(row) for row in content["per_class"]),
        current=dict(content["current"]),
        baseline=None if content["baseline"] is None else dict(content["baseline"]),
        warnings=tuple(content["warnings"]),
        notes=tuple(content["notes"]),
        confirmed=content["confirmed"],
        statistics=content["statistics"],
        guards=tuple(Guard.from_json(guard) for guard in content["guards"]),
        look=Look.from_json(look) if (look := content.get("look")) else None,
    )
