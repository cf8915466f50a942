"""COCO's JSON files as they are found outside."""

from __future__ import annotations

import json

import msgspec
import numpy as np
import pytest

from yololab.data.conversion.coco_files import Faults, box_of, is_list, keys_of, read_instances, read_results
from yololab.errors import InputError


def rows_of(path):
    faults = Faults(path, "detection")
    rows = [row for part in read_results(path, faults) for row in part]
    faults.stop()
    return rows


def test_rows_of_every_form(tmp_path):
    path = tmp_path / "results.json"
    path.write_text(
        '\ufeff [{"image_id": "a.jpg", "category_id": 1.0, "bbox": [1, 2.5,NaN,-Infinity], "score": 1, "x": []},'
        ' {"image_id": 7, "score": null, "segmentation": {"size": [2, 2], "counts": "04"}}, {}]',
        encoding="utf-8",
    )
    assert is_list(path)
    first, second, third = rows_of(path)
    assert (first.image_id, first.category_id, first.bbox, first.score) == ("a.jpg", 1.0, [1, 2.5, None, None], 1)
    assert (second.image_id, second.bbox, second.score) == (7, None, None)
    assert third.image_id is None


def test_rows_of_another_form_are_counted(tmp_path):
    path = tmp_path / "results.json"
    path.write_text(json.dumps([3, {"bbox": "x"}, *[{"image_id": []}] * 5, {"image_id": 1}]))
    with pytest.raises(InputError) as raised:
        rows_of(path)
    (problem,) = raised.value.problems
    assert problem.found.startswith("7 detections of another form: number 1: Expected `object`, got `int`, number 2")
    assert "image_id, category_id, bbox" in problem.allowed


@pytest.mark.parametrize(
    ("content", "found", "hint"),
    [
        ('{"images": [], "annotations": [], "categories": []}', "the keys images, annotations", "truth=results.json"),
        ('{"predictions": []}', "the keys predictions", "a JSON list of detections"),
        ("[{", "not readable as JSON", "written again"),
        ("[" * 5000, "not readable as JSON", ""),
        ("3", "Expected `array`", ""),
        ("", "not readable as JSON", ""),
    ],
)
def test_what_is_no_list_of_detections(tmp_path, content, found, hint):
    path = tmp_path / "results.json"
    path.write_text(content)
    with pytest.raises(InputError) as raised:
        rows_of(path)
    assert found in raised.value.problems[0].found
    assert hint in str(raised.value)


def test_instances(tmp_path):
    path = tmp_path / "instances.json"
    content = {"info": {}, "images": [{"id": 1, "license": 3}], "annotations": [{"image_id": 1}], "categories": []}
    path.write_text(json.dumps(content))
    assert not is_list(path)
    assert keys_of(path) == ("info", "images", "annotations", "categories")
    whole, parts = read_instances(path, Faults(path, "annotation"))
    assert [image.id for image in whole.images] == [1]
    assert [row.image_id for part in parts for row in part] == [1]
    path.write_text('{"images": {}}')
    with pytest.raises(InputError, match="images, annotations and categories"):
        read_instances(path, Faults(path, "annotation"))


def test_boxes_around_masks_are_those_of_the_library():
    library = pytest.importorskip("faster_coco_eval").mask

    rng = np.random.default_rng(0)
    for _ in range(40):
        mask = np.zeros(rng.integers(1, 30, 2), np.uint8)
        mask[rng.random(mask.shape) < rng.choice([0.02, 0.5, 1])] = 1
        packed = library.encode(np.asfortranarray(mask))
        runs = {"size": list(mask.shape), "counts": packed["counts"].decode()}
        plain, value, length = [], 0, 0
        for pixel in mask.T.ravel():
            if pixel != value:
                plain, value, length = [*plain, length], pixel, 0
            length += 1
        expected = tuple(library.toBbox(packed).tolist())
        for form in (runs, runs | {"counts": [*plain, length]}):
            found = box_of(None, msgspec.Raw(msgspec.json.encode(form)))
            assert (found or (0, 0, 0, 0)) == expected
    assert box_of(None, msgspec.Raw(b"[[1, 2, 5, 2, 5, 9], [0, 4, 1, 1, 2, 2]]")) == (0, 1, 5, 8)
    for damaged in (b'{"size": [], "counts": "\xff"}', b"[[1]]", b"[]", b'{"size": [3, 3]}', b"null", b'"x"'):
        assert box_of(None, msgspec.Raw(damaged)) is None
