"""Several arms against one baseline: what a corrected p-value still allows."""

from __future__ import annotations

from dataclasses import replace

import pytest

from yololab.comparison.guarding.guard import Guard
from yololab.comparison.result import Comparison, MetricRow
from yololab.comparison.several import compare_arms_together
from yololab.config.schema import Gate
from yololab.statistics.inference.hypothesis_tests import holm
from yololab.statistics.inference.paired_comparison import MetricDifference
from yololab.statistics.inference.verdict import Verdict
from yololab.tasks import Direction

METRIC = "mAP50-95"


def arm(verdict: Verdict, p: float | None, delta: float, otherwise: Verdict = Verdict.INCONCLUSIVE) -> Comparison:
    ends = (delta - 0.01, delta + 0.01)
    difference = MetricDifference(METRIC, 0.5 + delta, 0.5, ends, ends, 0.005, p) if p is not None else None
    return Comparison(
        verdict=verdict,
        text="as tested alone",
        statistical_support=p is not None,
        primary_metric=METRIC,
        tolerance=0.01,
        rows=(MetricRow(METRIC, Direction.HIGHER, 0.5 + delta, 0.5, difference),),
        per_class=(),
        current={"path": "x"},
        baseline={"path": "y"},
        warnings=(),
        notes=(),
        otherwise=otherwise,
    )


def test_a_claim_that_does_not_survive_the_correction_is_taken_back():
    found = compare_arms_together(
        ["a", "b", "c"],
        [
            arm(Verdict.IMPROVED, 0.001, 0.02),
            arm(Verdict.IMPROVED, 0.03, 0.011, Verdict.NOT_WORSE),
            arm(Verdict.DEGRADED, 0.04, -0.02),
        ],
    )
    assert [item.comparison.verdict for item in found.arms] == ["IMPROVED", "NOT_WORSE", "INCONCLUSIVE"]
    assert [item.p_adjusted for item in found.arms] == pytest.approx([0.003, 0.06, 0.06])
    assert found.arms[0].comparison.text == "as tested alone"
    assert "p = 0.06" in found.arms[1].comparison.text
    assert found.arms[1].comparison.text.endswith("p is corrected for 3 arms.")


def test_a_broken_guard_is_named_also_when_a_claim_is_taken_back():
    guard = Guard("latency", 10.0, 12.0, broken=True, message="inference takes 12.0 ms")
    guarded = replace(arm(Verdict.IMPROVED, 0.03, 0.011, Verdict.NOT_WORSE), guards=(guard,))
    found = compare_arms_together(["a", "b"], [guarded, arm(Verdict.INCONCLUSIVE, 0.5, 0.0)])
    assert "the test, corrected for 2 arms, does not (p = 0.060)" in found.text
    assert found.text.endswith("p is corrected for 2 arms. Guards are broken: inference takes 12.0 ms.")
    assert not found.passes(Gate.DEGRADED)


def test_one_arm_that_fails_the_gate_is_enough():
    found = compare_arms_together(["a", "b"], [arm(Verdict.IMPROVED, 0.001, 0.02), arm(Verdict.DEGRADED, 0.001, -0.02)])
    assert found.passes(Gate.NONE)
    assert not found.passes(Gate.DEGRADED)
    content = found.to_json(Gate.DEGRADED)
    assert content["gate"] == {"policy": "degraded", "passed": False}
    assert [item["gate"]["passed"] for item in content["arms"]] == [True, False]
    assert [item["metrics"][0]["p_adjusted"] for item in content["arms"]] == pytest.approx([0.002, 0.002])


def test_what_was_not_tested_is_left_as_it_is():
    found = compare_arms_together(["a", "b"], [arm(Verdict.DEGRADED, None, -0.02), arm(Verdict.DEGRADED, 0.04, -0.02)])
    assert [item.comparison.verdict for item in found.arms] == ["DEGRADED", "DEGRADED"]
    assert [item.p_adjusted for item in found.arms] == [None, 0.04]


@pytest.mark.parametrize("p", [[0.5], [0.01, 0.02, 0.03, 0.9], [0.6, 0.6], []])
def test_holm_is_what_the_definition_says(p):
    ranked = sorted(p)
    by_hand = [min(1.0, max((len(p) - j) * ranked[j] for j in range(i + 1))) for i in range(len(p))]
    assert sorted(holm(p)) == pytest.approx(by_hand)


def test_arms_with_several_primary_metrics_keep_their_verdicts():
    """Each arm was judged at a share of α; its p is that of the metrics together, times the arms."""
    joint = {"primary_metrics": {"correction": "holm", "alpha": 0.025, "p": 0.02, "metrics": []}}
    judged = replace(arm(Verdict.IMPROVED, 0.03, 0.02, Verdict.NOT_WORSE), analysis=joint)
    found = compare_arms_together(["a", "b"], [judged, arm(Verdict.INCONCLUSIVE, 0.6, 0.001)])
    assert found.arms[0].comparison.verdict == "IMPROVED"
    assert found.arms[0].p_adjusted == pytest.approx(0.04)
    written = found.to_json(Gate.NONE)["arms"]
    assert "primary_metrics" in written[0]
    assert "primary_metrics" not in written[1]
