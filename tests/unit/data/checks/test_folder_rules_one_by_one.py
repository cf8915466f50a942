"""The rules of folders and lists: each finds its flaw, and nothing in what is sound."""

from __future__ import annotations

from pathlib import Path

import pytest

from yololab.data.checks.folder_rules import (
    empty_split,
    missing_folders,
    orphan_labels,
    passed_over_lines,
    repeated_images,
    wrong_suffixes,
)
from yololab.data.dataset.layout import Dataset, label_name, load_dataset
from yololab.data.problems import Severity


@pytest.fixture
def dataset(tmp_path) -> Dataset:
    for name in (
        "images/train/a.jpg",
        "images/train/b.png",
        "labels/train/a.txt",
        "labels/train/b.txt",
        "images/val/c.jpg",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    (tmp_path / "data.yaml").write_text("train: images/train\nval: images/val\ntest: images/test\nnames: [a]\n")
    return load_dataset(tmp_path / "data.yaml")


def train_images(dataset: Dataset) -> list[Path]:
    return [dataset.root / "images/train/a.jpg", dataset.root / "images/train/b.png"]


def test_a_folder_that_is_not_there_is_as_bad_as_it_is_said_to_be(dataset):
    assert list(missing_folders(dataset, "train", Severity.BLOCKING)) == []
    (problem,) = missing_folders(dataset, "test", Severity.NOTE)
    assert (problem.check, problem.severity) == ("missing_split", Severity.NOTE)


def test_a_split_without_images(dataset):
    assert list(empty_split(dataset, "train", train_images(dataset), Severity.BLOCKING)) == []
    (problem,) = empty_split(dataset, "train", [], Severity.BLOCKING)
    assert problem.file == dataset.root / "images/train"


def test_an_image_that_two_paths_name_counts_once_more(dataset):
    first, second = train_images(dataset)
    assert list(repeated_images("train", [first, second])) == []
    (problem,) = repeated_images("train", [first, first.parent / "../train/a.jpg", second, first])
    assert problem.file == first
    assert "3 times" in problem.what


def test_one_finding_a_folder_and_suffix(dataset):
    folder = dataset.root / "images/train"
    for name in ("c.gif.txt", "d.PSD", "e.psd", "f", "g.npy"):
        (folder / name).write_bytes(b"x")
    found = {problem.what for problem in wrong_suffixes([folder])}
    assert found == {"1 file(s) without suffix, the first: f", "2 file(s) of type .psd, the first: d.PSD"}


def test_lines_of_a_list_that_name_no_image(tmp_path):
    (tmp_path / "train.txt").write_text("./a.jpg\n./b.jpg \n\n./c.mp4\n")
    (problem,) = passed_over_lines([tmp_path / "train.txt", tmp_path])
    assert (problem.line, problem.blocking) == (2, True)
    assert problem.what.startswith("2 line(s)")


def test_a_label_without_its_image(dataset):
    sources, suffixes = [dataset.root / "images/train"], frozenset({".txt"})
    assert list(orphan_labels(sources, train_images(dataset), label_name, suffixes)) == []
    for name in ("gone.txt", "classes.txt", ".hidden.txt", "deeper/lost.txt"):
        (dataset.root / "labels/train" / name).parent.mkdir(exist_ok=True)
        (dataset.root / "labels/train" / name).write_bytes(b"")
    found = [problem.file.name for problem in orphan_labels(sources, train_images(dataset), label_name, suffixes)]
    assert found == ["lost.txt", "gone.txt"]


def test_a_label_of_an_image_that_no_list_names_is_none_too_many(dataset):
    sources = [dataset.root / "images/train"]
    only_first = train_images(dataset)[:1]
    assert list(orphan_labels(sources, only_first, label_name, frozenset({".txt"}))) == []
