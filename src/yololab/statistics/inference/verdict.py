"""The verdict on a difference, from its interval and its p-value alone."""

from collections.abc import Collection, Sequence
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


# What says that a difference is more than chance.
CLAIMS = (Verdict.IMPROVED, Verdict.DEGRADED)


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


def possible_verdicts(difference: Difference, tolerance: float, alpha: float = ALPHA) -> tuple[Verdict, ...]:
    """Return every verdict that interval and p-value allow, the one that stands first.

    In this order, with τ the tolerance: a 95 % interval above 0 and p < 0.05 is IMPROVED; a 90 % interval within ±τ is
    EQUIVALENT (two one-sided tests, Schuirmann 1987); one above −τ is NOT_WORSE; a 95 % interval below 0 and p < 0.05
    is DEGRADED; all else is INCONCLUSIVE. A loss that is certain and certainly below τ is thus EQUIVALENT.

    Args:
        difference: The difference.
        tolerance: The drop that still counts as no worse, ≥ 0.
        alpha: What p has to lie below for a claim: less than 0.05 for one of a series, 0 where none is left.
    """
    (low95, high95), (low90, high90), significant = difference.ci95, difference.ci90, difference.p < alpha
    held = {
        Verdict.IMPROVED: low95 > 0 and significant,
        Verdict.EQUIVALENT: low90 > -tolerance and high90 < tolerance,
        Verdict.NOT_WORSE: low90 > -tolerance,
        Verdict.DEGRADED: high95 < 0 and significant,
        Verdict.INCONCLUSIVE: True,
    }
    return tuple(verdict for verdict, holds in held.items() if holds)


def decide_verdict(
    difference: Difference, tolerance: float, refused: Collection[Verdict] = (), alpha: float = ALPHA
) -> tuple[Verdict, bool]:
    """Return the verdict, and whether a degradation is confirmed: all of the 95 % interval lies below −τ.

    Args:
        difference: The difference.
        tolerance: The drop that still counts as no worse, ≥ 0.
        refused: Verdicts that the images cannot support, whatever the interval says; judging goes on after them.
        alpha: What p has to lie below for a claim.
    """
    verdict = next(verdict for verdict in possible_verdicts(difference, tolerance, alpha) if verdict not in refused)
    return verdict, verdict is Verdict.DEGRADED and difference.ci95[1] < -tolerance


def joint_verdict(verdicts: Sequence[Verdict]) -> Verdict:
    """Return what several metrics come to: as bad as the worst of them; better where one is, and none is not settled.

    >>> print(joint_verdict([Verdict.IMPROVED, Verdict.NOT_WORSE]), joint_verdict([Verdict.IMPROVED, Verdict.DEGRADED]))
    IMPROVED DEGRADED
    """
    order = (Verdict.DEGRADED, Verdict.INCONCLUSIVE, Verdict.IMPROVED, Verdict.NOT_WORSE, Verdict.EQUIVALENT)
    return min(verdicts, key=order.index)
