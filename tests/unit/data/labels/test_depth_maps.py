"""Depth maps: measured in metres, and each rule on tiny files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from cats_and_dogs import check
from label_maps import depth, found, writes


def _depth_npy(values: np.ndarray) -> Callable[[Path], object]:
    def write(root: Path) -> None:
        (root / "train/depth/a.png").unlink()
        np.save(root / "train/depth/a.npy", values)

    return write


NAN = np.full((40, 40), 3.0, np.float32)


NAN[0, 0], NAN[0, 1], NAN[0, 2] = np.nan, -1, np.inf


def test_depths_are_measured_in_metres(tmp_path: Path) -> None:
    values = np.full((40, 40), 7.5, np.float32)
    np.save(depth(tmp_path) / "train/depth/b.npy", values)
    (tmp_path / "train/depth/b.png").unlink()
    report = check(tmp_path, "depth")
    assert report.problems == ()
    assert report.splits["train"].per_class[0].instances == 1200 + 1600
    maps = report.to_json()["distribution"]["splits"]["train"]["maps"]
    assert (maps["pixels"], maps["counted"]) == (3200, 2800)
    assert (maps["depth_m"]["low"], maps["depth_m"]["high"]) == (2.0, 7.5)
    assert maps["depth_m"]["medians"]["counts"][:5] == [0, 0, 1, 1, 0]


@pytest.mark.parametrize(
    ("damage", "finding"),
    [
        (lambda root: (root / "train/depth/a.png").unlink(), ("missing_depth", "blocking", "train/images/a.png")),
        (writes("train/depth/a.png", np.full((40, 30), 9, np.uint16)), ("depth_size", "blocking", "train/depth/a.png")),
        (writes("train/depth/a.png", np.ones((20, 20), np.uint16) * 9), ("depth_size", "note", "train/depth/a.png")),
        (
            writes("train/depth/a.png", np.ones((40, 40), np.uint8)),
            ("depth_unreadable", "blocking", "train/depth/a.png"),
        ),
        (writes("train/depth/a.png", np.zeros((40, 40), np.uint16)), ("depth_empty", "warning", "train/depth/a.png")),
        (_depth_npy(NAN), ("depth_values", "warning", "train/depth/a.npy")),
        (_depth_npy(np.ones((0, 0), np.float32)), ("depth_unreadable", "blocking", "train/depth/a.npy")),
        (_depth_npy(np.ones((40, 40), np.int32)), ("depth_unreadable", "blocking", "train/depth/a.npy")),
        (_depth_npy(np.full((40, 40), 2000.0, np.float32)), ("depth_unit", "warning", "train/depth/a.npy")),
        (
            lambda root: (root / "train/depth/a.png").write_bytes(b""),
            ("depth_unreadable", "blocking", "train/depth/a.png"),
        ),
        (writes("val/depth/z.png", np.ones((40, 40), np.uint16)), ("orphan_label", "warning", "val/depth/z.png")),
    ],
)
def test_damaged_depth_maps(tmp_path: Path, damage: Callable[[Path], object], finding: tuple[str, str, str]) -> None:
    damage(depth(tmp_path))
    assert found(tmp_path, "depth") == [finding]


def test_scale_of_the_file_counts(tmp_path: Path) -> None:
    report = check(depth(tmp_path, "names: [depth]\ndepth_scale: 256\n"), "depth")
    assert report.maps["val"].high == 2000 / 256
