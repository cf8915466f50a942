"""Folders and lists of a split: what is missing, repeated, of another type, or without an image."""

from __future__ import annotations

import pytest
from lopsided_dataset import BOX, SOUND, check_lopsided, make

from yololab.data.checks.check_report import CheckReport


def kinds(report: CheckReport) -> list[tuple[str, str, str]]:
    return sorted((p.check, p.file.name, p.severity.value) for p in report.problems)


@pytest.mark.parametrize(
    "extra",
    [
        "labels/train/classes.txt",
        "labels/train.cache",
        "images/train/other.npy",
        "images/train/notes/a.pdf",
        "labels/train/.x.txt",
        "readme.md",
    ],
)
def test_what_tools_leave_behind_is_no_flaw(tmp_path, extra):
    assert check_lopsided(make(tmp_path, {**SOUND, extra: None})).problems == ()


def test_labels_beside_images(tmp_path):
    files = {"train/a.jpg": None, "train/a.txt": BOX, "val/b.jpg": None, "val/b.txt": BOX, "val/c.txt": BOX}
    report = check_lopsided(make(tmp_path, files, train="train", val="val"))
    assert kinds(report) == [("orphan_label", "c.txt", "warning")]
    assert report.splits["train"].instances == 1


def test_images_and_labels_below_one_split_folder(tmp_path):
    files = {f"{s}/{f}": t for s in ("train", "val") for f, t in {"images/a.jpg": None, "labels/a.txt": BOX}.items()}
    assert check_lopsided(make(tmp_path, files, train="train", val="val")).problems == ()


def test_files_of_one_kind_are_one_finding(tmp_path):
    files = {f"images/train/{i}.gif": None for i in range(5)} | {"images/train/a.GIF": None, "images/train/x.svg": None}
    report = check_lopsided(make(tmp_path, {**SOUND, **files}))
    assert [p.what for p in report.problems] == [
        "6 file(s) of type .gif, the first: 0.gif",
        "1 file(s) of type .svg, the first: x.svg",
    ]


@pytest.mark.parametrize("split", ["train", "val"])
def test_empty_and_missing_required_splits_are_blocking(tmp_path, split):
    files = {name: text for name, text in SOUND.items() if f"/{split}/" not in name}
    make(tmp_path, files)
    assert kinds(check_lopsided(tmp_path)) == [("missing_split", "data.yaml", "blocking")]
    (tmp_path / "images" / split).mkdir(parents=True)
    report = check_lopsided(tmp_path)
    assert kinds(report) == [("empty_split", split, "blocking")]
    assert report.splits[split].images == 0


def test_lists(tmp_path):
    make(tmp_path, {**SOUND, "images/train/unlisted.jpg": None, "labels/train/unlisted.txt": BOX}, train="train.txt")
    (tmp_path / "train.txt").write_text("./images/train/a.jpg\n./images/train/a.jpg\n./images/train/gone.jpg\n")
    report = check_lopsided(tmp_path)
    assert kinds(report) == [
        ("missing_image", "gone.jpg", "blocking"),
        ("missing_label", "gone.jpg", "warning"),
        ("repeated_image", "a.jpg", "warning"),
    ]
    assert (report.splits["train"].images, report.splits["train"].dropped) == (3, 1)


def test_a_list_among_the_labels_is_no_label(tmp_path):
    files = {"d/a.jpg": None, "d/a.txt": BOX, "d/train.txt": "./a.jpg"}
    assert check_lopsided(make(tmp_path, files, train="d/train.txt", val="d")).problems == ()


def test_a_folder_inside_another_one_repeats_its_images(tmp_path):
    report = check_lopsided(make(tmp_path, SOUND, train=["images/train", "images"]))
    assert kinds(report) == [("repeated_image", "a.jpg", "warning")]
    assert "2 image(s)" in report.problems[0].what
