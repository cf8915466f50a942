"""What a comparison of two recipes says, in numbers and in plain words."""

from __future__ import annotations

from statistics import fmean
from typing import Any

from yololab.statistics.inference.hypothesis_tests import detectable_drop
from yololab.statistics.inference.paired_comparison import MetricDifference
from yololab.statistics.inference.recipe_difference import RecipeDifference
from yololab.statistics.inference.verdict import Verdict


def recipe_statistics(found: RecipeDifference, images: int, sign: int) -> dict[str, Any]:
    """Return what stands behind the verdict, as it is written to comparison.json; −1 turns gains into differences."""
    low, high = sorted(sign * end for end in found.difference.ci95)
    return {
        "images": images,
        "current_runs": list(found.current),
        "baseline_runs": list(found.baseline),
        "delta": sign * found.difference.gain,
        "ci_low": low,
        "ci_high": high,
        "p_value": found.difference.p,
        "standard_error": found.standard_error,
        "image_share": found.image_share,
        "degrees_of_freedom": found.degrees,
        "detectable_drop": detectable_drop(found.standard_error),
        "interval": "95 %, Satterthwaite's t, over images and seeds",
        "claim": "two recipes",
    }


def metric_of_recipes(found: RecipeDifference, metric: str, sign: int) -> MetricDifference:
    """Return the primary metric as a row of a table shows it; −1 turns gains into differences."""
    (low95, high95), (low90, high90) = (
        sorted(sign * end for end in ends) for ends in (found.difference.ci95, found.difference.ci90)
    )
    return MetricDifference(
        metric,
        fmean(found.current),
        fmean(found.baseline),
        (low95, high95),
        (low90, high90),
        found.standard_error,
        found.difference.p,
    )


def recipe_text(verdict: Verdict, found: RecipeDifference, metric: str, tolerance: float) -> str:
    """Say the verdict on two recipes in plain words."""
    difference = found.difference
    change = f"{metric} of the recipe is {'better' if difference.gain > 0 else 'worse'} by {abs(difference.gain):.4f}"
    span = f"between {difference.ci95[0]:+.4f} and {difference.ci95[1]:+.4f} with 95 % confidence over images and seeds"
    return {
        Verdict.DEGRADED: f"{change}, more than the {tolerance:g} that is tolerated, and more than chance ({span}).",
        Verdict.IMPROVED: f"{change}, and that is more than chance: {span}.",
        Verdict.EQUIVALENT: f"The recipes are equally good: {change}, {span}.",
        Verdict.NOT_WORSE: f"{change}; a loss of more than {tolerance:g} is ruled out, a gain is not proven ({span}).",
        Verdict.INCONCLUSIVE: f"These runs cannot tell the recipes apart: {change}, {span}; "
        f"{1 - found.image_share:.0%} of the uncertainty comes from the seeds.",
    }[verdict]
