"""Leakage between splits, distribution, re-rating, the cache, the manifest and the fingerprint of one check."""

from __future__ import annotations

import io
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
import yaml
from PIL import Image

from yololab.data.checks.check_report import CheckReport, CheckSettings
from yololab.data.checks.dataset_check import check_dataset
from yololab.data.dataset.layout import load_dataset
from yololab.data.identity.fingerprint import fingerprint_split
from yololab.data.identity.manifest import describe_changes, manifest_changes, read_manifest, write_manifest
from yololab.data.labels.label_rows import label_rules
from yololab.data.labels.label_rules import check_label
from yololab.errors import InputError
from yololab.findings import CHECKS


def jpeg(seed: int, quality: int = 90) -> bytes:
    coarse = np.random.default_rng(seed).integers(0, 255, (9, 12, 3), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(coarse).resize((320, 240), Image.Resampling.BICUBIC).save(buffer, "JPEG", quality=quality)
    return buffer.getvalue()


@pytest.fixture
def data(tmp_path) -> Path:
    """Three images a split, every one with a cat and a dog."""
    root = tmp_path / "my dätä"
    for number, (split, name) in enumerate((s, n) for s in ("train", "val") for n in "abc"):
        put(root, split, name, jpeg(number))
    (root / "data.yaml").write_text(
        yaml.safe_dump({"train": "train/images", "val": "val/images", "names": ["cat", "dog"]})
    )
    return root


def put(root: Path, split: str, name: str, content: bytes, label="0 0.5 0.5 0.2 0.4\n1 0.3 0.3 0.2 0.2\n") -> None:
    for folder in ("images", "labels"):
        (root / split / folder).mkdir(parents=True, exist_ok=True)
    (root / split / "images" / f"{split}_{name}.jpg").write_bytes(content)
    (root / split / "labels" / f"{split}_{name}.txt").write_text(label)


def check(root: Path, **settings) -> CheckReport:
    return check_dataset(load_dataset(root), "detect", settings=CheckSettings(**settings))


def kinds(report: CheckReport) -> list[tuple[str, str, str]]:
    return sorted((p.check, p.file.name, p.severity.value) for p in report.problems)


def test_a_sound_dataset_has_no_finding(data):
    assert kinds(check(data)) == []


def test_the_same_bytes_in_two_splits(data):
    put(data, "val", "z", jpeg(0))
    assert kinds(check(data)) == [("leak_same", "val_z.jpg", "warning")]


def test_each_copy_of_an_image_in_another_split_is_told(data):
    for name in "xyz":
        put(data, "val", name, jpeg(0))
    leaks = [found for found in kinds(check(data)) if found[0] == "leak_same"]
    assert [name for _, name, _ in leaks] == ["val_x.jpg", "val_y.jpg", "val_z.jpg"]


def test_the_same_image_saved_anew_in_two_splits(data):
    put(data, "val", "z", jpeg(0, quality=50))
    report = check(data)
    assert kinds(report) == [("leak_similar", "val_z.jpg", "warning")]
    assert "train_a.jpg" in report.problems[0].what
    assert kinds(check(data, near_duplicates=False)) == []
    assert kinds(check(data, near_duplicate_distance=0)) == []


def test_the_same_bytes_twice_in_a_split(data):
    put(data, "train", "z", jpeg(0))
    assert kinds(check(data)) == [("duplicate_image", "train_z.jpg", "note")]


def test_a_name_that_means_two_images(data):
    shutil.move(data / "val/images/val_a.jpg", data / "val/images/train_a.jpg")
    shutil.move(data / "val/labels/val_a.txt", data / "val/labels/train_a.txt")
    assert kinds(check(data)) == [("same_name", "train_a.jpg", "note")]


def test_classes_of_one_split(data):
    for file in (data / "val/labels").iterdir():
        file.write_text("0 0.5 0.5 0.2 0.4\n")
    (problem,) = check(data).problems
    assert (problem.check, problem.what) == ("class_one_split", "class 'dog': in train, but not in val")


def test_ratings_are_the_users(data):
    put(data, "val", "z", jpeg(0))
    assert check(data, severity={"leak_same": "blocking"}).blocking
    assert not check(data, severity={"leak_same": "off"}).problems
    assert not check(data, severity={"leak_same": "note"}).warnings
    assert check(data, severity={"leak_same": None}).warnings


def test_a_rating_changes_no_count(data):
    (data / "train/labels/train_a.txt").write_text("9 0.5 0.5 0.1 0.1\n")
    rated = check(data, severity={"label_class": "note"})
    assert not rated.blocking
    assert rated.splits["train"].dropped == 1, "Ultralytics drops the image, however we rate it"


def test_sizes_are_those_at_the_training_size(data):
    # 320 x 240 at imgsz 640: a box of 0.2 x 0.4 is 64 x 96 px, 128 x 192 after the letterbox
    found = check(data, imgsz=640).distributions["train"]
    assert found.boxes == 6
    edges = found.to_json()["side_px"]["edges"]
    assert found.sides[edges.index(128)] == 3  # sqrt(128 * 192) = 156.8
    assert found.sides[edges.index(64)] == 3  # sqrt(128 * 96) = 110.9
    assert found.to_json()["image_sizes"] == [{"width": 320, "height": 240, "images": 3}]
    small = check(data, imgsz=32)
    assert {p.check for p in small.warnings} == {"small_objects"}


def test_what_has_not_changed_is_not_read_again(data, tmp_path):
    old = 1_600_000_000
    for file in data.rglob("*.jpg"):
        os.utime(file, (old, old))
    cache = tmp_path / "cache"
    first = check(data, cache=cache)
    report = check(data, cache=cache)
    # the files are seconds old by their change time: such entries are not trusted
    assert (first.cached, report.cached) == (0, 0)
    assert report.fingerprints() == first.fingerprints()


def test_the_cache_knows_settled_files(data, tmp_path, monkeypatch):
    monkeypatch.setattr("yololab.data.checks.scan.is_settled", lambda status: True)
    cache = tmp_path / "cache"
    first, second = check(data, cache=cache), check(data, cache=cache)
    assert (first.cached, second.cached) == (0, 6)
    assert second.fingerprints() == first.fingerprints()
    put(data, "val", "a", jpeg(99))
    changed = check(data, cache=cache)
    assert changed.cached == 5
    assert changed.fingerprints()["val"] != first.fingerprints()["val"]
    next(cache.iterdir()).write_bytes(b"no database")
    assert check(data, cache=cache).fingerprints() == changed.fingerprints()
    assert check(data, cache=cache, decode=True).cached == 0, "a header alone does not answer for the pixels"


def test_processes_find_what_one_process_finds(data, monkeypatch):
    put(data, "val", "z", jpeg(0))
    put(data, "train", "y", b"no image")
    alone = check(data)
    monkeypatch.setattr("yololab.data.checks.scan.FEWEST_IMAGES", 0)
    shared = check(data, workers=2)
    assert shared.problems == alone.problems
    assert shared.splits == alone.splits
    assert shared.fingerprints() == alone.fingerprints()


def test_the_fingerprint_is_the_one_of_the_files(data):
    dataset = load_dataset(data)
    assert check(data).fingerprints() == {split: fingerprint_split(dataset, split) for split in ("train", "val")}
    filtered = check(data).fingerprints(classes=[1])
    assert filtered["val"] == fingerprint_split(dataset, "val", classes=[1]) != check(data).fingerprints()["val"]


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
    assert [len(keys) for keys in train.kinds.values()] == [1, 0, 1, 1, 0]
    assert changes["val"].removed == ("val/images/val_c.jpg",)
    assert "1 image relabelled (train/images/train_a.jpg)" in describe_changes(changes)[0]
    assert manifest_changes(before, before) == {}


def test_a_manifest_tells_a_move_from_a_loss(data):
    before = check(data).manifest()
    for kind, suffix in (("images", "jpg"), ("labels", "txt")):
        shutil.move(data / f"val/{kind}/val_a.{suffix}", data / f"train/{kind}/from_val.{suffix}")
    changes = manifest_changes(before, check(data).manifest())
    assert changes["train"].moved == ("train/images/from_val.jpg",)
    assert changes["train"].added == ()
    assert changes["val"].removed == ("val/images/val_a.jpg",)
    assert describe_changes(changes)[0] == "train: 1 image moved here from another split (train/images/from_val.jpg)"


@pytest.mark.parametrize("content", [b"", b"no gzip", b"\x1f\x8b\x08"])
def test_a_damaged_manifest_is_an_input_error(tmp_path, content):
    (tmp_path / "m.json.gz").write_bytes(content)
    with pytest.raises(InputError, match="manifest"):
        read_manifest(tmp_path / "m.json.gz")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0 0.5 0.5 1 1", [("label_whole_image", 1)]),
        ("0 0.5 0.5 0.2 0.2\n\n0 0.502 0.5 0.2 0.2", [("label_overlap", 3)]),
        ("0 0.5 0.5 0.2 0.2\n1 0.502 0.5 0.2 0.2", []),
        ("0 0.5 0.5 0.2 0.2\n0 0.55 0.5 0.2 0.2", []),
        ("0 0.5 0.5 0.2 0.2\n0 0.5 0.5 0.2 0.2", [("label_duplicate", 2)]),
    ],
)
def test_boxes_that_look_like_a_slip(text, expected):
    verdict = check_label(text.encode(), label_rules("detect", 2))
    assert [(finding.check, finding.line) for finding in verdict.findings] == expected


