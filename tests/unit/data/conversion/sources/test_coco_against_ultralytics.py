"""Ultralytics' own converter reads the same COCO file: boxes are equal, outlines cover the same pixels."""

from __future__ import annotations

import json

import cv2
import numpy as np
import pytest
from label_sources import write_images

from yololab.config.schema import ExperimentConfig
from yololab.job.standalone.convert import ConvertSettings, LabelTask, convert_labels
from yololab.terminal.screen import Screen

NAMES = ("video_1/frame_0.jpg", "video_2/frame_0.jpg", "empty.jpg")


def write(root) -> None:
    """Write instances with one polygon, several parts, a mask, keypoints and a crowd; boxes lie in the image."""
    mask_api = pytest.importorskip("faster_coco_eval.core.mask")
    rng = np.random.default_rng(0)
    write_images(root / "images", NAMES)
    annotations = []
    for image in range(2):
        for kind in range(6):
            x, y = rng.uniform(5, 60, 2).round(1).tolist()
            square = [x, y, x + 40, y, x + 40, y + 50, x, y + 50]
            row = {
                "id": len(annotations),
                "image_id": image,
                "category_id": 1 + kind % 3,
                "bbox": [x, y, 40, 50],
                "iscrowd": 0,
            }
            outline = [square]
            if kind == 1:
                outline = [[a + shift * (place % 2 == 0) for place, a in enumerate(square)] for shift in (0, 60)]
            elif kind == 2:
                drawn = np.zeros((160, 200), np.uint8)
                cv2.circle(drawn, (int(x) + 20, int(y) + 25), 20, 1, -1)
                code = mask_api.encode(np.asfortranarray(drawn))["counts"]
                outline = {"size": [160, 200], "counts": code.decode() if isinstance(code, bytes) else code}
            elif kind == 3:
                row["iscrowd"] = 1
            points = [x, y, 2, x + 9, y + 9, 1, 0, 0, 0] if kind != 4 else [0] * 9
            annotations.append(row | {"segmentation": outline, "keypoints": points})
    images = [{"id": i, "file_name": name, "width": 200, "height": 160} for i, name in enumerate(NAMES)]
    categories = [{"id": i, "name": str(i), "keypoints": ["a", "left", "right"]} for i in (1, 2, 3)]
    (root / "annotations").mkdir()
    content = {"images": images, "annotations": annotations, "categories": categories}
    (root / "annotations/instances_train.json").write_text(json.dumps(content))


def rows(path) -> list[np.ndarray]:
    lines = path.read_text().splitlines() if path.is_file() else []
    return [np.array(line.split(), float) for line in lines]


@pytest.mark.torch
@pytest.mark.heavy
@pytest.mark.parametrize("task", [LabelTask.DETECT, LabelTask.SEGMENT, LabelTask.POSE])
def test_labels_are_those_of_ultralytics(task, tmp_path):
    from ultralytics.data.converter import convert_coco

    write(tmp_path / "source")
    settings = ConvertSettings(out=str(tmp_path / "ours"), task=task)
    convert_labels(tmp_path / "source", settings, ExperimentConfig(), tmp_path, Screen(quiet=True))
    pose, segment = task is LabelTask.POSE, task is LabelTask.SEGMENT
    convert_coco(str(tmp_path / "source/annotations"), str(tmp_path / "theirs"), segment, pose, cls91to80=False)
    for name in NAMES:
        place = f"labels/train/{name}".replace(".jpg", ".txt")
        ours, theirs = rows(tmp_path / "ours" / place), rows(tmp_path / "theirs" / place)
        assert len(ours) == len(theirs) == (0 if name == "empty.jpg" else 4 if pose else 5)
        for one, other in zip(ours, theirs, strict=True):
            assert one[0] == other[0]
            if segment:  # parts may be joined at other points: what they cover counts
                covered = [np.zeros((1600, 2000), np.uint8) for _ in range(2)]
                for canvas, row in zip(covered, (one, other), strict=True):
                    cv2.fillPoly(canvas, [(row[1:].reshape(-1, 2) * (2000, 1600)).round().astype(np.int32)], 1)
                assert (covered[0] != covered[1]).sum() < 0.005 * covered[1].sum()
            else:
                assert np.allclose(one, other, atol=2e-5)  # six digits of theirs
