"""How often seeds of one recipe are told apart."""

from __future__ import annotations

from itertools import combinations

import pytest
from arm_samples import arm_of, read_arm
from record_samples import records_of, write_run
from scipy.stats import beta

from yololab.comparison.compare import compare_metrics
from yololab.comparison.planning.false_alarms import false_alarms, with_seeds
from yololab.errors import InputError


@pytest.mark.heavy
def test_every_pair_of_seeds_is_compared_as_compare_does(tmp_path):
    folder = arm_of(tmp_path / "a", 0.8, range(2))
    write_run(folder / "2", records_of(0.3, 7), {"lr0": 0.01, "seed": 2})  # a seed that failed
    arm = read_arm(str(folder), tmp_path)
    counted = []
    (found,) = false_alarms([arm], 0.01, progress=lambda done, total: counted.append((done, total)))
    by_hand = [compare_metrics(one, other, 0.01).verdict for one, other in combinations(arm.files, 2)]
    assert sum(found.verdicts.values()) == len(by_hand) == 3
    assert {str(verdict): by_hand.count(verdict) for verdict in set(by_hand)} == found.verdicts
    assert found.rate == pytest.approx(2 / 3)
    # One pair shares no run with another: two thirds of it are wrong.
    assert (found.low, found.high) == pytest.approx((beta.ppf(0.025, 2 / 3, 4 / 3), beta.ppf(0.975, 5 / 3, 1 / 3)))
    assert counted == [(1, 3), (2, 3), (3, 3)]
    assert "So few seeds say little: 1 pair shares no run" in found.meaning


@pytest.mark.heavy
def test_six_seeds_are_compared_as_recipes_too(tmp_path):
    arms = [
        read_arm(str(arm_of(tmp_path / name, 0.8, range(6), lr0=lr0)), tmp_path) for name, lr0 in (("a", 1), ("b", 2))
    ]
    single, halves = false_alarms(arms, 0.01)
    assert (single.compared, single.independent) == (30, 6)
    assert (halves.compared, halves.independent) == (20, 2)  # C(6, 3) / 2 a recipe
    assert halves.kind == "recipes of 3 and 3 seeds"
    assert single.bare > sum(single.verdicts.get(claim, 0) for claim in ("IMPROVED", "DEGRADED"))


def test_one_seed_is_told_apart_from_nothing(tmp_path):
    folder = arm_of(tmp_path / "a", 0.8, [1])
    with pytest.raises(InputError, match="1 seed"):
        with_seeds([read_arm(str(folder / "0"), tmp_path)])


def test_a_repeated_seed_is_no_second_one_and_single_runs_are_left_out(tmp_path):
    several = read_arm(str(arm_of(tmp_path / "a", 0.8, [1, 1, 2])), tmp_path)
    single = read_arm(str(arm_of(tmp_path / "b", 0.8, [1]) / "0"), tmp_path)
    assert [arm.seeds for arm in with_seeds([several, single])] == [(1, 2)]
