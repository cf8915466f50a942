"""COCO's instances: outlines, masks, keypoints, and the files of a download."""

from __future__ import annotations

from pathlib import Path

import cv2
import msgspec
import numpy as np
import pytest

from yololab.data.conversion.sources.coco import chosen_files, polygons_of


def test_the_outline_of_a_mask_is_that_of_another_program():
    mask_api = pytest.importorskip("faster_coco_eval.core.mask")
    mask = np.zeros((60, 90), np.uint8)
    cv2.circle(mask, (30, 30), 12, 1, -1)
    mask[40:55, 60:80] = 1
    compressed = mask_api.encode(np.asfortranarray(mask))
    text = compressed["counts"]
    rle = {"size": [60, 90], "counts": text.decode() if isinstance(text, bytes) else text}
    parts = polygons_of(msgspec.Raw(msgspec.json.encode(rle)))
    drawn = np.zeros((60, 90), np.uint8)
    cv2.fillPoly(drawn, [part.astype(np.int32) for part in parts], 1)
    assert len(parts) == 2
    assert np.array_equal(drawn, mask)


@pytest.mark.parametrize(
    "outline",
    [
        *(None, 3, [], [[1, 2, 3, 4]], [[1, 2, 3, 4, 5]], ["a"]),
        {"size": [2, 2], "counts": [9]},
        {"size": [10**6, 10**6], "counts": [10**12]},
    ],
)
def test_what_is_no_outline_is_none(outline):
    assert polygons_of(msgspec.Raw(msgspec.json.encode(outline))) == ()


def test_of_a_download_the_files_of_the_task_are_read():
    names = [
        "captions_val2017",
        "image_info_test2017",
        "instances_train2017",
        "instances_val2017",
        "person_keypoints_val2017",
    ]
    files, keys = [Path(f"{name}.json") for name in names], [{"images", "annotations"}] * len(names)
    assert [file.stem for file in chosen_files(files, keys, "segment")] == names[2:4]
    assert [file.stem for file in chosen_files(files, keys, "pose")] == names[4:]
    assert chosen_files(files[4:], keys[4:], "detect") == files[4:]