def test_boxes_below_a_pixel_of_their_image(data):
    put(data, "train", "a", jpeg(0), "0 0.5 0.5 0.001 0.2\n1 0.3 0.3 0.2 0.2\n")
    assert [problem.check for problem in check(data).problems] == ["label_tiny", "small_objects"]
    assert [problem.severity for problem in check(data).problems] == ["warning", "note"]


def test_a_class_that_is_rare_beside_others_is_noted(data):
    rows = "".join(f"0 0.5 {0.05 * row + 0.1:.2f} 0.5 0.04\n" for row in range(12))
    put(data, "train", "a", jpeg(0), rows)
    (problem,) = [found for found in check(data).problems if found.check == "class_rare"]
    assert problem.severity == "note"
    assert "'dog'" in problem.what
    assert not [found for found in check(data).problems if found.check == "class_rare" and "'cat'" in found.what]


def test_an_image_in_three_splits_is_one_finding_a_split(data):
    for split in ("train", "val", "test"):
        put(data, split, "z", jpeg(9))
    file = data / "data.yaml"
    file.write_text(file.read_text() + "test: test/images\n")
    found = [problem for problem in check(data).problems if problem.check == "leak_same"]
    assert len(found) == len({problem.file for problem in found}) == 2


def test_utf_16_is_called_by_its_name(data):
    (data / "train/labels/train_a.txt").write_text("0 0.5 0.5 0.1 0.1\n", encoding="utf-16")
    (problem,) = check(data).blocking
    assert problem.what == "UTF-16 text"


def test_every_check_that_a_rule_yields_is_in_the_table():
    source = "\n".join(path.read_text() for path in (Path(__file__).parents[4] / "src/yololab/data").rglob("*.py"))
    for name in CHECKS:
        assert f'"{name}"' in source, f"no rule yields {name}"
