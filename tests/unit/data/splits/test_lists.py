"""Lists of images that we and Ultralytics read alike, from wherever they lie."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
import yaml
from tiny import make_dataset

from yololab.data.dataset.image_names import image_key
from yololab.data.dataset.layout import label_path, load_dataset, split_images
from yololab.data.dataset.resolved_yaml import write_resolved_yaml
from yololab.data.splits.folds import folds_of, with_fold
from yololab.data.splits.lists import line_of, list_problems, write_lists
from yololab.errors import InputError
from yololab.files.paths import SplitFolder


@pytest.fixture
def split(tmp_path):
    """A dataset with blanks and letters of all kinds in its path, and three folds beside it."""
    home = tmp_path / "data ä 猫"
    dataset = load_dataset(make_dataset(home / "cells", images=3))
    images = sorted(split_images(dataset, "train") + split_images(dataset, "val"))
    place = Path(os.path.realpath(home)) / "folds here"
    parts = {f"fold_{part}": images[part::3] for part in range(3)}
    write_lists(SplitFolder(place), place, dataset, parts, folds=True, note="three folds")
    return dataset, images, place


def test_a_fold_has_the_keys_of_the_dataset_and_the_others_train(split):
    dataset, images, place = split
    found = load_dataset(place / "data.yaml")
    assert found.root == dataset.root
    keys = {image_key(str(image), dataset.root) for image in images}
    for fold in range(3):
        one = with_fold(found, fold)
        train, val = (
            {image_key(str(image), one.root) for image in split_images(one, name)} for name in ("train", "val")
        )
        assert train | val == keys
        assert not train & val
        assert val == {image_key(str(image), dataset.root) for image in images[fold::3]}
    assert [path.name for path in folds_of(found)] == ["fold_0.txt", "fold_1.txt", "fold_2.txt"]
    with pytest.raises(InputError, match="0 to 2"):
        with_fold(found, 3)
    with pytest.raises(InputError, match="yololab split"):
        with_fold(dataset, 0)


def test_ultralytics_is_given_whole_paths(split, tmp_path):
    found = with_fold(load_dataset(split[2] / "data.yaml"), 1)
    content = yaml.safe_load(write_resolved_yaml(found, tmp_path / "run/data.yaml", False).read_text())
    assert not {"folds", "images_root"} & content.keys()
    lines = [line for name in ("train", "val") for line in Path(content[name]).read_text().splitlines()]
    assert sorted(lines) == sorted(map(str, split[1]))


@pytest.mark.torch
def test_plain_ultralytics_finds_images_and_labels_also_after_a_move(split, tmp_path, monkeypatch):
    from ultralytics.data.utils import check_det_dataset, img2label_paths

    moved = tmp_path / "elsewhere"
    shutil.move(split[2].parent, moved)
    monkeypatch.chdir(moved / "folds here")
    data = check_det_dataset("data.yaml", autodownload=False)
    for name in (*data["train"], data["val"]):
        lines = Path(name).read_text().splitlines()
        images = [line.replace("./", f"{Path(name).parent}{os.sep}", 1) for line in lines]  # as get_img_files does
        assert all(Path(label).is_file() for label in img2label_paths(images))


def test_what_a_list_cannot_hold_and_where_labels_would_be_lost(tmp_path):
    images = [tmp_path / "images/a.jpg", tmp_path / "images/line\nbreak.jpg", tmp_path / "images/\u2028.jpg"]
    (problem,) = list_problems(images, tmp_path / "out")
    assert "2 images with" in problem.found
    (problem,) = list_problems(images[:1], tmp_path / "images/folds")
    assert "within a folder `images`" in problem.remedy
    assert line_of(images[0], tmp_path / "out") == "./../images/a.jpg"
    assert label_path(tmp_path / "out/../images/a.jpg") == tmp_path / "out/../labels/a.txt"
