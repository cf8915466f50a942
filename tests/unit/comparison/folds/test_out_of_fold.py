"""Which images and labels an out-of-fold evaluation is of, by the manifests of its runs."""

from __future__ import annotations

from yololab.comparison.folds.out_of_fold import _fingerprint
from yololab.data.identity.manifest import write_manifest
from yololab.files.paths import RunFolder


def run_of(folder, **splits) -> RunFolder:
    run = RunFolder(folder)
    write_manifest(run.manifest, {split: {key: ("i" + key[-1], "l") for key in keys} for split, keys in splits.items()})
    return run


def test_images_that_every_fold_names_alike_have_one_hash_whichever_folds_they_are_in(tmp_path):
    first = run_of(tmp_path / "0", train=["images/b"], val=["images/a"])
    second = run_of(tmp_path / "1", train=["images/a"], val=["images/b"])
    found = _fingerprint({first: "val", second: "val"}, ["images/a", "images/b"])
    assert found is not None
    both = run_of(tmp_path / "2", val=["images/a", "images/b"])
    assert _fingerprint({both: "val"}, ["images/a", "images/b"]) == found


def test_a_class_folder_lies_elsewhere_in_each_fold(tmp_path):
    first = run_of(tmp_path / "0", train=["train/cat/b"], val=["val/cat/a"])
    second = run_of(tmp_path / "1", train=["train/cat/a"], val=["val/cat/b"])
    keys = ["val/cat/a", "val/cat/b"]
    assert _fingerprint({first: "val", second: "val"}, keys) is not None
    assert _fingerprint({first: "val"}, keys) is None
    assert _fingerprint({first: "val", RunFolder(tmp_path / "gone"): "val"}, keys) is None
