"""Where splits, images and labels lie."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import yaml

from yololab.data.dataset.layout import (
    has_relative_lists,
    label_path,
    load_dataset,
    missing_splits,
    relative_key,
    split_images,
)
from yololab.errors import InputError


def touch(folder: Path, *names: str) -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


def dataset_in(folder: Path, **keys):
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "data.yaml"
    file.write_text(yaml.safe_dump({"train": "images/train", "val": "images/val", "nc": 1, **keys}), "utf-8")
    return load_dataset(file)


@pytest.fixture
def elsewhere(tmp_path, monkeypatch):
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


def keys(dataset):
    return {split: [relative_key(dataset, image) for image in split_images(dataset, split)] for split in dataset.splits}


def test_without_path_the_root_is_the_files_folder(tmp_path, elsewhere):
    folder = tmp_path / "my data ü"
    dataset = dataset_in(folder)
    assert dataset.root == folder
    assert dataset.splits == {"train": (folder / "images/train",), "val": (folder / "images/val",)}
    assert load_dataset(folder).yaml == folder / "data.yaml"


def test_a_relative_source_gives_absolute_paths(elsewhere):
    dataset_in(elsewhere / "d")
    dataset = load_dataset(Path("d/data.yaml"))
    assert dataset.yaml == elsewhere / "d/data.yaml"
    assert dataset.root == elsewhere / "d"


def test_path_is_sought_where_ultralytics_seeks_it_and_then_beside_the_file(tmp_path, elsewhere):
    datasets, beside = tmp_path / "datasets", tmp_path / "beside"
    dataset_in(beside, path="birds")

    def root() -> Path:
        return load_dataset(beside, datasets_dir=datasets).root

    assert root() == datasets / "birds", "nothing is there: where a download would put it"
    assert load_dataset(beside).root == beside / "birds"
    touch(beside, "birds/images/train/a.jpg", "birds/images/val/a.jpg")
    assert root() == beside / "birds"
    (datasets / "birds").mkdir(parents=True)
    assert root() == beside / "birds", "an empty folder does not count while a complete one is there"
    touch(datasets, "birds/images/train/a.jpg", "birds/images/val/a.jpg")
    assert root() == datasets / "birds"
    touch(elsewhere, "birds/images/train/a.jpg", "birds/images/val/a.jpg")
    assert root() == elsewhere / "birds"


def test_absolute_path(tmp_path, elsewhere):
    assert dataset_in(tmp_path / "a", path=str(tmp_path / "b")).root == tmp_path / "b"


def test_dots_before_a_folder_are_dropped_only_when_nothing_is_there(tmp_path):
    folder = tmp_path / "export"
    touch(folder, "train/images/a.jpg", "valid/images/a.jpg")
    dataset = dataset_in(folder, train="../train/images", val="../valid/images")
    assert dataset.splits == {"train": (folder / "train/images",), "val": (folder / "valid/images",)}
    assert dataset_in(folder, train=["../train/images"]).splits["train"] == (tmp_path / "train/images",)
    touch(tmp_path, "train/images/b.jpg")
    assert dataset_in(folder, train="../train/images").splits["train"] == (tmp_path / "train/images",)


def test_missing_splits(tmp_path):
    folder = tmp_path / "d"
    touch(folder, "images/val/a.jpg")
    (problem,) = missing_splits(dataset_in(folder, test="images/test"))
    assert problem.where.endswith("key 'train'")
    assert str(folder / "images/train") in problem.found
    assert "labels/train" in problem.remedy
    assert len(missing_splits(load_dataset(folder), ("val", "test"))) == 1
    (problem,) = missing_splits(dataset_in(folder, download="https://x.org/d.zip"))
    assert "data.allow_download=true" in problem.remedy
    assert "https://x.org/d.zip" in problem.remedy
    (problem,) = missing_splits(dataset_in(folder, download="import os\nos.remove('a')"))
    assert "data.allow_download=true" in problem.remedy
    assert "script" in problem.remedy


def test_images_of_folders(tmp_path):
    folder = tmp_path / "da [1] ta*"
    touch(
        folder,
        *("images/train/" + name for name in ("b.jpg", "B.PNG", "a/z.jpeg", "a b.webp", "ä.tif", "x.y.bmp")),
        *("images/train/" + name for name in (".hidden.jpg", ".dir/a.jpg", "c.gif", "noext", "d.jpg.part", "e.txt")),
    )
    found = split_images(dataset_in(folder), "train")
    root = folder / "images/train"
    assert [str(image.relative_to(root)) for image in found] == [
        "B.PNG",
        "a b.webp",
        "a/z.jpeg",
        "b.jpg",
        "x.y.bmp",
        "ä.tif",
    ]


def test_order_is_that_of_strings_not_of_folders(tmp_path):
    touch(tmp_path, "images/train/a/1.jpg", "images/train/a-b.jpg", "images/train/a.jpg")
    names = [str(p.relative_to(tmp_path / "images/train")) for p in split_images(dataset_in(tmp_path), "train")]
    assert names == ["a-b.jpg", "a.jpg", "a/1.jpg"]


def test_linked_folders_are_followed(tmp_path):
    touch(tmp_path, "pool/a.jpg")
    (tmp_path / "images" / "train").mkdir(parents=True)
    (tmp_path / "images" / "train" / "more").symlink_to(tmp_path / "pool")
    assert split_images(dataset_in(tmp_path), "train") == [tmp_path / "images/train/more/a.jpg"]


@pytest.mark.parametrize("mark", ["utf-8", "utf-8-sig"])
def test_images_of_lists(tmp_path, elsewhere, mark):
    touch(tmp_path, "images/val/v.jpg")
    lines = "./images/é.JPG\r\n\n/abs/images/b.png\nimages/c.jpg\n./images/d.gif\n\n./images/é.JPG\n"
    (tmp_path / "list.txt").write_bytes(lines.encode(mark))
    dataset = dataset_in(tmp_path, train=["list.txt", "images/val"])
    assert split_images(dataset, "train") == [
        Path(name)
        for name in sorted(
            [
                f"{tmp_path}/images/é.JPG",
                f"{tmp_path}/images/é.JPG",
                "/abs/images/b.png",
                "images/c.jpg",
                f"{tmp_path}/images/val/v.jpg",
            ]
        )
    ]


def cvat(tmp_path, **keys):
    """A dataset as CVAT exports it: lines of the lists count from the folder of the list, without `./`."""
    touch(tmp_path, "images/train/a.jpg", "images/train/b.jpg", "images/val/c.jpg")
    (tmp_path / "lists").mkdir(exist_ok=True)
    (tmp_path / "train.txt").write_text("images/train/a.jpg\nimages/train/b.jpg\n")
    (tmp_path / "lists/val.txt").write_text("images/val/c.jpg\n")
    return dataset_in(tmp_path, train="train.txt", val="lists/val.txt", **keys)


def test_lines_that_count_from_the_list_or_the_root_are_found_from_any_folder(tmp_path, elsewhere):
    dataset = cvat(tmp_path)
    assert split_images(dataset, "train") == [tmp_path / "images/train/a.jpg", tmp_path / "images/train/b.jpg"]
    assert split_images(dataset, "val") == [tmp_path / "images/val/c.jpg"]
    assert relative_key(dataset, split_images(dataset, "val")[0]) == "images/val/c.jpg"
    assert has_relative_lists(dataset, "train")
    (tmp_path / "train.txt").write_text("./images/train/a.jpg\n/abs/b.jpg\nnot_there/c.jpg")
    assert not has_relative_lists(dataset, "train")
    assert split_images(dataset, "train")[-1] == Path("not_there/c.jpg")


def test_lines_that_count_from_the_working_directory_have_labels(tmp_path, monkeypatch):
    dataset = cvat(tmp_path / "data")
    touch(tmp_path / "here", "images/train/a.jpg")
    monkeypatch.chdir(tmp_path / "here")
    assert split_images(dataset, "train")[0] == tmp_path / "here/images/train/a.jpg"
    assert label_path(split_images(dataset, "train")[0]) == tmp_path / "here/labels/train/a.txt"


@pytest.mark.skipif(os.sep != "/", reason="they are paths there")
def test_paths_of_windows_are_named(tmp_path, elsewhere):
    touch(tmp_path, "images/train/a.jpg")
    for train, said in (
        ("images\\train", "write it with /"),
        ("C:\\data\\train", "instead of a drive"),
        ("D:/x", "drive"),
    ):
        (problem,) = missing_splits(dataset_in(tmp_path, train=train), ("train",))
        assert said in problem.remedy
    (problem,) = missing_splits(dataset_in(tmp_path, path="C:\\data", train="train"), ("train",))
    assert "a path of Windows" in problem.remedy


def test_a_download_of_blanks_is_none(tmp_path):
    (problem,) = missing_splits(dataset_in(tmp_path, train="gone", download=" \n "), ("train",))
    assert "expected below" in problem.remedy


def test_lists_that_cannot_be_read(tmp_path):
    (tmp_path / "list.txt").write_bytes(b"./images/a.jpg\n\0.jpg\n")
    with pytest.raises(InputError, match="line 2: a zero byte"):
        split_images(dataset_in(tmp_path, train="list.txt"), "train")
    (tmp_path / "list.txt").write_bytes(b"./images/\xe9.jpg\n")
    with pytest.raises(InputError, match="not UTF-8"):
        split_images(dataset_in(tmp_path, train="list.txt"), "train")
    with pytest.raises(InputError, match="no split 'test'"):
        split_images(load_dataset(tmp_path), "test")
    with pytest.raises(InputError, match="no such folder"):
        split_images(load_dataset(tmp_path), "val")


@pytest.mark.parametrize(
    ("image", "label"),
    [
        ("/d/images/train/a.jpg", "/d/labels/train/a.txt"),
        ("/images/x/images/a.b.PNG", "/images/x/labels/a.b.txt"),
        ("/d/train/a.jpg", "/d/train/a.txt"),
        ("/d/my images/a.jpg", "/d/my images/a.txt"),
        ("images/a.jpg", "images/a.txt"),
        ("/d.d/images/é ü.jpg", "/d.d/labels/é ü.txt"),
    ],
)
def test_label_path(image, label):
    assert label_path(Path(image)) == Path(label)


def test_keys_inside_the_root(tmp_path, elsewhere):
    dataset = dataset_in(tmp_path / "d")
    assert relative_key(dataset, tmp_path / "d/images/train/a b.jpg") == "images/train/a b.jpg"
    assert relative_key(dataset, Path("../d/images/x.jpg")) == "images/x.jpg"
    assert relative_key(dataset, tmp_path / "d/lists/../images/x.jpg") == "images/x.jpg"


def test_keys_outside_the_root_are_unique_and_portable(tmp_path):
    found = []
    for place in ("here", "there/deeper"):
        base = tmp_path / place
        touch(base, "pool/train/images/a.jpg", "pool/val/images/a.jpg", "pool/val/images/s/a.jpg", "d/images/a.jpg")
        found.append(
            keys(
                dataset_in(
                    base / "d", train=[str(base / "pool/train/images"), "images"], val=str(base / "pool/val/images")
                )
            )
        )
    assert found[0] == found[1]
    assert found[0] == {
        "train": ["images/a.jpg", "../train/images/a.jpg"],
        "val": ["../val/images/a.jpg", "../val/images/s/a.jpg"],
    }


def test_keys_of_listed_images_outside_the_root(tmp_path):
    touch(tmp_path, "pool/cam1/day/a.jpg", "pool/cam2/day/a.jpg", "pool/cam2/a.jpg")
    touch(tmp_path, "d/data.yaml")
    (tmp_path / "d/train.txt").write_text(f"./../pool/cam1/day/a.jpg\n{tmp_path}/pool/cam2/day/a.jpg\n")
    (tmp_path / "d/val.txt").write_text(f"{tmp_path}/pool/cam2/a.jpg\n")
    found = keys(dataset_in(tmp_path / "d", train="train.txt", val="val.txt"))
    assert found == {"train": ["../cam1/day/a.jpg", "../cam2/day/a.jpg"], "val": ["../pool/cam2/a.jpg"]}


def test_no_key_for_a_foreign_image(tmp_path):
    with pytest.raises(ValueError, match="no image of"):
        relative_key(dataset_in(tmp_path / "d"), tmp_path / "other.jpg")
