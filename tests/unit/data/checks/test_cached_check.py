"""A dataset check that is saved for others: read as long as nothing has changed, and never run as code."""

from __future__ import annotations

import os
import pickle
import shutil

import pytest
from tiny import make_dataset

from yololab.data.checks.cached_check import cached_check, check_key, save_check
from yololab.data.checks.check_report import CheckSettings
from yololab.data.checks.dataset_check import check_dataset
from yololab.data.dataset.layout import load_dataset


@pytest.fixture
def checked(tmp_path):
    yaml = make_dataset(tmp_path / "set", images=3)
    dataset = load_dataset(yaml, datasets_dir=tmp_path)
    report = check_dataset(dataset, "detect", settings=CheckSettings(workers=1))
    save_check(tmp_path / "saved", report)
    return dataset, report, tmp_path / "saved"


def test_it_is_the_same_report(checked):
    dataset, report, path = checked
    found = cached_check(path, dataset)
    assert found is not None
    assert found.to_json() == report.to_json()
    assert found.fingerprints() == report.fingerprints()
    assert found.manifest() == report.manifest()


@pytest.mark.parametrize("change", ["label", "image", "added", "removed", "yaml"])
def test_it_is_not_taken_over_when_anything_has_changed(change, checked):
    dataset, _, path = checked
    root = dataset.yaml.parent
    if change == "label":
        label = root / "train/labels/train0.txt"
        label.write_text(label.read_text().replace("0.", "0.0", 1))
    elif change == "image":
        os.utime(root / "val/images/val1.png", (1, 1))
    elif change == "added":
        shutil.copy(root / "val/images/val1.png", root / "val/images/another.png")
    elif change == "removed":
        (root / "train/images/train2.png").unlink()
    else:
        dataset.yaml.write_text(dataset.yaml.read_text() + "# a remark\n")
    assert cached_check(path, dataset) is None


def test_other_questions_have_other_names(checked):
    dataset, _, _ = checked
    asked = {
        check_key(dataset, "detect", False, ("train",), CheckSettings()),
        check_key(dataset, "detect", True, ("train",), CheckSettings()),
        check_key(dataset, "detect", False, ("train", "val"), CheckSettings()),
        check_key(dataset, "detect", False, ("train",), CheckSettings(imgsz=320)),
        check_key(dataset, "segment", False, ("train",), CheckSettings()),
    }
    assert len(asked) == 5
    assert check_key(dataset, "detect", False, ("train",), CheckSettings()) in asked


class Bomb:
    def __reduce__(self):
        return os.mkdir, (os.environ["BOMB"],)


def test_it_runs_no_code(checked, tmp_path, monkeypatch):
    dataset, _, path = checked
    monkeypatch.setenv("BOMB", str(tmp_path / "exploded"))
    path.write_bytes(pickle.dumps({"stamp": "", "report": Bomb()}))
    assert cached_check(path, dataset) is None
    assert not (tmp_path / "exploded").exists()
    path.write_bytes(b"torn")
    assert cached_check(path, dataset) is None
    assert cached_check(tmp_path / "nothing", dataset) is None
