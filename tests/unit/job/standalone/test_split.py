"""`yololab split`: groups stay whole, alike images are never parted, and the check then finds no leak."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest
from tiny import make_dataset

from yololab.cli.main import main
from yololab.cli.table import COMMANDS
from yololab.config.hydra.compose import compose_experiment
from yololab.data.checks.dataset_check import check_dataset
from yololab.data.dataset.layout import load_dataset, split_images
from yololab.data.splits.folds import with_fold
from yololab.data.splits.settings import SplitSettings
from yololab.errors import InputError
from yololab.job.standalone.split import split_data
from yololab.terminal.screen import Screen


def split(capsys, *tokens: str, code: int = 0) -> dict:
    assert main(["split", "--json", *tokens]) == code
    printed = capsys.readouterr()
    return json.loads(printed.out) if code == 0 else {"error": printed.err}


@pytest.fixture
def cells(tmp_path, monkeypatch):
    """Twelve images; the first of val is a copy of the first of train."""
    monkeypatch.chdir(tmp_path)
    make_dataset(Path("cells"), images=6)
    for kind, suffix in (("images", "png"), ("labels", "txt")):
        shutil.copyfile(f"cells/train/{kind}/train0.{suffix}", f"cells/val/{kind}/val0.{suffix}")
    return Path("cells/data.yaml")


def parts_of(yaml: Path) -> dict[str, set[str]]:
    dataset = load_dataset(yaml)
    return {name: {path.name for path in split_images(dataset, name)} for name in dataset.splits}


@pytest.mark.heavy
def test_copies_stay_together_and_the_check_finds_no_leak(cells, capsys):
    before = check_dataset(load_dataset(cells), "detect")
    assert any(problem.check == "leak_same" for problem in before.problems)
    found = split(capsys, "data=cells/data.yaml", "out=out", "ratios=0.5,0.25,0.25")
    assert found.keys() == COMMANDS["split"].json.keys()
    assert found["groups"] == 11
    parts = parts_of(Path(found["yaml"]))
    assert sum(map(len, parts.values())) == len(set.union(*parts.values())) == 12
    assert any({"train0.png", "val0.png"} <= names for names in parts.values())
    after = check_dataset(load_dataset(Path(found["yaml"])), "detect")
    assert not [problem for problem in after.problems if problem.check.startswith("leak") or problem.blocking]
    again = split(capsys, "data=./cells", "out=again", "ratios=0.5,0.25,0.25")
    assert Path("again/train.txt").read_text() == Path("out/train.txt").read_text()
    assert again["deviation"] == found["deviation"]


@pytest.mark.heavy
def test_folds_by_a_pattern_and_a_test_split_that_stays(cells, capsys):
    make_dataset(Path("more"), images=6, splits=("train", "val", "test"))
    found = split(capsys, "data=more/data.yaml", "out=more/folds", "folds=2", r"group=(\w+)\d", "keep=test", "seed=1")
    assert found["kept"] == {"test": 6}
    assert [part["groups"] for part in found["parts"]] == [1, 1]
    parts = parts_of(Path("more/folds/data.yaml"))
    assert parts["test"] == {f"test{number}.png" for number in range(6)}
    assert {frozenset(name[:3] for name in parts[split]) for split in ("train", "val")} == {
        frozenset({"tra"}),
        frozenset({"val"}),
    }


def test_refused_with_what_to_do(cells, capsys):
    Path("full").mkdir()
    Path("full/mine.txt").write_text("mine")
    assert "not empty" in split(capsys, "data=./cells", "out=full", "folds=2", code=2)["error"]
    assert "no group by" in split(capsys, "data=./cells", "out=new", "folds=2", "group=nothing(x)", code=2)["error"]
    assert "1 group of 12" in split(capsys, "data=./cells", "out=new", "folds=2", r"group=\.png", code=2)["error"]
    assert not Path("new").exists()
    assert (
        "within a folder `images`"
        in split(capsys, "data=./cells", "out=cells/train/images/x", "folds=2", code=2)["error"]
    )


def test_images_that_all_look_alike_cannot_be_parted(cells, capsys):
    shutil.rmtree("cells/val")
    for number in range(1, 6):
        shutil.copyfile("cells/train/images/train0.png", f"cells/train/images/train{number}.png")
    Path("cells/only.yaml").write_text("train: train/images\nnames: [square, bar]\n")
    message = split(capsys, "data=cells/only.yaml", "out=new", "folds=2", code=2)["error"]
    assert "1 group of 6 images" in message
    assert "near_duplicate_distance" in message


def test_a_dataset_without_val(cells, capsys):
    Path("cells/only.yaml").write_text("train: train/images\nnames: [square, bar]\n")
    found = split(capsys, "data=cells/only.yaml", "out=out", "folds=3")
    assert [part["images"] for part in found["parts"]] == [2, 2, 2]


def write_pets(*places: str, images: int = 4) -> None:
    for seed, place in enumerate(places):
        Path("pets", place).mkdir(parents=True)
        for number in range(images):
            pixels = np.random.default_rng((seed, number)).integers(0, 255, (6, 6, 3), np.uint8)
            cv2.imwrite(f"pets/{place}/{number}.png", cv2.resize(pixels, (48, 48), interpolation=cv2.INTER_NEAREST))


@pytest.mark.heavy
def test_class_folders_in_no_split_are_shared_out_as_links(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_pets("cat", "dog")
    Path("pets/cat/1.png").unlink()
    composed = compose_experiment(["data.source=./pets"])
    with pytest.raises(InputError, match="class folders that are in no split"):
        load_dataset(Path("pets"))
    with pytest.raises(InputError, match="lies within the dataset"):
        split_data(composed, SplitSettings("pets/x", (0.5, 0.5)), None, tmp_path, Screen(quiet=True))
    found = split_data(composed, SplitSettings("out", (0.5, 0.25, 0.25)), None, tmp_path, Screen(quiet=True))
    dataset = load_dataset(found.data)
    assert (dataset.names, [*dataset.splits]) == ({0: "cat", 1: "dog"}, ["train", "val", "test"])
    images = [image for split in dataset.splits for image in split_images(dataset, split)]
    assert len(images) == 7
    assert sorted(image.stat().st_ino for image in images) == sorted(
        image.stat().st_ino for image in Path("pets").rglob("*.png")
    )
    report = check_dataset(dataset, "classify")
    assert not [problem for problem in report.problems if problem.check.startswith("leak") or problem.blocking]


@pytest.mark.heavy
def test_folds_of_class_folders_hold_every_image_once_and_every_class(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_pets("train/cat", "train/dog", "val/cat", "val/eel", images=3)
    shutil.copyfile("pets/train/cat/0.png", "pets/val/loose.png")
    composed = compose_experiment(["data.source=./pets"])
    split_data(composed, SplitSettings("out", folds=3), "classify", tmp_path, Screen(quiet=True))
    dataset = load_dataset(Path("out"))
    folds = [with_fold(dataset, fold) for fold in range(3)]
    held = [{image.relative_to(fold.root) for image in split_images(fold, "val")} for fold in folds]
    assert len(set.union(*held)) == sum(map(len, held)) == 12
    assert all(len(split_images(fold, "train")) + len(own) == 12 for fold, own in zip(folds, held, strict=True))
    for fold in folds:  # a class that only one split had is a class of all
        assert sorted(path.name for path in fold.splits["val"][0].iterdir()) == ["cat", "dog", "eel"]
    assert dataset == folds[0]
    with pytest.raises(InputError, match="has 3 folds"):
        with_fold(dataset, 3)
