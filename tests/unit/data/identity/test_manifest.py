"""The manifest names what changed between two states of a dataset."""

from __future__ import annotations

import shutil

import pytest
from cats_and_dogs import check, jpeg, put

from yololab.data.identity.manifest import (
    changes_json,
    describe_changes,
    manifest_changes,
    read_manifest,
    write_manifest,
)
from yololab.errors import InputError


def test_a_manifest_names_what_changed(data, tmp_path):
    before = check(data).manifest()
    write_manifest(tmp_path / "m.json.gz", before)
    assert read_manifest(tmp_path / "m.json.gz") == before
    put(data, "train", "new", jpeg(50))
    put(data, "train", "a", jpeg(0), "0 0.5 0.5 0.2 0.3\n1 0.3 0.3 0.2 0.2\n")
    put(data, "train", "b", jpeg(51))
    (data / "val/images/val_c.jpg").unlink()
    changes = manifest_changes(before, check(data).manifest())
    train = changes["train"]
    assert [len(keys) for keys in train.values()] == [1, 0, 1, 1, 0]
    assert changes["val"]["removed"] == ["val/images/val_c.jpg"]
    assert "1 image relabelled (train/images/train_a.jpg)" in describe_changes(changes)[0]
    assert manifest_changes(before, before) == {}


def test_a_manifest_tells_a_move_from_a_loss(data):
    before = check(data).manifest()
    for kind, suffix in (("images", "jpg"), ("labels", "txt")):
        shutil.move(data / f"val/{kind}/val_a.{suffix}", data / f"train/{kind}/from_val.{suffix}")
    changes = manifest_changes(before, check(data).manifest())
    assert changes["train"]["moved here from another split"] == ["train/images/from_val.jpg"]
    assert changes["train"]["added"] == []
    assert changes["val"]["removed"] == ["val/images/val_a.jpg"]
    assert changes_json(changes["val"])["examples"] == {"removed": ["val/images/val_a.jpg"]}
    assert describe_changes(changes)[0] == "train: 1 image moved here from another split (train/images/from_val.jpg)"


@pytest.mark.parametrize("content", [b"", b"no gzip", b"\x1f\x8b\x08"])
def test_a_damaged_manifest_is_an_input_error(tmp_path, content):
    (tmp_path / "m.json.gz").write_bytes(content)
    with pytest.raises(InputError, match="manifest"):
        read_manifest(tmp_path / "m.json.gz")
