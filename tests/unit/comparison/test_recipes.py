"""Groups of seeds: what is one recipe, and what may be claimed of two."""

from __future__ import annotations

import math

import numpy as np
import pytest
from record_samples import records_of, write_run

from yololab.comparison.arms import Arm, read_arms
from yololab.comparison.recipes import compare_arms, compare_groups
from yololab.errors import InputError
from yololab.statistics.inference.recipe_difference import compare_recipes, recipe_difference
from yololab.statistics.inference.verdict import Verdict


def read_arm(text, folder) -> Arm:
    (arm,) = read_arms(text, folder)
    return arm


def arm_of(folder, found, seeds, **config):
    for number, seed in enumerate(seeds):
        write_run(folder / str(number), records_of(found, seed), {"lr0": 0.01, "seed": seed} | config)
    return folder


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


@pytest.fixture
def two_recipes(tmp_path):
    folder = arm_of(tmp_path / "a", 0.95, range(3))
    for number in (3, 4, 5):
        write_run(folder / str(number), records_of(0.3, number), {"lr0": 0.02, "seed": number})
    return folder


def test_runs_are_grouped_by_what_they_were_asked(two_recipes, tmp_path):
    arms = read_arms(f"{two_recipes}/*", tmp_path)
    assert [arm.seeds for arm in arms] == [(0, 1, 2), (3, 4, 5)]
    assert [arm.text.rpartition(" ")[2] for arm in arms] == ["(lr0=0.01)", "(lr0=0.02)"]


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


def test_what_is_no_recipe_does_not_matter(tmp_path):
    folder = arm_of(tmp_path / "a", 0.9, range(2))
    write_run(folder / "2", records_of(0.9, 2), {"lr0": 0.01, "seed": 2, "notes": "third", "name": "x"})
    assert read_arm(f"{folder}/*", tmp_path).seeds == (0, 1, 2)


def test_unfinished_runs_are_left_out(tmp_path):
    folder = arm_of(tmp_path / "a", 0.9, range(2))
    (folder / "2").mkdir()
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


def test_other_labels_in_one_run_are_refused(tmp_path):
    first = arm_of(tmp_path / "a", 0.9, range(3))
    write_run(tmp_path / "b/0", records_of(0.9, 8, labels_seed=1), {"seed": 8})
    with pytest.raises(InputError, match="labels"):
        compare_arms(read_arm(str(first), tmp_path), read_arm(str(tmp_path / "b"), tmp_path), 0.01)


@pytest.mark.parametrize(
    ("level", "degrees", "t"),
    [(0.95, 1, 12.7062047), (0.95, 10, 2.2281389), (0.9, 4, 2.1318468), (0.95, 30, 2.0422725)],
)
def test_students_t_against_a_table(level, degrees, t):
    """All the variance is that of one arm, so its degrees of freedom are those of the table."""
    current = np.linspace(0, 1, degrees + 1)
    error = current.std(ddof=1) / math.sqrt(len(current))
    current += t * error - current.mean()
    found = recipe_difference(tuple(current), (0.0, 0.0), 0.0, 100)
    assert found.degrees == pytest.approx(degrees)
    low, high = found.difference.ci95 if level == 0.95 else found.difference.ci90
    assert (high - low) / 2 == pytest.approx(t * error, rel=1e-7)
    assert found.difference.p == pytest.approx(1 - level, rel=1e-6)


def test_without_variance_of_images_it_is_welchs_test():
    current, baseline = (0.51, 0.55, 0.53, 0.56), (0.48, 0.50, 0.47)
    found = recipe_difference(current, baseline, 0.0, 100)
    a, b = np.var(current, ddof=1) / 4, np.var(baseline, ddof=1) / 3
    degrees = (a + b) ** 2 / (a**2 / 3 + b**2 / 2)
    assert found.degrees == pytest.approx(degrees)
    assert found.standard_error == pytest.approx(np.sqrt(a + b))
    t = np.linspace(found.difference.gain / found.standard_error, 400, 2_000_001)
    density = (1 + t**2 / degrees) ** (-(degrees + 1) / 2)
    scale = math.gamma((degrees + 1) / 2) / (math.sqrt(degrees * math.pi) * math.gamma(degrees / 2))
    assert found.difference.p == pytest.approx(2 * scale * np.trapezoid(density, t), rel=1e-4)


def test_identical_runs_have_no_variance():
    found = recipe_difference((0.5, 0.5, 0.5), (0.5, 0.5, 0.5), 0.0, 10)
    assert (found.difference.gain, found.difference.p) == (0, 1.0)


def test_too_few_runs_are_a_programmers_error():
    with pytest.raises(ValueError, match="needs 3 an arm"):
        compare_recipes([records_of(0.9, 0)] * 3, [records_of(0.9, 0)] * 2, "mAP50-95")
