"""Predicting with a real checkpoint: what is odd among the sources, films, an interrupt, and what Ultralytics says."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from yololab.cli.main import main
from yololab.files.paths import OutputTree, PredictionFolder
from yololab.job.prediction import predict as predicting
from yololab.job.prediction.options import PredictOptions
from yololab.ultralytics_adapter.prediction import predictor

WORDS = ("device=cpu", "device.threads=1", "conf=0.0001", "imgsz=640")


@pytest.fixture
def project(tmp_path, monkeypatch, tiny_checkpoint, tiny_dataset):
    """A folder with four images, of which one is damaged, a film of three frames, and a checkpoint."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "in/sub").mkdir(parents=True)
    for number in range(3):
        pixels = np.full((48, 64, 3), 60 * number, np.uint8)
        cv2.rectangle(pixels, (10, 10), (40, 40), (0, 200, 255), -1)
        cv2.imwrite(str(tmp_path / f"in/{'sub/' * (number == 2)}{number}.png"), pixels)
    (tmp_path / "in/bad.jpg").write_bytes(b"no image")
    film = cv2.VideoWriter(str(tmp_path / "film.avi"), cv2.VideoWriter_fourcc(*"MJPG"), 5, (64, 48))
    for _ in range(3):
        film.write(pixels)
    film.release()
    return tmp_path, tiny_checkpoint


def newest(root: Path) -> PredictionFolder:
    return PredictionFolder(max(OutputTree(root).predictions.iterdir()))


def test_odd_sources_are_named_and_the_others_predicted_as_ultralytics_does(project, capsys):
    root, checkpoint = project
    code = main(["predict", "in", "film.avi", "in/0.png", f"model={checkpoint}", *WORDS, "--json"])
    content = json.loads(capsys.readouterr().out)
    assert code == 1
    assert content["images"] == 6
    assert [line.rpartition(": ")[2] for line in content["unreadable"]] == ["not readable as an image"]
    folder = newest(root)
    labels = sorted(path.relative_to(folder.labels).as_posix() for path in folder.labels.rglob("*.txt"))
    assert labels == [*(f"film_00000{n}.txt" for n in (1, 2, 3)), "in/0.txt", "in/1.txt", "in/sub/2.txt"]
    rows = json.loads(folder.predictions.read_text())
    assert len(rows) == content["detections"] > 0

    from ultralytics import YOLO

    (result,) = YOLO(checkpoint).predict("in/1.png", conf=0.0001, iou=0.7, imgsz=640, device="cpu", verbose=False)
    boxes = result.boxes.cpu().numpy()
    kept = (boxes.xyxy[:, 2:] > boxes.xyxy[:, :2]).all(axis=1)  # others are none: the model has learnt next to nothing
    ours = [row for row in rows if row["file_name"] == "in/1.png"]
    assert [row["category_id"] for row in ours] == boxes.cls[kept].astype(int).tolist()
    np.testing.assert_allclose([row["score"] for row in ours], boxes.conf[kept], atol=2e-6)
    np.testing.assert_allclose([row["bbox"][:2] for row in ours], boxes.xyxy[kept, :2], atol=0.02)


def test_an_interrupt_leaves_what_was_done_whole(project, monkeypatch, capsys):
    root, checkpoint = project
    asked = predictor.Predictor.predict
    calls: list[int] = []

    def stopped(self, *arguments, **keywords):
        calls.append(1)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return asked(self, *arguments, **keywords)

    monkeypatch.setattr(predictor.Predictor, "predict", stopped)
    assert main(["predict", "film.avi", f"model={checkpoint}", *WORDS]) == 130
    folder = newest(root)
    summary = json.loads(folder.summary.read_text())
    assert (summary["interrupted"], summary["images"]) == (True, 2)
    assert {row["file_name"] for row in json.loads(folder.predictions.read_text())} <= {
        "film_000001.jpg",
        "film_000002.jpg",
    }
    assert len([*folder.images.iterdir()]) == 2


def test_nothing_readable_is_an_error(project, capsys):
    _, checkpoint = project
    assert main(["predict", "in/bad.jpg", f"model={checkpoint}", *WORDS]) == 2
    assert "none of 1 file could be read" in capsys.readouterr().err
    assert predicting.PREDICTION_VERSION == 1
    assert PredictOptions().draw
