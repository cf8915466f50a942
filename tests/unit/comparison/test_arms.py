"""Groups of seeds: what is one recipe."""

from __future__ import annotations

import pytest
from arm_samples import arm_of, read_arm
from record_samples import records_of, write_run

from yololab.comparison.arms import read_arms, refuse_seeds
from yololab.errors import InputError


def test_runs_are_grouped_by_what_they_were_asked(two_recipes, tmp_path):
    arms = read_arms(f"{two_recipes}/*", tmp_path)
    assert [arm.seeds for arm in arms] == [(0, 1, 2), (3, 4, 5)]
    assert [arm.text.rpartition(" ")[2] for arm in arms] == ["(lr0=0.01)", "(lr0=0.02)"]


def test_what_is_no_recipe_does_not_matter(tmp_path):
    folder = arm_of(tmp_path / "a", 0.9, range(2))
    write_run(folder / "2", records_of(0.9, 2), {"lr0": 0.01, "seed": 2, "notes": "third", "name": "x"})
    assert read_arm(f"{folder}/*", tmp_path).seeds == (0, 1, 2)


def test_unfinished_runs_are_left_out(tmp_path):
    folder = arm_of(tmp_path / "a", 0.9, range(2))
    (folder / "2").mkdir()
    assert len(read_arm(str(folder), tmp_path).runs) == 2


def test_what_only_looks_like_a_number_is_no_trial(tmp_path):
    folder = arm_of(tmp_path / "a", 0.9, range(2))
    for name in ("²", "-1", "1.5", "x"):
        (folder / name).mkdir()
    assert len(read_arm(str(folder), tmp_path).runs) == 2


def test_a_pattern_without_runs_is_an_error(tmp_path):
    with pytest.raises(InputError, match="matches nothing"):
        read_arm("nothing/*", tmp_path)
    (tmp_path / "some/0").mkdir(parents=True)
    with pytest.raises(InputError, match="none with an evaluation"):
        read_arm("some/*", tmp_path)


def test_a_link_to_a_run_counts_once_and_sweeps_are_opened(tmp_path):
    folder = arm_of(tmp_path / "sweep", 0.9, range(3))
    (folder / "best").symlink_to(folder / "1")
    assert len(read_arm(f"{folder}/*", tmp_path).runs) == 3
    assert read_arm("swee*", tmp_path).seeds == (0, 1, 2)


def test_a_model_that_is_named_twice_is_no_arm_of_its_own(tmp_path):
    write_run(tmp_path / "a", records_of(0.8), {"lr0": 0.1, "seed": 0})
    arms = [arm for name in ("a", "a/evaluation/metrics.json", "a") for arm in read_arms(name, tmp_path)]
    with pytest.raises(InputError, match="a, a: the same model more than once"):
        refuse_seeds(arms)
