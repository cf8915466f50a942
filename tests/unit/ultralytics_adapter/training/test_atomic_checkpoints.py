"""Checkpoints are there whole or not at all."""

from __future__ import annotations

import os

import pytest

from yololab.ultralytics_adapter.training.atomic_checkpoints import AtomicPath, remove_half_written


def test_an_atomic_path_replaces_and_leaves_nothing_behind(tmp_path, monkeypatch):
    path = AtomicPath(tmp_path) / "last.pt"
    path.write_bytes(b"old")
    assert path.write_bytes(b"newer") == 5
    assert path.read_bytes() == b"newer"
    monkeypatch.setattr(os, "fsync", lambda descriptor: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.raises(OSError, match="disk full"):
        path.write_bytes(b"half")
    assert path.read_bytes() == b"newer"
    assert [item.name for item in tmp_path.iterdir()] == ["last.pt"]
    assert path.stat().st_mode & 0o044


def test_what_a_kill_has_left_is_removed_and_nothing_else(tmp_path):
    for name in (".last.pt.0123456789ab.tmp", ".best.pt.k3x_", "last.pt", "best.pt", ".hidden"):
        (tmp_path / name).touch()
    remove_half_written(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == [".hidden", "best.pt", "last.pt"]


def test_paths_that_are_made_from_one_are_atomic_too(tmp_path):
    path = AtomicPath(tmp_path)
    for made in (path / "last.pt", (path / "x" / "y").parent, path.with_name("other")):
        assert isinstance(made, AtomicPath)


@pytest.mark.torch
def test_stripping_writes_beside_and_replaces(tmp_path):
    import torch

    from yololab.ultralytics_adapter.training.atomic_checkpoints import strip_checkpoints

    last, best = tmp_path / "last.pt", tmp_path / "best.pt"
    table = {"epoch": [1], "time": [2.0]}
    for path in (last, best):
        content = {"model": torch.nn.Linear(2, 2), "optimizer": {"state": 1}, "epoch": 0, "train_args": {}}
        torch.save(content | ({"train_results": table} if path == last else {}), path)
    for _ in range(2):  # twice does no harm
        strip_checkpoints(last, best)
        for path in (last, best):
            found = torch.load(path, weights_only=False)
            assert (found["epoch"], found["optimizer"], found["train_results"]) == (-1, None, table)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["best.pt", "last.pt"]


@pytest.mark.torch
def test_what_is_no_checkpoint_stays_as_it_is(tmp_path):
    from yololab.ultralytics_adapter.training.atomic_checkpoints import strip_checkpoints

    (tmp_path / "last.pt").write_bytes(b"torn")
    strip_checkpoints(tmp_path / "last.pt", tmp_path / "best.pt")
    assert (tmp_path / "last.pt").read_bytes() == b"torn"
    assert [path.name for path in tmp_path.iterdir()] == ["last.pt"]
