"""The verdict from an interval and a p-value."""

from __future__ import annotations

import pytest

from yololab.statistics.inference.verdict import Difference, Verdict, decide_verdict


@pytest.mark.parametrize(
    ("gain", "ci95", "ci90", "p", "verdict", "confirmed"),
    [
        (-0.03, (-0.05, -0.011), (-0.045, -0.015), 0.01, Verdict.DEGRADED, True),
        (-0.03, (-0.05, -0.009), (-0.045, -0.012), 0.01, Verdict.DEGRADED, False),
        (-0.03, (-0.06, 0.001), (-0.05, -0.001), 0.06, Verdict.INCONCLUSIVE, False),
        (-0.009, (-0.012, -0.006), (-0.011, -0.007), 0.001, Verdict.DEGRADED, False),
        (-0.003, (-0.005, -0.001), (-0.0047, -0.0013), 0.001, Verdict.EQUIVALENT, False),  # certain, and below τ
        (-0.005, (-0.009, -0.001), (-0.008, -0.002), 0.001, Verdict.EQUIVALENT, False),
        (0.02, (0.001, 0.04), (0.004, 0.036), 0.04, Verdict.IMPROVED, False),
        (0.02, (0.001, 0.04), (0.004, 0.036), 0.06, Verdict.NOT_WORSE, False),
        (0.005, (0.001, 0.009), (0.002, 0.008), 0.01, Verdict.IMPROVED, False),
        (0.001, (-0.008, 0.009), (-0.007, 0.008), 0.8, Verdict.EQUIVALENT, False),
        (0.005, (-0.01, 0.02), (-0.009, 0.018), 0.4, Verdict.NOT_WORSE, False),
        (0.0, (-0.03, 0.03), (-0.02, 0.02), 1.0, Verdict.INCONCLUSIVE, False),
        (-0.01, (-0.02, -0.001), (-0.018, -0.002), 0.01, Verdict.DEGRADED, False),  # worse; more than τ is open
        (-0.01, (-0.02, -0.001), (-0.018, -0.002), 0.06, Verdict.INCONCLUSIVE, False),  # borderline
    ],
)
def test_verdicts_in_their_order(gain, ci95, ci90, p, verdict, confirmed):
    assert decide_verdict(Difference(gain, ci95, ci90, p), 0.01) == (verdict, confirmed)


def test_a_refused_verdict_is_passed_over():
    better = Difference(0.02, (0.001, 0.04), (0.004, 0.036), 0.01)
    assert decide_verdict(better, 0.01, {Verdict.IMPROVED}) == (Verdict.NOT_WORSE, False)
    assert decide_verdict(better, 0.01, {Verdict.IMPROVED, Verdict.NOT_WORSE}) == (Verdict.INCONCLUSIVE, False)
