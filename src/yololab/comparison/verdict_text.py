"""Verdicts in one sentence: what was found, the interval that decides, and what that means.

>>> verdict_text(Verdict.EQUIVALENT, "mAP50-95", 0.0012, (-0.0041, 0.0066), 0.01)
'Equivalent: mAP50-95 +0.0012; the 90 % interval lies within ±0.01.'
>>> verdict_text(Verdict.DEGRADED, "rmse", 0.02, None, 0.01, lower_is_better=True)
'Worse: rmse +0.0200 (lower is better), beyond the tolerance of 0.01; whether it is more than chance was not tested.'
"""

from yololab.statistics.inference.paired_comparison import PairedResult
from yololab.statistics.inference.paired_models import ExactTest
from yololab.statistics.inference.verdict import Verdict
from yololab.text import p_equation

_NAMES = {
    Verdict.IMPROVED: "Better",
    Verdict.EQUIVALENT: "Equivalent",
    Verdict.NOT_WORSE: "Not worse",
    Verdict.DEGRADED: "Worse",
    Verdict.INCONCLUSIVE: "Inconclusive",
}


def verdict_text(
    verdict: Verdict,
    metric: str,
    delta: float,
    ci95: tuple[float, float] | None,
    tolerance: float,
    *,
    lower_is_better: bool = False,
    confirmed: bool = False,
    over: str = "images",
) -> str:
    """Return a verdict with the difference and the interval that it rests on.

    Args:
        verdict: The verdict.
        metric: Name of the primary metric.
        delta: `current − baseline`.
        ci95: The 95 % interval of `delta`; None when two bare numbers were compared.
        tolerance: The drop that still counts as no worse.
        lower_is_better: Whether the metric is an error.
        confirmed: Whether a degradation is certain even at the best end of its interval.
        over: What was resampled: images, or images and seeds.
    """
    change = f"{_NAMES[verdict]}: {metric} {delta:+.4f}" + (" (lower is better)" if lower_is_better else "")
    if verdict is Verdict.DEGRADED:
        change += f", beyond the tolerance of {tolerance:g}"
    if ci95 is None:
        within = f", within the tolerance of {tolerance:g}" if verdict is Verdict.NOT_WORSE and delta else ""
        return f"{change}{within}; whether it is more than chance was not tested."
    interval = f"the 95 % interval over {over} is {ci95[0]:+.4f} to {ci95[1]:+.4f}"
    return {
        Verdict.IMPROVED: f"{change}, more than chance; {interval}.",
        Verdict.EQUIVALENT: f"{change}; the 90 % interval lies within ±{tolerance:g}.",
        Verdict.NOT_WORSE: f"{change}; a loss of more than {tolerance:g} is ruled out, a gain not shown: {interval}.",
        Verdict.DEGRADED: f"{change} and more than chance; {interval}"
        + (", all of it beyond the tolerance." if confirmed else "."),
        Verdict.INCONCLUSIVE: f"{change}; a loss of more than {tolerance:g} is not ruled out: {interval}.",
    }[verdict]


def paired_text(result: PairedResult, metric: str, tolerance: float, *, lower_is_better: bool) -> str:
    """Return the verdict on two models over the same images; an inconclusive one says what these images could show."""
    row = result.metric(metric)
    assert row is not None
    assert row.delta is not None
    text = verdict_text(
        result.verdict,
        metric,
        row.delta,
        row.ci95,
        tolerance,
        lower_is_better=lower_is_better,
        confirmed=result.confirmed,
    )
    if result.verdict is not Verdict.INCONCLUSIVE or result.detectable_drop is None:
        return text
    text += f" {result.images:,} images can show a loss of {result.detectable_drop:.3f}"
    return text + (
        f"; one of {tolerance:g} needs about {result.images_needed:,} images." if result.images_needed else "."
    )


def exact_test_text(test: ExactTest) -> str:
    """Return a test without replicates."""
    return (
        f"{test.test}'s exact test on {test.metric}: {test.only_current:,} images are right only now, "
        f"{test.only_baseline:,} only in the baseline ({p_equation(test.p)})."
    )
