"""Keys of a data.yaml that belong to one task."""

from __future__ import annotations

import pytest

from yololab.data.dataset.task_keys import DEPTH_SCALE, IGNORED, depth_scale, label_mapping, wrong_task_keys


@pytest.mark.parametrize(
    ("raw", "key"),
    [
        ({"flip_idx": 3}, "flip_idx"),
        ({"flip_idx": [0, 0]}, "flip_idx"),
        ({"flip_idx": [0, 2]}, "flip_idx"),
        ({"masks_dir": 5}, "masks_dir"),
        ({"masks_dir": " "}, "masks_dir"),
        ({"label_mapping": [0]}, "label_mapping"),
        ({"label_mapping": {256: 0}}, "label_mapping"),
        ({"label_mapping": {0: 256}}, "label_mapping"),
        ({"label_mapping": {0: "sky"}}, "label_mapping"),
        ({"depth_scale": 0}, "depth_scale"),
        ({"depth_scale": True}, "depth_scale"),
        ({"depth_scale": float("inf")}, "depth_scale"),
    ],
)
def test_wrong_values_name_their_key(raw, key):
    assert [name for name, _ in wrong_task_keys(raw, (2, 3))] == [key]


def test_sound_and_absent_values():
    raw = {"flip_idx": [1, 0], "masks_dir": "masks", "label_mapping": {0: None, 7: 1}, "depth_scale": 256}
    assert list(wrong_task_keys(raw, (2, 3))) == []
    assert list(wrong_task_keys({}, None)) == []


def test_values_of_masks_and_depth_maps():
    assert label_mapping({"label_mapping": {0: None, "3": "ignore_label", 7: 1}}) == {0: IGNORED, 3: IGNORED, 7: 1}
    assert label_mapping({}) == {}
    assert depth_scale({"depth_scale": 256}) == 256.0
    assert depth_scale({}) == DEPTH_SCALE
