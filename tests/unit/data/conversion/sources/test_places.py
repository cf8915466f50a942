"""Images found by what a source calls them, and what they are called in the dataset."""

from __future__ import annotations

import unicodedata

import pytest

from yololab.data.conversion.labelled import split_named, split_of_file
from yololab.data.conversion.sources.numbers import NumberReader
from yololab.data.conversion.sources.places import ImagePlaces
from yololab.data.conversion.sources.recognise import FORMATS, Options, read_source
from yololab.data.conversion.sources.voc import turned_box
from yololab.data.conversion.yolo.keys import keys_for
from yololab.errors import InputError


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("images/a.JPG", "images/a.JPG"),
        ("..\\elsewhere\\cam1\\f.png", "images/cam1/f.png"),
        ("IMAGES/A.jpg", "images/a.JPG"),
        ("cam1/f", "images/cam1/f.png"),
        (unicodedata.normalize("NFD", "é.png"), "images/é.png"),
        ("f.png", "one of several files of that name"),
        ("b.jpg", "not there"),
        ("notes.txt", "of a type that Ultralytics does not read"),
        ("x" * 300, "not there"),
        ("a\0b", "not there"),
    ],
)
def test_an_image_is_found_by_any_of_its_names(name, found, tmp_path):
    for path in ("images/a.JPG", "images/cam1/f.png", "images/cam2/f.png", "images/é.png", "notes.txt"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).touch()
    file, remark = ImagePlaces([tmp_path]).find(name, tmp_path)
    assert (file.relative_to(tmp_path).as_posix() if file else remark.partition(":")[0]) == found


def test_names_of_files_and_folders_say_the_split(tmp_path):
    assert [split_named(name) for name in ("instances_val2017", "Testing", "trains", "train-test")] == [
        "val",
        "test",
        "",
        "",
    ]
    assert split_of_file(tmp_path / "valid/_annotations.coco.json", tmp_path) == "val"
    assert split_of_file(tmp_path.parent / "boxes.csv", tmp_path) == ""


def test_no_two_images_get_one_name_or_one_file_of_labels():
    images = [
        ("train", f"{folder}/a.{suffix}") for folder in ("train", "train/images") for suffix in ("jpg", "png", "JPG")
    ]
    keys, renamed = keys_for(images)
    assert len({key.rpartition(".")[0].lower() for key in keys}) == len(keys)
    assert renamed == 5
    assert keys_for([("val", "../../etc/a.jpg"), ("val", "C:\\images\\b.jpg")])[0] == ["etc/a.jpg", "C:/b.jpg"]


def test_a_format_that_is_said_is_the_one_that_is_read(tmp_path):
    (tmp_path / "a.json").write_text('{"shapes": []}')
    for name in set(FORMATS) - {"labelme"}:
        with pytest.raises(InputError):
            read_source(tmp_path, Options(format=name))
    assert read_source(tmp_path, Options(format="labelme")).format == "labelme"


def test_numbers_and_turned_boxes(tmp_path):
    numbers = NumberReader(tmp_path / "a", "row")
    assert numbers.read({"x": "1e1", "y": 2}, "here") == [10, 2]
    assert numbers.points([[1, float("inf")]], "there") is None
    with pytest.raises(InputError, match="1 row without numbers: there"):
        numbers.faults.stop()
    assert turned_box(0, 0, 4, 2, 3.141592653589793).round(6).tolist() == [[4, 2], [0, 2], [0, 0], [4, 0]]
