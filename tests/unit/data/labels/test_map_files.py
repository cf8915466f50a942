"""Masks, depth maps and class folders in fingerprints, in the manifest and in the cache."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from cats_and_dogs import check
from label_maps import classes, depth, grey, semantic

from yololab.data.checks import scan
from yololab.data.dataset.layout import load_dataset
from yololab.data.identity.fingerprint import fingerprint_split
from yololab.errors import InputError
from yololab.files import index


@pytest.mark.parametrize(
    ("make", "task", "file"), [(semantic, "semantic", "train/masks/a.png"), (depth, "depth", "train/depth/a.png")]
)
def test_fingerprint_follows_the_maps(tmp_path: Path, make: Callable[[Path], Path], task: str, file: str) -> None:
    dataset = load_dataset(make(tmp_path))
    before = fingerprint_split(dataset, "train", task=task)
    assert before == check(tmp_path, task).fingerprints()["train"]
    assert before != fingerprint_split(dataset, "train")
    grey(tmp_path / file, np.ones((40, 40), np.uint8 if task == "semantic" else np.uint16))
    after = fingerprint_split(dataset, "train", task=task)
    assert after != before
    assert after == check(tmp_path, task).fingerprints()["train"]
    (tmp_path / file).unlink()
    assert fingerprint_split(dataset, "train", task=task) not in (before, after)


def test_fingerprint_follows_unit_and_mapping(tmp_path: Path) -> None:
    seen = {
        fingerprint_split(load_dataset(depth(tmp_path / "a")), "val", task="depth"),
        fingerprint_split(
            load_dataset(depth(tmp_path / "a", "names: [depth]\ndepth_scale: 256\n")), "val", task="depth"
        ),
    }
    assert len(seen) == 2


def test_fingerprint_follows_the_class_folder(tmp_path: Path) -> None:
    dataset = load_dataset(classes(tmp_path))
    before = fingerprint_split(dataset, "train", task="classify")
    assert before == check(tmp_path, "classify").fingerprints()["train"]
    (tmp_path / "train/cat/b.png").rename(tmp_path / "train/dog/b.png")
    assert fingerprint_split(load_dataset(tmp_path), "train", task="classify") != before
    with pytest.raises(InputError, match="class folders, and the task is detect"):
        fingerprint_split(dataset, "train")


@pytest.mark.parametrize(("make", "task"), [(semantic, "semantic"), (depth, "depth")])
def test_maps_are_read_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make: Callable[[Path], Path], task: str
) -> None:
    monkeypatch.setattr(index, "_RACY_NS", -1)
    root, cache = make(tmp_path / "data"), tmp_path / "cache"
    first = check(root, task, cache=cache)
    monkeypatch.setattr("yololab.data.labels.masks.read_mask", lambda content: pytest.fail("read again"))
    monkeypatch.setattr("yololab.data.labels.depth_maps.read_depth", lambda content: pytest.fail("read again"))
    second = check(root, task, cache=cache)
    assert second.splits == first.splits
    assert second.fingerprints() == first.fingerprints()
    assert second.maps == first.maps


def test_manifest_tells_a_changed_mask(tmp_path: Path) -> None:
    before = check(semantic(tmp_path), "semantic").manifest()
    grey(tmp_path / "val/masks/c.png", np.ones((40, 40), np.uint8))
    after = check(tmp_path, "semantic").manifest()
    assert before["val"]["val/images/c.png"][0] == after["val"]["val/images/c.png"][0]
    assert before["val"]["val/images/c.png"][1] != after["val"]["val/images/c.png"][1]


@pytest.mark.parametrize(("make", "task"), [(semantic, "semantic"), (depth, "depth"), (classes, "classify")])
def test_processes_find_what_one_finds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make: Callable[[Path], Path], task: str
) -> None:
    alone = check(make(tmp_path), task, workers=1)
    monkeypatch.setattr(scan, "FEWEST_IMAGES", 1)
    together = check(tmp_path, task, workers=2)
    assert together.splits == alone.splits
    assert together.maps == alone.maps
    assert together.fingerprints() == alone.fingerprints()
