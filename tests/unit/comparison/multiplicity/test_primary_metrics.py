"""Several primary metrics: each by its corrected p, all together in one verdict."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from record_samples import records_of, write_evaluation
from scipy.stats import norm

from yololab.comparison.compare import compare_metrics
from yololab.comparison.multiplicity.primary_metrics import PrimaryMetrics, joint_verdict_of, metric_problems
from yololab.comparison.result import MetricRow
from yololab.config.schema import Gate
from yololab.config.special import Correction
from yololab.errors import InputError
from yololab.files.metrics import MetricsFile, read_metrics
from yololab.statistics.inference.carriers import Carriers
from yololab.statistics.inference.paired_comparison import MetricDifference, PairedResult
from yololab.statistics.inference.verdict import Verdict
from yololab.tasks import TASKS, Direction

NAMES = ("mAP50-95", "recall", "mAP50")
CURRENT = MetricsFile(None, {"task": "detect"})
RESULT = PairedResult(Verdict.IMPROVED, False, (), (), 200, 500, 500, None, None, None)


def row(metric: str, delta: float, error: float = 0.01) -> MetricRow:
    ends = [(delta - z * error, delta + z * error) for z in norm.ppf([0.975, 0.95])]
    p = 2 * norm.sf(abs(delta) / error)
    return MetricRow(
        metric, Direction.HIGHER, 0.5 + delta, 0.5, MetricDifference(metric, 0.5 + delta, 0.5, *ends, error, p)
    )


def judged(deltas, correction="holm", tolerance=0.01, arms=1):
    rows = [row(name, delta) for name, delta in zip(NAMES, deltas, strict=False)]
    declared = PrimaryMetrics(NAMES[: len(rows)], Correction(correction), arms)
    return joint_verdict_of(CURRENT, rows, RESULT, declared, tolerance)


@pytest.mark.parametrize(
    ("correction", "deltas", "verdicts", "together"),
    [
        # z = 2.1 alone is p = 0.036: of two tests, Holm asks for half of 0.05 of the smaller one.
        ("holm", (0.021, 0.0), ["NOT_WORSE", "INCONCLUSIVE"], "INCONCLUSIVE"),
        ("holm", (0.021, 0.040), ["IMPROVED", "IMPROVED"], "IMPROVED"),
        ("holm", (0.040, -0.030), ["IMPROVED", "DEGRADED"], "DEGRADED"),
        # The first takes all of α; what follows a claim may use it again.
        ("hierarchy", (0.021, 0.0215), ["IMPROVED", "IMPROVED"], "IMPROVED"),
        ("hierarchy", (0.010, 0.0500), ["NOT_WORSE", "NOT_WORSE"], "NOT_WORSE"),
    ],
)
def test_alpha_is_shared(correction, deltas, verdicts, together):
    found = judged(deltas, correction)
    assert [item.verdict for item in found.judged] == verdicts
    assert found.verdict == together
    assert all(name in found.text for name in NAMES[:2])


def test_holms_p_are_those_of_his_paper():
    """Step-down by hand: the smallest of three thrice, the next one twice, none below the one before."""
    alone = [2 * norm.sf(z) for z in (2.6, 2.2, 2.9)]
    found = [item.p_adjusted for item in judged((0.026, 0.022, 0.029)).judged]
    assert found == pytest.approx([max(2 * alone[0], 3 * alone[2]), max(2 * alone[0], alone[1]), 3 * alone[2]])


@pytest.mark.parametrize("correction", ["holm", "hierarchy"])
def test_false_claims_stay_within_alpha(correction):
    rng = np.random.default_rng(2)
    draws = rng.normal(0, 0.01, (400, 3)) + rng.normal(0, 0.004, (400, 1))
    scale = np.hypot(0.01, 0.004) / 0.01
    wrong = [
        any(item.verdict in ("IMPROVED", "DEGRADED") for item in judged(row / scale, correction).judged)
        for row in draws
    ]
    assert np.mean(wrong) < 0.05 + 3 * np.sqrt(0.05 * 0.95 / len(draws))


def test_what_the_images_cannot_support_is_not_said_of_any_metric():
    """One of 200 images fails altogether in a model of 0.5: it would undo a gain of 0.0025, and 3/200 of 0.0075."""
    carriers = Carriers(200, "images", 60, 40.0, ())
    rows = [row(name, 0.007, 0.001) for name in NAMES[:2]]
    declared = PrimaryMetrics(NAMES[:2], Correction.HOLM)
    held = replace(RESULT, carriers=carriers, withheld=(Verdict.IMPROVED,))
    found = joint_verdict_of(CURRENT, rows, held, declared, 0.01)
    assert [item.verdict for item in found.judged] == ["EQUIVALENT", "EQUIVALENT"]
    few = replace(RESULT, carriers=replace(carriers, telling=4), withheld=(Verdict.EQUIVALENT, Verdict.NOT_WORSE))
    rows = [row(name, 0.0, 0.001) for name in NAMES[:2]]
    assert joint_verdict_of(CURRENT, rows, few, declared, 0.01).verdict == "INCONCLUSIVE"


def test_arms_share_alpha_too():
    assert judged((0.026, 0.03), arms=1).verdict == "IMPROVED"
    assert judged((0.026, 0.026), arms=5).verdict == "NOT_WORSE"


def test_metrics_that_cannot_decide_are_named():
    problems = metric_problems(["recal", "mAP50-95"], TASKS["detect"])
    assert "did you mean recall" in str(InputError(problems))
    assert "without mAP50-95" in str(InputError(metric_problems(["recall"], TASKS["detect"])))
    assert metric_problems(["recall", "mAP50-95"], TASKS["detect"]) == metric_problems(None, TASKS["detect"]) == []


@pytest.mark.heavy
def test_a_comparison_says_each_and_its_gate_goes_by_the_worst(tmp_path):
    sides = [read_metrics(write_evaluation(tmp_path / str(found), records_of(found))) for found in (0.9, 0.3)]
    declared = PrimaryMetrics(("mAP50-95", "recall"), Correction.HOLM)
    better, worse = (compare_metrics(*pair, 0.01, metrics=declared) for pair in (sides, sides[::-1]))
    assert (better.verdict, worse.verdict) == ("IMPROVED", "DEGRADED")
    content = worse.to_json(Gate.DEGRADED)
    assert content["primary_metric"] == "mAP50-95"
    assert not content["gate"]["passed"]
    assert [item["metric"] for item in content["primary_metrics"]["metrics"]] == ["mAP50-95", "recall"]
    assert content["primary_metrics"]["p"] < 0.05
    with pytest.raises(InputError, match="no metric of detect"):
        compare_metrics(*sides, 0.01, metrics=PrimaryMetrics(("mAP50-95", "top1"), Correction.HOLM))
