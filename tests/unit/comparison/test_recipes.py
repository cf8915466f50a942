"""Groups of seeds: what is one recipe, and what may be claimed of two."""

from __future__ import annotations

import pytest
from arm_samples import arm_of, read_arm
from record_samples import records_of, write_run

from yololab.comparison.arms import read_arms
from yololab.comparison.multiplicity.primary_metrics import PrimaryMetrics
from yololab.comparison.recipes import compare_arms, compare_groups
from yololab.config.schema import Gate
from yololab.config.special import Correction
from yololab.errors import InputError
from yololab.statistics.inference.verdict import Verdict


def test_three_seeds_an_arm_make_a_claim(tmp_path):
    better, worse = arm_of(tmp_path / "b", 0.95, range(3)), arm_of(tmp_path / "w", 0.4, range(3, 6))
    found = compare_arms(read_arm(f"{better}/*", tmp_path), read_arm(str(worse), tmp_path), 0.01)
    assert found.verdict is Verdict.IMPROVED
    assert found.statistical_support
    assert found.statistics["claim"] == "two recipes"
    assert found.primary.delta == pytest.approx(found.statistics["delta"], abs=1e-9)
    assert len(found.current["runs"]) == 3
    row = found.primary
    assert row.interval[0] < row.delta < row.interval[1]
    assert (row.p, row.interval[0]) == (found.statistics["p_value"], found.statistics["ci_low"])


@pytest.mark.heavy
def test_several_metrics_decide_on_recipes_together(tmp_path):
    arms = [read_arm(str(arm_of(tmp_path / str(found), found, range(3))), tmp_path) for found in (0.9, 0.5)]
    alone = compare_arms(*arms, 0.01)
    for correction in Correction:
        declared = PrimaryMetrics(("recall", "mAP50-95"), correction)
        better, worse = (compare_arms(*pair, 0.01, metrics=declared) for pair in (arms, arms[::-1]))
        assert (better.verdict, worse.verdict) == ("IMPROVED", "DEGRADED")
        assert better.statistics == alone.statistics  # the primary metric's, in the same resamples
        assert better.primary == alone.primary
        content = better.to_json(Gate.DEGRADED)["primary_metrics"]
        recall, mean_ap = content["metrics"]
        assert (recall["metric"], mean_ap["metric"]) == ("recall", "mAP50-95")
        row = next(row for row in better.rows if row.metric == "recall")
        assert row.interval[0] < row.delta < row.interval[1]
        smaller, larger = sorted([recall["p"], mean_ap["p"]])
        expected = [larger, max(2 * smaller, larger)][correction is Correction.HOLM]
        assert max(recall["p_adjusted"], mean_ap["p_adjusted"]) == pytest.approx(expected)
    with pytest.raises(InputError, match="no metric of detect"):
        compare_arms(*arms, 0.01, metrics=PrimaryMetrics(("mAP50-95", "top1"), Correction.HOLM))


@pytest.mark.heavy
def test_a_repeated_seed_adds_no_evidence(tmp_path):
    once, more = (arm_of(tmp_path / name, 0.95, seeds) for name, seeds in (("a", [1, 2, 3]), ("b", [1, 2, 3, 3, 3])))
    other = arm_of(tmp_path / "w", 0.9, range(3))
    found = [compare_arms(read_arm(str(arm), tmp_path), read_arm(str(other), tmp_path), 0.01) for arm in (once, more)]
    assert found[0].statistics == found[1].statistics
    assert any("only the first run of a seed counts" in note for note in found[1].notes)


def test_runs_that_were_not_measured_alike_are_warned_of(tmp_path):
    first, second = arm_of(tmp_path / "a", 0.95, range(3)), arm_of(tmp_path / "b", 0.9, range(3))
    protocol = {"imgsz": 320, "single_cls": False, "classes": None}
    write_run(second / "2", records_of(0.9, 2), {"lr0": 0.01, "seed": 2}, protocol=protocol)
    found = compare_arms(read_arm(str(first), tmp_path), read_arm(str(second), tmp_path), 0.01)
    assert [warning for warning in found.warnings if "imgsz" in warning] == [
        "Measured under different protocols: imgsz is 640 now, 320 before."
    ]


def test_two_seeds_claim_nothing(tmp_path):
    first, second = arm_of(tmp_path / "a", 0.95, range(2)), arm_of(tmp_path / "b", 0.4, range(3))
    found = compare_arms(read_arm(str(first), tmp_path), read_arm(str(second), tmp_path), 0.01)
    assert found.verdict is Verdict.INCONCLUSIVE
    assert not found.statistical_support
    assert "3 different seeds" in found.text


def test_one_seed_three_times_is_one_seed(tmp_path):
    first, second = arm_of(tmp_path / "a", 0.95, [7, 7, 7]), arm_of(tmp_path / "b", 0.4, range(3))
    found = compare_arms(read_arm(str(first), tmp_path), read_arm(str(second), tmp_path), 0.01)
    assert not found.statistical_support
    assert any("same seed" in note for note in found.notes)


def test_several_recipes_are_each_compared_with_one(two_recipes, tmp_path):
    other = arm_of(tmp_path / "b", 0.7, range(10, 13))
    found = compare_groups(read_arms(str(two_recipes), tmp_path), read_arms(str(other), tmp_path), 0.01)
    assert found.verdict is Verdict.DEGRADED  # the worst one stands at the gate
    assert [row["verdict"] for row in found.analysis["recipes"]] == ["IMPROVED", "DEGRADED"]
    assert any("2 recipes were compared" in note for note in found.notes)


def test_several_recipes_on_both_sides_are_refused(two_recipes, tmp_path):
    arms = read_arms(str(two_recipes), tmp_path)
    with pytest.raises(InputError, match=r"lr0=0.02"):
        compare_groups(arms, arms, 0.01)


def test_other_labels_in_one_run_are_refused(tmp_path):
    first = arm_of(tmp_path / "a", 0.9, range(3))
    write_run(tmp_path / "b/0", records_of(0.9, 8, labels_seed=1), {"seed": 8})
    with pytest.raises(InputError, match="labels"):
        compare_arms(read_arm(str(first), tmp_path), read_arm(str(tmp_path / "b"), tmp_path), 0.01)


def test_seeds_that_made_the_same_detections_are_refused(tmp_path):
    for seed in range(3):
        write_run(tmp_path / "a" / str(seed), records_of(0.9, 7), {"lr0": 0.01, "seed": seed})
    other = arm_of(tmp_path / "b", 0.9, range(3))
    with pytest.raises(InputError, match=r"seeds 0 and 1 .* bit for bit"):
        compare_arms(read_arm(str(tmp_path / "a"), tmp_path), read_arm(str(other), tmp_path), 0.01)


def test_a_seed_that_stands_out_is_named(tmp_path):
    arm = arm_of(tmp_path / "a", 0.9, range(5))
    write_run(arm / "4", records_of(0.1, 4), {"lr0": 0.01, "seed": 4})
    other = arm_of(tmp_path / "b", 0.9, range(5, 8))
    found = compare_arms(read_arm(str(arm), tmp_path), read_arm(str(other), tmp_path), 0.01)
    assert any("Seed 4 of" in warning and "stands out" in warning for warning in found.warnings)
