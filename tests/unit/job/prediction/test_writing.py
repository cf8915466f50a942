"""What a prediction leaves, for each kind of answer."""

from __future__ import annotations

import json

import numpy as np
import pytest

from yololab.files.paths import PredictionFolder
from yololab.job.prediction.writing import writing
from yololab.ultralytics_adapter.prediction.predictor import Prediction

NAMES = {0: "cat", 1: "dog"}


def found(*boxes, **more):
    shape = {"classes": np.ones(len(boxes), np.int64), "confidence": np.full(len(boxes), 0.5, np.float32)}
    return Prediction((200, 100), **shape, boxes=np.array(boxes, np.float32).reshape(-1, 4), **more)


def written(folder, *images, confidence=False):
    """The rows, and the text of the label of each image."""
    place = PredictionFolder(folder)
    with writing(place, NAMES, confidence=confidence) as writer:
        for name, prediction in images:
            writer.write(name, prediction)
            json.loads(place.predictions.read_text())  # whole after each image
    labels = {str(path.relative_to(place.labels)): path.read_text() for path in place.labels.rglob("*.txt")}
    return json.loads(place.predictions.read_text()), labels


def test_a_box_is_a_row_of_coco_and_a_line_of_a_label(tmp_path):
    box = (20, 10, 120, 60)
    rows, labels = written(
        tmp_path, ("a/7.jpg", found(box)), ("a/7.png", found()), ("b/é.jpg", found(box)), confidence=True
    )
    line = "1 0.350000 0.350000 0.500000 0.500000 0.500000\n"
    assert labels == {"a/7.txt": line, "a/7.png.txt": "", "b/é.txt": line}
    assert rows[0] == {
        "image_id": 7,
        "file_name": "a/7.jpg",
        "category_id": 1,
        "category": "dog",
        "bbox": [20, 10, 100, 50],
        "score": 0.5,
    }
    assert rows[1]["image_id"] == "é"


@pytest.mark.parametrize(
    ("more", "key", "value", "line"),
    [
        (
            {"outlines": (np.array([[0, 0], [200, 0], [200, 100]], np.float32),)},
            "segmentation",
            [[0, 0, 200, 0, 200, 100]],
            "1 0.000000 0.000000 1.000000 0.000000 1.000000 1.000000\n",
        ),
        ({"outlines": (np.zeros((0, 2), np.float32),)}, "segmentation", [[]], ""),
        (
            {"corners": np.array([[[0, 0], [200, 0], [200, 100], [0, 100]]], np.float32)},
            "poly",
            [0, 0, 200, 0, 200, 100, 0, 100],
            "1 0.000000 0.000000 1.000000 0.000000 1.000000 1.000000 0.000000 1.000000\n",
        ),
        (
            {"keypoints": np.array([[[100, 50, 0.25]]], np.float32)},
            "keypoints",
            [100, 50, 0.25],
            "1 0.500000 0.500000 1.000000 1.000000 0.500000 0.500000 0.250000\n",
        ),
    ],
)
def test_what_else_a_detection_has_is_written_as_a_dataset_has_it(tmp_path, more, key, value, line):
    rows, labels = written(tmp_path, ("1.jpg", found((0, 0, 200, 100), **more)))
    assert rows[0][key] == value
    assert labels == {"1.txt": line}


def test_an_answer_that_is_not_sure_enough_names_no_class(tmp_path):
    sure = {"classes": np.array([1, 0]), "confidence": np.array([0.8, 0.2], np.float32)}
    rows, labels = written(
        tmp_path, ("1.jpg", Prediction((9, 9), **sure)), ("2.jpg", Prediction((9, 9), **sure, kept=False))
    )
    assert [(row["name"], row["score"]) for row in rows] == [("dog", 0.8), (None, 0.8)]
    assert rows[1]["top"][0]["name"] == "dog"
    assert labels == {"1.txt": "0.8000 dog\n0.2000 cat\n", "2.txt": ""}


def test_pixels_and_depths_are_files_that_a_row_names(tmp_path):
    nothing = {"classes": np.zeros(0, np.int64), "confidence": np.zeros(0, np.float32)}
    depth = np.array([[1.5, 2.5]], np.float32)
    images = [
        ("1.jpg", Prediction((2, 1), **nothing, pixels=np.array([[0, 1]]), drawn=np.zeros((1, 2, 3), np.uint8))),
        ("2.webp", Prediction((2, 1), **nothing, depth=depth)),
    ]
    rows, _ = written(tmp_path, *images)
    assert [row["labels"] for row in rows] == ["labels/1.png", "labels/2.npy"]
    assert np.load(tmp_path / "labels/2.npy").tolist() == depth.tolist()
    assert sorted(path.name for path in (tmp_path / "images").iterdir()) == ["1.jpg"]
