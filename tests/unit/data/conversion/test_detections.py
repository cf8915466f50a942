"""COCO results as arrays: whose images and classes they mean."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from coco_samples import detections_of, labels_of, write_dataset, write_instances, write_results

from yololab.data.conversion.detections import read_detections
from yololab.data.conversion.ground_truth import read_coco_truth, read_yolo_truth
from yololab.data.dataset.layout import load_dataset
from yololab.errors import InputError


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    root = tmp_path_factory.mktemp("world")
    labels = labels_of(12)
    return (
        labels,
        read_coco_truth(write_instances(root / "x.json", labels)),
        read_yolo_truth(load_dataset(write_dataset(root, labels)), "val"),
    )


def named(place):
    return f"{place:03}"


WAYS = [
    (lambda place: 100 - place, (7, 3, 20), "coco", ()),
    (lambda place: f"{place:03}.png", ("cat", "dog", "owl"), "coco", ()),
    (lambda place: f"/data/val/{place:03}.png", (7.0, 3.0, 20.0), "coco", ()),
    (lambda place: str(100 - place), ("7", "3", "20"), "coco", ()),
    (named, ("1", "2", "3"), "yolo", ("read as class indices from 1",)),
    (named, (0, 1, 2), "yolo", ("read as class indices from 0",)),
    (named, (1, 2, 3), "yolo", ("read as class indices from 1",)),
    (int, ("cat", "dog", "owl"), "yolo", ()),
]


@pytest.mark.parametrize(("ids", "categories", "form", "notes"), WAYS)
def test_ids_and_names_of_every_form_mean_the_same(world, tmp_path, ids, categories, form, notes):
    labels, coco, yolo = world
    truth = coco if form == "coco" else yolo
    rows = detections_of(labels)
    found = read_detections(write_results(tmp_path / "r.json", rows, ids, categories), truth)
    expected = sorted((row["image_id"], -row["score"], ("cat", "dog", "owl")[row["category_id"]]) for row in rows)
    ours = zip(
        found.image.tolist(), (-found.scores).tolist(), (truth.names[c] for c in found.classes.tolist()), strict=True
    )
    assert sorted(ours) == expected
    assert np.all(np.diff(found.image) >= 0)
    assert np.all((np.diff(found.scores) <= 0) | (np.diff(found.image) > 0))
    assert len(found.notes) == len(notes)
    assert all(note in line for note, line in zip(notes, found.notes, strict=True))


def test_ids_that_may_count_from_0_or_1_are_told_by_the_labels(world, tmp_path):
    labels, _, yolo = world
    dogs = [row for row in detections_of(labels, noise=0) if row["category_id"] == 1 and row["score"] > 0.3]
    found = read_detections(write_results(tmp_path / "r.json", dogs, named, (9, 1, 9)), yolo)
    assert set(found.classes.tolist()) == {1}
    nothing = replace(yolo.with_labels(np.zeros(0, np.int64)))
    with pytest.raises(InputError, match="may count from 0 or from 1"):
        read_detections(tmp_path / "r.json", nothing)


def test_the_ids_of_coco_have_gaps(world, tmp_path):
    _, _, yolo = world
    eighty = replace(yolo, names={index: f"class {index}" for index in range(80)})
    rows = [{"image_id": "000", "category_id": token, "bbox": [0, 0, 1, 1], "score": 1.0} for token in (1, 13, 90)]
    (tmp_path / "r.json").write_text(json.dumps(rows))
    found = read_detections(tmp_path / "r.json", eighty)
    assert sorted(found.classes.tolist()) == [0, 11, 79]


def test_masks_without_boxes_and_no_detection_at_all(world, tmp_path):
    _, coco, _ = world
    rows = [{"image_id": 100, "category_id": 7, "segmentation": [[1, 2, 5, 2, 5, 9]], "score": 0.5}]
    (tmp_path / "r.json").write_text(json.dumps(rows))
    found = read_detections(tmp_path / "r.json", coco)
    assert found.boxes.tolist() == [[1, 2, 5, 9]]
    assert found.notes == ("1 detection of r.json had no box but a mask: the box around it counts.",)
    (tmp_path / "r.json").write_text("[]")
    assert len(read_detections(tmp_path / "r.json", coco).scores) == 0


def test_every_fault_is_counted_with_its_first_examples(world, tmp_path):
    labels, coco, yolo = world
    rows = detections_of(labels)
    written = json.loads(write_results(tmp_path / "r.json", rows).read_text())
    for place in range(5):
        written[place]["image_id"] = 1000 + place
    written[5]["bbox"][3], written[6]["score"], written[7]["category_id"] = -1, 55, 0
    written[8]["bbox"] = [1, float("nan"), 3, 4]
    del written[9]["score"]
    (tmp_path / "r.json").write_text(json.dumps(written))
    with pytest.raises(InputError) as raised:
        read_detections(tmp_path / "r.json", coco)
    found = {problem.found.partition(":")[0]: problem for problem in raised.value.problems}
    assert list(found) == [
        "5 detections of images that the ground truth does not have",
        "1 detection without a box",
        "1 detection with a negative width or height",
        "1 detection without a score",
        "1 detection with a score outside 0 to 1",
        "1 detection of unknown categories",
    ]
    assert "1000 in number 1, 1001 in number 2, 1002 in number 3, …" in str(raised.value)
    assert "index of classes" in found["1 detection of unknown categories"].remedy
    with pytest.raises(InputError, match="ids of an instances JSON"):
        read_detections(write_results(tmp_path / "q.json", rows, lambda place: 4000 + place, (0, 1, 2)), yolo)
