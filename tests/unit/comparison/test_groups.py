"""What is independent of each other: images, or groups of them."""

from __future__ import annotations

import numpy as np
import pytest
from record_samples import records_of, write_evaluation

from yololab.comparison.compare import compare_metrics
from yololab.comparison.groups import absolute_group, alike_warning, check_groups, units_of
from yololab.errors import InputError
from yololab.files.metrics import read_metrics

KEYS = ("film a/001.jpg", "film a/002.jpg", "film b/001.jpg", "film b/x.jpg")


@pytest.mark.parametrize(
    ("group", "names"),
    [
        ("folder", ["film a", "film a", "film b", "film b"]),
        (r"film (\w)", ["a", "a", "b", "b"]),
        (r"\w+\.jpg", ["001.jpg", "002.jpg", "001.jpg", "x.jpg"]),
    ],
)
def test_a_group_is_named_by_folder_or_pattern(group, names):
    units = units_of(KEYS, group)
    assert [units.keys[place] for place in units.place] == names
    assert units.name == "groups"


def test_a_table_names_groups_by_path_or_file(tmp_path):
    table = tmp_path / "our patients.csv"
    table.write_text("image,age,patient\nfilm a/001.jpg,3,P 1\nx.jpg,4,P 2\n002.jpg,5,P 1\nfilm b/001.jpg,,P 3\n")
    units = units_of(KEYS, "our patients.csv:patient", tmp_path)
    assert [units.keys[place] for place in units.place] == ["P 1", "P 1", "P 3", "P 2"]
    assert absolute_group("our patients.csv:patient", tmp_path) == f"{table}:patient"
    with pytest.raises(InputError, match=r"1 of 4 images have no group by .*film b/001.jpg"):
        units_of(KEYS, f"{table}:age")
    with pytest.raises(InputError, match="no column 'site'"):
        units_of(KEYS, f"{table}:site")


@pytest.mark.parametrize("written", ["film a\\{}.jpg; P 1", "/data/set/film a/{}.jpg\tP 1", "film a/{} , P 1"])
def test_a_table_may_be_written_by_any_program(tmp_path, written):
    separator = next(sign for sign in "\t;," if sign in written)
    rows = [written.format(number) for number in ("001", "002")]
    (tmp_path / "t.csv").write_text("\n".join([f"image{separator} patient", *rows, f"other.jpg{separator}P 2"]))
    units = units_of(KEYS[:2], "t.csv:patient", tmp_path)
    assert (units.keys, units.place.tolist()) == (("P 1",), [0, 0])


@pytest.mark.parametrize(
    ("rows", "match"),
    [
        (["x.jpg,P 1", "002.jpg,P 1", "001.jpg,P 2"], "001.jpg is the name of 2 images"),
        (["film b/x.jpg,P 1", "film b/x.jpg,P 2"], "film b/x.jpg is P 1 and P 2"),
    ],
)
def test_a_table_that_does_not_tell_images_apart_is_refused(tmp_path, rows, match):
    (tmp_path / "t.csv").write_text("\n".join(["image,patient", *rows]))
    with pytest.raises(InputError, match=match):
        units_of(KEYS, "t.csv:patient", tmp_path)


@pytest.mark.parametrize(("group", "said"), [("jpg", "All 60 images are one group ('jpg')"), (None, "only one image")])
def test_of_a_single_case_nothing_is_claimed(tmp_path, group, said):
    """Records are there: the rule on bare numbers is for those that have nothing else."""
    records = [records_of(quality, 1, images=60 if group else 1) for quality in (0.2, 0.9)]
    sides = [read_metrics(write_evaluation(tmp_path / str(n), one)) for n, one in enumerate(records)]
    found = compare_metrics(*sides, 0.01, group=group)
    assert found.primary.delta < -0.01
    assert (found.verdict, found.statistical_support) == ("INCONCLUSIVE", False)
    assert said in found.text


def test_groups_are_looked_at_before_a_training_is_paid_for(tmp_path):
    splits = {"train": ["train/film a/003.jpg", "train/other.jpg"], "val": ["val/film a/1.jpg", "val/film b/1.jpg"]}
    said = check_groups(splits, "val", r"film \w")
    assert "1 of 2 groups of val are also in train (film a)" in said
    assert check_groups(splits, "val", "folder") is None
    assert check_groups(splits, "val", None) is check_groups(splits, "val", "alike") is None
    with pytest.raises(InputError, match="1 of 2 images have no group"):
        check_groups(splits, "val", r"film b")
    (tmp_path / "t.csv").write_text("image,film\nval/film a/1.jpg,A\nval/film b/1.jpg,B\nfilm a/003.jpg,B\n")
    assert "(B)" in check_groups(splits, "val", "t.csv:film", tmp_path)


def test_what_cannot_be_used_is_said():
    assert units_of(KEYS, None).place is None
    with pytest.raises(InputError, match="have no group by"):
        units_of(KEYS, r"film (a)")
    with pytest.raises(InputError, match=r"folder, alike, file\.csv:column, or a regular expression"):
        units_of(KEYS, "(")
    with pytest.raises(InputError):
        units_of(KEYS, "nowhere.csv:patient")


@pytest.mark.parametrize(("name", "setting"), [("film {}/{}.jpg", "folder"), ("film{}_{}.jpg", r"(.*\D)\d+")])
def test_images_that_say_the_same_are_noticed(name, setting):
    rng = np.random.default_rng(0)
    keys = [name.format(film, frame) for film in range(20) for frame in range(5)]
    together = np.repeat(rng.normal(0, 1, 20), 5) + rng.normal(0, 0.2, 100)
    warning = alike_warning(keys, together)
    assert f"evaluation.group={setting}" in warning.replace("'", "")
    assert "100 count like about 2" in warning
    quiet = sum(alike_warning(keys, rng.normal(0, 1, 100)) is not None for _ in range(200))
    assert quiet <= 6
    assert alike_warning(keys, np.zeros(100)) is None


def test_images_that_look_alike_are_a_group_and_are_noticed():
    keys = tuple(f"{place:x}.jpg" for place in np.random.default_rng(1).permutation(100).tolist())
    clusters = [keys[first : first + 5] for first in range(0, 50, 5)]
    units = units_of(keys, "alike", clusters=clusters)
    assert len(units.keys) == 60
    with pytest.raises(InputError, match="evaluate again"):
        units_of(keys, "alike")
    rng = np.random.default_rng(0)
    together = np.concatenate([np.repeat(rng.normal(0, 1, 10), 5), rng.normal(0, 1, 50)])
    warning = alike_warning(keys, together, clusters)
    assert warning.startswith("50 images look like others of them: 100 count like about ")
    assert 60 <= int(warning.split("like about ")[1].split(",")[0]) <= 70
    assert "evaluation.group=alike takes them as 60 groups" in warning
    assert alike_warning(keys, together, []) is None
    assert alike_warning(keys, together, None) is None


def test_a_saved_evaluation_keeps_its_group_and_a_command_can_give_another(tmp_path):
    kept = {"group": r"(\d)\.jpg"}
    sides = [read_metrics(write_evaluation(tmp_path / str(n), records_of(0.9, n), **kept)) for n in (1, 2)]
    found = compare_metrics(*sides, 0.01)
    assert (found.statistics["images"], found.statistics["unit"]) == (10, "groups")
    assert "over groups" in found.text
    assert any("Only 10 groups" in warning for warning in found.warnings)
    assert compare_metrics(*sides, 0.01, group=r"(\d\d)\.jpg").statistics["images"] == 60
