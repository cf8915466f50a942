"""Verdicts in one sentence: what was found, the interval that decides, and what that means.

>>> verdict_text(Verdict.EQUIVALENT, MetricDifference("mAP50-95", 0.51, 0.5088, (-0.005, 0.008), (-0.004, 0.007)), 0.01)
'Equivalent: mAP50-95 +0.0012; the 90 % interval lies within ±0.01.'
>>> verdict_text(Verdict.DEGRADED, MetricDifference("rmse", 0.62, 0.6), 0.01, lower_is_better=True)
'Worse: rmse +0.0200 (lower is better), beyond the tolerance of 0.01; whether it is more than chance was not tested.'
"""

from collections.abc import Sequence

from yololab.files.looks import Look
from yololab.statistics.inference.paired_comparison import MetricDifference, PairedResult
from yololab.statistics.inference.paired_models import ExactTest
from yololab.statistics.inference.verdict import ALPHA, Verdict
from yololab.text import p_equation

_NAMES = {
    Verdict.IMPROVED: "Better",
    Verdict.EQUIVALENT: "Equivalent",
    Verdict.NOT_WORSE: "Not worse",
    Verdict.DEGRADED: "Worse",
    Verdict.INCONCLUSIVE: "Inconclusive",
}
# What each verdict claims: exactly what was tested.
_CLAIMS = {
    Verdict.IMPROVED: "more than chance; {ci95}",
    Verdict.EQUIVALENT: "the 90 % interval lies within ±{tau:g}",
    Verdict.NOT_WORSE: "a loss of more than {tau:g} is ruled out (90 % interval {ends90}), a gain not shown: {ci95}",
    Verdict.DEGRADED: "more than chance; whether by more than the tolerance of {tau:g} is open: {ci95}",
    Verdict.INCONCLUSIVE: "a loss of more than {tau:g} is not ruled out: {ci95}",
}
_CONFIRMED = "by more than the tolerance of {tau:g}, and more than chance: {ci95}"
# Of a claim that its own interval and p-value allow and that something else forbids; what that is, is said after it.
_WITHHELD = {
    Verdict.NOT_WORSE: "a loss of more than {tau:g} is ruled out (90 % interval {ends90}); more is not claimed, "
    "although {ci95} and excludes 0",
    Verdict.INCONCLUSIVE: "nothing is claimed, although {ci95} and excludes 0",
}
_BORDERLINE = "borderline: {ci95} and {excludes} 0, {test} {tested} ({p})"


def verdict_text(
    verdict: Verdict,
    found: MetricDifference,
    tolerance: float,
    *,
    lower_is_better: bool = False,
    confirmed: bool = False,
    over: str = "images",
    test: str = "the test",
) -> str:
    """Return a verdict with the difference and the interval that it rests on.

    Args:
        verdict: The verdict.
        found: The primary metric on both sides; without an interval two bare numbers were compared.
        tolerance: The drop that still counts as no worse.
        lower_is_better: Whether the metric is an error.
        confirmed: Whether a degradation is certain even at the best end of its interval.
        over: What was resampled: images, groups of them, or images and seeds.
        test: What gave p, where it was corrected.
    """
    delta = found.delta or 0.0
    change = f"{_NAMES[verdict]}: {found.metric} {delta:+.4f}" + (" (lower is better)" if lower_is_better else "")
    if found.ci95 is None or found.ci90 is None:
        beyond = f", beyond the tolerance of {tolerance:g}" if verdict is Verdict.DEGRADED else ""
        within = f", within the tolerance of {tolerance:g}" if verdict is Verdict.NOT_WORSE and delta else ""
        return f"{change}{beyond}{within}; whether it is more than chance was not tested."
    excludes, significant = found.ci95[0] > 0 or found.ci95[1] < 0, found.p is not None and found.p < ALPHA
    facts = {
        "tau": tolerance,
        "ci95": f"the 95 % interval over {over} is {_ends(found.ci95)}",
        "ends90": _ends(found.ci90),
        "excludes": "excludes" if excludes else "holds",
        "test": test,
        "tested": "excludes it" if significant else "does not",
        "p": "" if found.p is None else p_equation(found.p),
    }
    claims = {**_CLAIMS, **_WITHHELD} if excludes and significant else _CLAIMS
    parts = [(_CONFIRMED if confirmed else claims[verdict]).format(**facts)]
    if excludes != significant and verdict not in (Verdict.IMPROVED, Verdict.DEGRADED):
        if verdict is Verdict.INCONCLUSIVE:
            parts = [f"a loss of more than {tolerance:g} is not ruled out"]
        parts.append(_BORDERLINE.format(**facts))
    elif excludes and verdict is Verdict.EQUIVALENT:
        parts.insert(0, f"{'better' if (delta > 0) != lower_is_better else 'worse'} by {abs(delta):.4f}")
        parts[0] += ", less than the tolerance"
    joint = ", " if verdict in (Verdict.IMPROVED, Verdict.DEGRADED) else "; "
    return f"{change}{joint}{'; '.join(parts)}."


def paired_text(result: PairedResult, metric: str, tolerance: float, *, lower_is_better: bool) -> str:
    """Return the verdict on two models over the same images; an inconclusive one says what would settle it."""
    row = result.metric(metric)
    assert row is not None
    text = verdict_text(
        result.verdict, row, tolerance, lower_is_better=lower_is_better, confirmed=result.confirmed, over=result.unit
    )
    text = " ".join([text, *result.refused])
    if result.verdict is not Verdict.INCONCLUSIVE or row.standard_error is None:
        return text
    text += f" The standard error is {row.standard_error:.4f} with {result.images:,} {result.unit}."
    if not result.images_needed or not result.images_to_show:
        return text
    return (
        f"{text} About {result.images_needed:,} would rule out a loss of {tolerance:g} if there is none, "
        f"about {result.images_to_show:,} would show one of {2 * tolerance:g}."
    )


def guards_text(broken: Sequence[str]) -> str:
    """Return which guards are broken, as a further sentence; empty where none is."""
    return f" Guards are broken: {'; '.join(broken)}." if broken else ""


def look_text(look: Look, p: float | None) -> str:
    """Return what a series of candidates means for the verdict on one of them, as a further sentence.

    Args:
        look: The place of the comparison in its series.
        p: The two-sided p-value of the primary metric; None without a test.

    >>> look_text(Look(3, 20, 0.0025), 0.012)
    ' Look 3 of 20, which share one α: p = 0.012 is not below 0.0025, as a claim would need.'
    """
    if look.spent:
        return f" All {look.of} looks at this baseline are used: α is spent, and nothing more is claimed."
    place = f" Look {look.number} of {look.of}, which share one α"
    if p is None or p < look.alpha or p >= ALPHA:
        return f"{place}: a claim needs p < {look.alpha:.2g}."
    return f"{place}: {p_equation(p)} is not below {look.alpha:.2g}, as a claim would need."


def exact_test_text(test: ExactTest) -> str:
    """Return a test without replicates."""
    return (
        f"{test.test}'s exact test on {test.metric}: {test.only_current:,} images are right only now, "
        f"{test.only_baseline:,} only in the baseline ({p_equation(test.p)})."
    )


def _ends(interval: tuple[float, float]) -> str:
    """Return the ends of an interval."""
    return f"{interval[0]:+.4f} to {interval[1]:+.4f}"
