"""The verdict in one sentence that needs no statistics to be understood."""

from __future__ import annotations

from yololab.statistics.inference.paired_comparison import PairedResult
from yololab.statistics.inference.paired_models import ExactTest
from yololab.statistics.inference.verdict import Verdict


def two_numbers_text(verdict: Verdict, gain: float, metric: str, tolerance: float) -> str:
    """Say a verdict that rests on two bare numbers."""
    points = f"{abs(gain):.4f}"
    unproven = "whether that is more than chance has not been tested"
    return {
        Verdict.DEGRADED: f"{metric} is worse by {points}, more than the {tolerance:g} that is tolerated; {unproven}.",
        Verdict.IMPROVED: f"{metric} is better by {points}; {unproven}.",
        Verdict.NOT_WORSE: f"{metric} is worse by {points}, within the {tolerance:g} that is tolerated; {unproven}."
        if gain
        else f"{metric} is the same.",
    }[verdict]


def paired_text(result: PairedResult, metric: str, tolerance: float, *, lower_is_better: bool) -> str:
    """Say a verdict that rests on the images.

    Args:
        result: The paired comparison.
        metric: Name of the primary metric.
        tolerance: The drop that still counts as no worse.
        lower_is_better: Whether the metric is an error.
    """
    row = result.metric(metric)
    assert row is not None
    assert row.delta is not None
    assert row.ci95 is not None
    gain, (low, high) = (-row.delta, (-row.ci95[1], -row.ci95[0])) if lower_is_better else (row.delta, row.ci95)
    change = "unchanged" if not gain else f"{'better' if gain > 0 else 'worse'} by {abs(gain):.4f}"
    span = f"the true change lies between {low:+.4f} and {high:+.4f} with 95 % confidence"
    if result.verdict is Verdict.DEGRADED:
        certain = ", certain even at the best end" if result.confirmed else ""
        beyond = f"more than the {tolerance:g} that is tolerated, and more than chance"
        return f"{metric} is {change}: {beyond} ({span}{certain})."
    if result.verdict is Verdict.IMPROVED:
        return f"{metric} is {change}, and that is more than chance: {span}."
    if result.verdict is Verdict.EQUIVALENT:
        return (
            f"Both are equally good: {metric} is {change}, and what may hide behind it is smaller than {tolerance:g}."
        )
    if result.verdict is Verdict.NOT_WORSE:
        return f"{metric} is {change}; a loss of more than {tolerance:g} is ruled out, a gain is not proven ({span})."
    need = ""
    if result.detectable_drop is not None:
        need = f" They would show a loss of {result.detectable_drop:.3f}"
        need += f"; one of {tolerance:g} needs about {result.images_needed:,} images." if result.images_needed else "."
    return f"These {result.images:,} images cannot tell the two apart: {metric} is {change}, but {span}.{need}"


def exact_test_text(test: ExactTest) -> str:
    """Say a test without replicates."""
    p = "< 0.001" if test.p < 0.001 else f"= {test.p:.3f}"
    return (
        f"{test.test}'s exact test on {test.metric}: {test.only_current:,} images are right only now, "
        f"{test.only_baseline:,} only in the baseline (p {p})."
    )
