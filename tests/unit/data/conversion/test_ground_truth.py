"""What is true of images: from an instances JSON and from a YOLO dataset."""

from __future__ import annotations

import json

import numpy as np
import pytest
from coco_samples import CLASSES, labels_of, write_dataset, write_instances

from yololab.data.conversion.ground_truth import read_coco_truth, read_yolo_truth
from yololab.data.dataset.layout import load_dataset
from yololab.data.identity.fingerprint import fingerprint_split
from yololab.errors import InputError


def test_the_same_labels_from_both_forms(tmp_path):
    labels = labels_of()
    dataset = load_dataset(write_dataset(tmp_path, labels))
    (tmp_path / "annotations").mkdir()
    coco = read_coco_truth(write_instances(tmp_path / "annotations/instances_val.json", labels))
    yolo = read_yolo_truth(dataset, "val")
    assert coco.names == {0: "dog", 1: "cat", 2: "owl"}  # by id
    assert (coco.ids[0], coco.ids[-1]) == (100, 61)
    assert coco.order.tolist() == list(range(39, -1, -1))
    assert coco.root is None
    assert yolo.fingerprint == fingerprint_split(dataset, "val")
    assert yolo.keys[0] == "val/images/000.png"
    same = coco.named_as(yolo.keys, yolo.names, yolo.root)
    assert (same.keys, dict(same.names), same.root) == (yolo.keys, dict(enumerate(CLASSES)), tmp_path)
    assert same.categories == {7: 0, 3: 1, 20: 2}
    np.testing.assert_array_equal(same.image, yolo.image)
    np.testing.assert_array_equal(same.sizes, yolo.sizes)
    for place in range(len(labels)):
        ours, theirs = (
            truth.boxes[truth.image == place][np.argsort(truth.boxes[truth.image == place][:, 0])]
            for truth in (same, yolo)
        )
        np.testing.assert_allclose(ours, theirs, atol=1e-3)


def test_names_of_other_images_or_classes_are_left(tmp_path):
    truth = read_coco_truth(write_instances(tmp_path / "x.json", labels_of(3)))
    assert truth.named_as(("a.png", "b.png"), {0: "cat", 1: "horse"}, None).keys == truth.keys
    more = [{"id": index, "name": name} for index, name in zip((7, 3, 20, 90), (*CLASSES, "none"), strict=True)]
    wide = read_coco_truth(write_instances(tmp_path / "y.json", labels_of(3), categories=(7, 3, 20)))
    wide = read_coco_truth(_with(tmp_path / "y.json", categories=more))
    narrow = wide.named_as(("x/000.png", "x/001.png", "x/002.png"), dict(enumerate(CLASSES)), tmp_path)
    assert narrow.keys == ("x/000.png", "x/001.png", "x/002.png")
    assert narrow.categories == {7: 0, 3: 1, 20: 2, 90: -1}


def _with(path, **changes):
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))
    return path


def test_images_are_found_near_the_file(tmp_path):
    labels = labels_of(2)
    write_dataset(tmp_path, labels)
    (tmp_path / "val2017").symlink_to(tmp_path / "val/images")
    (tmp_path / "annotations").mkdir()
    assert (
        read_coco_truth(write_instances(tmp_path / "annotations/instances_val2017.json", labels)).root
        == tmp_path / "val2017"
    )


def test_files_without_categories_and_sizes(tmp_path):
    path = _with(write_instances(tmp_path / "x.json", labels_of(2)), categories=[])
    images = [{"id": "b", "file_name": r"C\b.png"}, {"id": 2.0}]
    rows = [
        {"image_id": 2, "category_id": 5, "bbox": [1, 2, 10, 20.5]},
        {"image_id": "b", "category_id": 4, "segmentation": [[0, 0, 4, 0, 4, 4]]},
    ]
    truth = read_coco_truth(_with(path, images=images, annotations=rows))
    assert truth.keys == ("2", "C/b.png")
    assert truth.sizes.tolist() == [[11, 23], [4, 4]]
    assert truth.names == {0: "4", 1: "5"}
    assert truth.areas.tolist() == [205, 16]


def test_everything_that_is_wrong_is_told_at_once(tmp_path):
    labels = labels_of(3)
    path = write_instances(tmp_path / "x.json", labels)
    rows = json.loads(path.read_text())["annotations"]
    rows[0]["image_id"], rows[1]["bbox"], rows[2]["category_id"] = 999, [1, 2, -3, 4], 55
    _with(path, annotations=[*rows, 7])
    with pytest.raises(InputError) as raised:
        read_coco_truth(path)
    found = [problem.found for problem in raised.value.problems]
    assert found[0].startswith("1 annotation of another form")
    assert found[1:] == [
        "1 annotation of images that it does not have: 999",
        "1 annotation without a box: [1.0, 2.0, -3.0, 4.0] in number 2",
        "1 annotation of categories that it does not have: 55",
    ]
    _with(path, images=[{"id": 1, "file_name": "a"}, {"id": 1, "file_name": "a"}, {}])
    with pytest.raises(InputError) as raised:
        read_coco_truth(path)
    assert [problem.found for problem in raised.value.problems] == [
        "1 image without an id: number 3",
        "1 image with the id of another: 1",
        "1 image with the file name of another: a",
    ]


def test_images_that_ultralytics_leaves_out(tmp_path):
    yaml = write_dataset(tmp_path, labels_of(4))
    (tmp_path / "val/labels/001.txt").write_text("0 2 2 1 1")
    (tmp_path / "val/images/002.png").write_bytes(b"no image")
    truth = read_yolo_truth(load_dataset(yaml), "val")
    assert truth.keys == ("val/images/000.png", "val/images/003.png")
    assert truth.notes == ("2 images of the split left out, as Ultralytics does: see yololab check",)
