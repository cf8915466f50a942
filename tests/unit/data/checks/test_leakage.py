"""What splits have in common, by bytes, by looks and by name."""

from __future__ import annotations

import shutil

from cats_and_dogs import check, jpeg, kinds, put


def test_the_same_bytes_in_two_splits(data):
    put(data, "val", "z", jpeg(0))
    assert kinds(check(data)) == [("leak_same", "val_z.jpg", "warning")]


def test_each_copy_of_an_image_in_another_split_is_told(data):
    for name in "xyz":
        put(data, "val", name, jpeg(0))
    leaks = [found for found in kinds(check(data)) if found[0] == "leak_same"]
    assert [name for _, name, _ in leaks] == ["val_x.jpg", "val_y.jpg", "val_z.jpg"]


def test_the_same_image_saved_anew_in_two_splits(data):
    put(data, "val", "z", jpeg(0, quality=50))
    report = check(data)
    assert kinds(report) == [("leak_similar", "val_z.jpg", "warning")]
    assert "train_a.jpg" in report.problems[0].what
    assert report.problems[0].other.name == "train_a.jpg"
    assert kinds(check(data, near_duplicates=False)) == []
    assert kinds(check(data, near_duplicate_distance=0)) == []


def test_the_same_bytes_twice_in_a_split(data):
    put(data, "train", "z", jpeg(0))
    assert kinds(check(data)) == [("duplicate_image", "train_z.jpg", "note")]
    assert check(data).problems[0].other.name == "train_a.jpg"


def test_a_name_that_means_two_images(data):
    shutil.move(data / "val/images/val_a.jpg", data / "val/images/train_a.jpg")
    shutil.move(data / "val/labels/val_a.txt", data / "val/labels/train_a.txt")
    assert kinds(check(data)) == [("same_name", "train_a.jpg", "note")]


def test_classes_of_one_split(data):
    for file in (data / "val/labels").iterdir():
        file.write_text("0 0.5 0.5 0.2 0.4\n")
    (problem,) = check(data).problems
    assert (problem.check, problem.what) == ("class_one_split", "class 'dog': in train, but not in val")


def test_an_image_in_three_splits_is_one_finding_a_split(data):
    for split in ("train", "val", "test"):
        put(data, split, "z", jpeg(9))
    file = data / "data.yaml"
    file.write_text(file.read_text() + "test: test/images\n")
    found = [problem for problem in check(data).problems if problem.check == "leak_same"]
    assert len(found) == len({problem.file for problem in found}) == 2
