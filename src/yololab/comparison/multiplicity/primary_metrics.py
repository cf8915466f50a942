"""Several primary metrics (`baseline.metric=[mAP50-95,recall]`): each is judged, all together make one verdict.

Two chances to be called better are two chances to be called better by luck. Holm (1979) tests the metrics together at
one α, whichever comes first; a hierarchy (fixed sequence, Maurer, Hothorn & Lehmacher 1995) spends all of α on the
first one, and on each next only after the one before it was claimed. Either keeps the chance of any false claim at α.

For EQUIVALENT and NOT_WORSE nothing is corrected: together they are said only where every metric says them (an
intersection of tests, Berger 1982), which is wrong no more often than one of them.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from yololab.comparison.result import MetricRow
from yololab.comparison.verdict_text import verdict_text
from yololab.config.nearest import nearest
from yololab.config.schema import BaselineConfig
from yololab.config.special import Correction
from yololab.errors import Problem
from yololab.files.metrics import MetricsFile
from yololab.statistics.inference.hypothesis_tests import holm
from yololab.statistics.inference.paired_comparison import (
    FEWEST_IMAGES_OF_A_CLASS,
    RULE_OF_THREE,
    MetricDifference,
    PairedResult,
)
from yololab.statistics.inference.verdict import ALPHA, CLAIMS, Difference, Verdict, decide_verdict, joint_verdict
from yololab.tasks import Direction, Task
from yololab.text import p_equation

_HOW = {
    Correction.HOLM: "tested together at one α (Holm)",
    Correction.HIERARCHY: "in this order, each tested only after the one before it was claimed",
}


@dataclass(frozen=True)
class PrimaryMetrics:
    """What was declared.

    Attributes:
        names: The metrics, in the order of their importance.
        correction: How they share α.
        arms: How many arms share it, too.
    """

    names: tuple[str, ...]
    correction: Correction
    arms: int = 1


@dataclass(frozen=True)
class JudgedMetric:
    """What is said of one of the metrics.

    Attributes:
        metric: Its name.
        verdict: Its verdict by the corrected p.
        confirmed: Whether a degradation is confirmed.
        otherwise: The verdict, were the difference not more than chance.
        p: p of the metric by itself; None without a test.
        p_adjusted: p as corrected.
        text: The verdict in words.
    """

    metric: str
    verdict: Verdict
    confirmed: bool
    otherwise: Verdict
    p: float | None
    p_adjusted: float | None
    text: str


@dataclass(frozen=True)
class JointVerdict:
    """What all of them come to.

    Attributes:
        judged: The metrics, in the order in which they were declared.
        declared: What was declared.
        alpha: What p has to lie below.
    """

    judged: tuple[JudgedMetric, ...]
    declared: PrimaryMetrics
    alpha: float

    @property
    def verdict(self) -> Verdict:
        """The verdict."""
        return joint_verdict([item.verdict for item in self.judged])

    @property
    def otherwise(self) -> Verdict:
        """The verdict, were no difference more than chance."""
        return joint_verdict([item.otherwise for item in self.judged])

    @property
    def confirmed(self) -> bool:
        """Whether any degradation is confirmed."""
        return any(item.confirmed for item in self.judged)

    @property
    def p(self) -> float | None:
        """The corrected p that the verdict rests on: the smallest of the metrics that say the same."""
        return min(
            (item.p_adjusted for item in self.judged if item.verdict is self.verdict and item.p_adjusted is not None),
            default=None,
        )

    @property
    def text(self) -> str:
        """The verdict in words."""
        found = ", ".join(
            f"{item.metric} {item.verdict}{'' if item.p_adjusted is None else f' ({p_equation(item.p_adjusted)})'}"
            for item in self.judged
        )
        texts = " ".join(item.text for item in self.judged)
        corrected = "p as corrected" if self.p is not None else "without a test"
        return f"Of {len(self.judged)} primary metrics, {_HOW[self.declared.correction]}: {found}; {corrected}. {texts}"

    def to_json(self) -> dict[str, Any]:
        """Return what comparison.json keeps."""
        return {
            "correction": self.declared.correction,
            "alpha": self.alpha,
            "p": self.p,
            "metrics": [
                {
                    "metric": item.metric,
                    "verdict": item.verdict,
                    "confirmed": item.confirmed,
                    "p": item.p,
                    "p_adjusted": item.p_adjusted,
                    "sentence": item.text,
                }
                for item in self.judged
            ],
        }


def metric_problems(names: Sequence[str] | None, row: Task) -> list[Problem]:
    """Return why metrics cannot decide a comparison of a task: there is no such one, or its own is left out."""
    known = [metric.name for metric in row.metrics]
    problems = [
        Problem(
            "baseline.metric",
            f"{name!r} is no metric of {row.name}",
            ", ".join(known),
            f"did you mean {' or '.join(close)}?" if (close := nearest(name, known)) else "",
        )
        for name in names or ()
        if name not in known
    ]
    if names and not problems and row.primary_metric not in names:
        found = f"{', '.join(names)}, without {row.primary_metric}"
        remedy = f"baseline.metric=[{','.join([*names, row.primary_metric])}]"
        return [Problem("baseline.metric", found, f"the primary metric of {row.name} and others", remedy)]
    return problems


def declared_metrics(settings: BaselineConfig, arms: int = 1) -> PrimaryMetrics | None:
    """Return the metrics that were declared to decide together; None where there is only the primary one.

    Args:
        settings: `baseline.*`.
        arms: How many arms share α.
    """
    if settings.metric is None or len(settings.metric) < 2:
        return None
    return PrimaryMetrics(tuple(settings.metric), settings.correction, arms)


def joint_verdict_of(
    current: MetricsFile,
    rows: Sequence[MetricRow],
    result: PairedResult | None,
    declared: PrimaryMetrics,
    tolerance: float,
    alpha: float = ALPHA,
    *,
    withdrawn: str | None = None,
    over: str | None = None,
) -> JointVerdict:
    """Judge each metric by its corrected p-value.

    Args:
        current: The current model's metrics.
        rows: Every metric on both sides.
        result: The paired comparison; None where bare numbers or recipes are compared.
        declared: Which metrics decide, and how they share α.
        tolerance: The drop that still counts as no worse, of each.
        alpha: What all metrics and arms share.
        withdrawn: The text on the task's primary metric where its claim was withdrawn.
        over: What was drawn for the rows of recipes; None where the paired comparison says it.
    """
    alpha /= declared.arms
    found = {row.metric: row for row in rows}
    chosen = [found[name] for name in declared.names]
    known = [_difference_of(row) for row in chosen]
    tests = [item for item in known if item is not None]
    corrected: Sequence[float | None] = [None] * len(chosen)
    drawn = over or (result.unit if result is not None else None)
    if drawn is not None and len(tests) == len(chosen):
        corrected = _corrected(tests, declared.correction, alpha)
    judged = [
        _judged(row, difference, p, result, tolerance, alpha, current.primary.name, drawn or "images")
        for row, difference, p in zip(chosen, known, corrected, strict=True)
    ]
    if withdrawn is not None:
        judged = [
            replace(item, verdict=item.otherwise, confirmed=False, text=withdrawn)
            if item.metric == current.primary.name
            else item
            for item in judged
        ]
    return JointVerdict(tuple(judged), declared, alpha)


def _judged(
    row: MetricRow,
    difference: Difference | None,
    p: float | None,
    result: PairedResult | None,
    tolerance: float,
    alpha: float,
    primary: str,
    over: str,
) -> JudgedMetric:
    """Return what is said of a metric."""
    shown = row.difference or MetricDifference(row.metric, row.current, row.baseline)
    verdict, confirmed, otherwise = Verdict.INCONCLUSIVE, False, Verdict.INCONCLUSIVE
    if difference is not None and p is not None:
        refused, shown = _refused(row, result, primary), replace(shown, p=p)
        verdict, confirmed = decide_verdict(replace(difference, p=p), tolerance, refused, alpha)
        otherwise, _ = decide_verdict(difference, tolerance, {*refused, *CLAIMS}, alpha)
    elif row.gain is not None:
        verdict = bare_verdict(row.gain, tolerance)
    lower = row.direction is Direction.LOWER
    text = verdict_text(
        verdict, shown, tolerance, lower_is_better=lower, confirmed=confirmed, over=over, test="the corrected test"
    )
    if result is not None and row.metric == primary:
        text = " ".join([text, *result.refused])
    return JudgedMetric(row.metric, verdict, confirmed, otherwise, row.p, p, text)


def _difference_of(row: MetricRow) -> Difference | None:
    """Return the difference of a metric, positive for better; None where nothing was tested."""
    found = row.difference
    if row.gain is None or found is None or found.ci95 is None or found.ci90 is None or found.p is None:
        return None
    sign = -1.0 if row.direction is Direction.LOWER else 1.0
    (low95, high95), (low90, high90) = (sorted(sign * end for end in ends) for ends in (found.ci95, found.ci90))
    return Difference(row.gain, (low95, high95), (low90, high90), found.p)


def _corrected(tests: Sequence[Difference], correction: Correction, alpha: float) -> list[float]:
    """Return the corrected p-values."""
    if correction is Correction.HOLM:
        return holm([difference.p for difference in tests])
    corrected, reached = [], 0.0
    for difference in tests:
        reached = max(reached, difference.p)
        corrected.append(reached)
        if reached >= alpha or difference.ci95[0] <= 0 <= difference.ci95[1]:
            reached = 1.0
    return corrected


def _refused(row: MetricRow, result: PairedResult | None, primary: str) -> tuple[Verdict, ...]:
    """Return what the images cannot support; of the task's primary metric it is known, of others it is alike.

    Rare failures that none of the images shows cost any metric what they cost the primary one, and a few images that
    tell two models apart are few for each.
    """
    if result is None:
        return ()
    if row.metric == primary or result.carriers is None:
        return result.withheld
    few = 0 < result.carriers.telling < FEWEST_IMAGES_OF_A_CLASS
    rare = RULE_OF_THREE / result.carriers.units * abs(row.baseline or 0.0)
    small = row.gain is not None and 0 < row.gain <= rare
    return (*((Verdict.EQUIVALENT, Verdict.NOT_WORSE) if few else ()), *((Verdict.IMPROVED,) if small else ()))


def bare_verdict(gain: float, tolerance: float) -> Verdict:
    """Apply the rule on bare metrics."""
    # A drop of exactly the tolerance passes; 1e-12 absorbs that 0.30 - 0.31 is not exactly -0.01.
    if gain < -tolerance - 1e-12:
        return Verdict.DEGRADED
    return Verdict.IMPROVED if gain > 0 else Verdict.NOT_WORSE
