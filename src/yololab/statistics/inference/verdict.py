"""The verdict on a difference, from its interval and its p-value alone."""

from dataclasses import dataclass
from enum import StrEnum

ALPHA = 0.05


class Verdict(StrEnum):
    """What a comparison says."""

    IMPROVED = "IMPROVED"
    EQUIVALENT = "EQUIVALENT"
    NOT_WORSE = "NOT_WORSE"
    INCONCLUSIVE = "INCONCLUSIVE"
    DEGRADED = "DEGRADED"
    NO_BASELINE = "NO_BASELINE"


@dataclass(frozen=True)
class Difference:
    """A difference with its uncertainty; positive is better.

    Attributes:
        gain: Δ.
        ci95: The 95 % interval of Δ.
        ci90: The 90 % interval of Δ.
        p: Two-sided p-value of Δ = 0.
    """

    gain: float
    ci95: tuple[float, float]
    ci90: tuple[float, float]
    p: float


def decide_verdict(difference: Difference, tolerance: float) -> tuple[Verdict, bool]:
    """Return the verdict, and whether a degradation is confirmed.

    In this order, with τ the tolerance: Δ < −τ and p < 0.05 is DEGRADED, confirmed when all of the 95 % interval lies
    below −τ; a 95 % interval above 0 and p < 0.05 is IMPROVED; a 90 % interval within ±τ is EQUIVALENT (two one-sided
    tests, Schuirmann 1987); one above −τ is NOT_WORSE; all else is INCONCLUSIVE.

    Args:
        difference: The difference.
        tolerance: The drop that still counts as no worse, ≥ 0.
    """
    significant = difference.p < ALPHA
    if difference.gain < -tolerance and significant:
        return Verdict.DEGRADED, difference.ci95[1] < -tolerance
    if difference.ci95[0] > 0 and significant:
        return Verdict.IMPROVED, False
    if difference.ci90[0] > -tolerance:
        inside = difference.ci90[1] < tolerance
        return (Verdict.EQUIVALENT if inside else Verdict.NOT_WORSE), False
    return Verdict.INCONCLUSIVE, False
