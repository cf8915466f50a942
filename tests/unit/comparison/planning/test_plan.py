"""What a comparison will be able to tell."""

import pytest
from arm_samples import arm_of, read_arm
from record_samples import records_of, write_run

from yololab.comparison.planning.plan import plan_comparison
from yololab.comparison.recipes import compare_arms
from yololab.errors import InputError


def test_seeds_measure_what_a_single_run_has_to_guess(tmp_path):
    folder = arm_of(tmp_path / "a", 0.8, range(4))
    plan = plan_comparison(read_arm(str(folder), tmp_path), 0.02, 0.8)
    assert "4 seeds" in plan.basis
    assert plan.seed_sd is not None
    assert "guess" in plan_comparison(read_arm(str(folder / "0"), tmp_path), 0.02, 0.8).basis
    at = {point.units: point for point in plan.curve}
    assert at[plan.to_show].show == pytest.approx(0.8, abs=0.01)
    assert at[plan.units].show < 0.8 or plan.smallest_drop < 0.02
    shown = [point.show for point in plan.curve]
    assert shown == sorted(shown)
    twice = plan_comparison(read_arm(str(folder), tmp_path), 0.04, 0.8)
    assert twice.to_show == pytest.approx(plan.to_show / 4, rel=0.05)


def test_the_error_is_the_one_that_a_comparison_has(tmp_path):
    """Three seeds an arm: the comparison's share of the images is a third of a pair's, measured by resampling."""
    seeds = {"a": [1, 2, 3], "b": [4, 5, 6]}
    arms = [read_arm(str(arm_of(tmp_path / name, 0.8, own)), tmp_path) for name, own in seeds.items()]
    found = compare_arms(*arms, 0.01).statistics
    of_images = found["standard_error"] ** 2 * found["image_share"]
    pair = sum(plan_comparison(arm, 0.01, 0.8).standard_error ** 2 for arm in arms) / 2
    assert of_images == pytest.approx(pair / 3, rel=0.5)


def test_models_that_nothing_tells_apart_are_no_plan(tmp_path):
    for seed in (1, 2):
        write_run(tmp_path / "a" / str(seed), records_of(0.8, 0), {"seed": seed})
    folder = tmp_path / "a"
    with pytest.raises(InputError, match="tells two models apart"):
        plan_comparison(read_arm(str(folder), tmp_path), 0.02, 0.8)


@pytest.mark.parametrize("runs", [("1",), ("1", "2", "3")])
def test_images_that_look_alike_are_counted_as_groups(tmp_path, runs):
    """Of one run and of seeds, by what the evaluations say of them."""
    keys = records_of(0.8).keys
    alike = {"group": "alike", "alike": [[*keys[:10]], [*keys[10:20]]]}
    for seed in runs:
        write_run(tmp_path / "a" / seed, records_of(0.8, int(seed)), {"seed": int(seed)}, **alike)
    arm = read_arm(str(tmp_path / ("a" if len(runs) > 1 else "a/1")), tmp_path)
    plan = plan_comparison(arm, 0.02, 0.8)
    assert (plan.unit, plan.units) == ("groups", 42)
