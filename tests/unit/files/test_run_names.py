"""A run is named by its path, its name, the beginning of it, or a pattern."""

from __future__ import annotations

import pytest

from yololab.errors import InputError
from yololab.files.paths import OutputTree
from yololab.files.run_names import find_run, matching_runs, path_or_pattern

RUNS = ("yolo26n_20260117_143000", "yolo26n_20260118_090000", "exp", "exp_2")
SWEEPS = ("grid_1", "grid_2", "search")


@pytest.fixture
def tree(tmp_path):
    for name in RUNS:
        (tmp_path / "outputs/training" / name).mkdir(parents=True)
    (tmp_path / "outputs/training/latest").symlink_to("exp_2")
    (tmp_path / "outputs/training/.half.tmp").mkdir()
    for name in SWEEPS:
        for number in (0, 1, 10):
            (tmp_path / "multirun" / name / str(number)).mkdir(parents=True)
    return OutputTree(tmp_path)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("yolo26n_20260117", RUNS[0]),
        ("exp", "exp"),
        ("exp_", "exp_2"),
        ("latest", "exp_2"),  # where it points: it moves on while a run is resumed
        ("outputs/training/yolo26n_20260118", RUNS[1]),
        ("*0118*", RUNS[1]),
        ("sea", "search"),
        ("multirun/sea", "search"),
        ("search/10", "10"),
        ("sea/1", "1"),
        ("multirun/grid_2/0", "0"),
        ("nothing", None),
        ("", None),
    ],
)
def test_one_run(text, found, tree, tmp_path):
    place = find_run(tree, text, tmp_path / "elsewhere")
    assert (place.name if place.exists() and found else None) == found


@pytest.mark.parametrize(("text", "names"), [("yolo26n", RUNS[:2]), ("grid", ("multirun/grid_1", "multirun/grid_2"))])
def test_several_are_refused_and_listed(text, names, tree, tmp_path):
    with pytest.raises(InputError) as caught:
        find_run(tree, text, tmp_path)
    assert all(name in caught.value.problems[0].found for name in names)


def test_a_path_comes_before_a_name(tree, tmp_path):
    (tmp_path / "here/exp").mkdir(parents=True)
    assert find_run(tree, "exp", tmp_path / "here") == tmp_path / "here/exp"


def test_trials_of_a_pattern(tree):
    assert [path.name for path in matching_runs(tree, "grid_*/1")] == ["1", "1"]
    assert len(matching_runs(tree, "multirun/grid_1/*")) == 3
    assert matching_runs(tree, "a/b/c") == []


def test_patterns_of_names_become_patterns_of_folders(tree, tmp_path):
    assert path_or_pattern(tree, "yolo26n_*", tmp_path) == str(tree.training / "yolo26n_*")
    assert path_or_pattern(tree, "grid_*/0", tmp_path) == str(tree.multirun / "grid_*/0")
    assert path_or_pattern(tree, "none_*", tmp_path) == "none_*"
    assert path_or_pattern(tree, "exp", tmp_path) == str(tree.training / "exp")


@pytest.mark.parametrize("text", ["x" * 5000, "[", "a\udcff"])
def test_what_no_file_system_has_names_nothing(text, tree, tmp_path):
    assert not str(find_run(tree, text, tmp_path)).endswith("exp")
