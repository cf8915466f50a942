"""A dataset check that is saved for others: read as long as nothing has changed, and never run as code."""

from __future__ import annotations

import os
import pickle
import shutil
import time

import pytest
from tiny import make_dataset

from yololab.data.checks.cached_check import cached_check, check_key, dataset_state, forget_old_checks, save_check
from yololab.data.checks.check_report import CheckSettings
from yololab.data.checks.dataset_check import check_dataset
from yololab.data.dataset.layout import load_dataset


@pytest.fixture
def checked(tmp_path):
    yaml = make_dataset(tmp_path / "set", images=3)
    dataset = load_dataset(yaml, datasets_dir=tmp_path)
    report = check_dataset(dataset, "detect", settings=CheckSettings(workers=1))
    path = tmp_path / "saved/question"
    save_check(path, report, dataset_state(dataset, report.labels))
    return dataset, report, path


def again(dataset, report, path):
    return cached_check(path, dataset_state(dataset, report.labels))


def test_it_is_the_same_report(checked):
    dataset, report, path = checked
    found = again(dataset, report, path)
    assert found is not None
    assert found.to_json() == report.to_json()
    assert found.fingerprints() == report.fingerprints()
    assert found.manifest() == report.manifest()


CHANGES = ["label", "image", "added", "removed", "yaml", "same size and time", "orphan label", "array", "other file"]


@pytest.mark.parametrize("change", CHANGES)
def test_it_is_not_taken_over_when_anything_has_changed(change, checked):
    dataset, report, path = checked
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
    elif change == "same size and time":
        label = root / "train/labels/train0.txt"
        before, text = label.stat(), label.read_text()
        label.write_text(f"1{text[1:]}")
        os.utime(label, ns=(before.st_atime_ns, before.st_mtime_ns))
    elif change == "orphan label":
        (root / "train/labels/nobody.txt").touch()
    elif change == "array":
        (root / "train/images/train0.npy").touch()
    elif change == "other file":
        (root / "val/images/notes.docx").touch()
    else:
        dataset.yaml.write_text(dataset.yaml.read_text() + "# a remark\n")
    assert again(dataset, report, path) is None


def test_what_lies_beside_the_images_of_a_list_counts(tmp_path):
    yaml = make_dataset(tmp_path / "set", images=3)
    (yaml.parent / "train.txt").write_text("./train/images/train0.png\n./train/images/train1.png\n")
    yaml.write_text(yaml.read_text().replace("train: train/images", "train: train.txt"))
    dataset = load_dataset(yaml, datasets_dir=tmp_path)
    labels = check_dataset(dataset, "detect", settings=CheckSettings(workers=1)).labels
    states = [dataset_state(dataset, labels).digest]
    for name in ("labels/train0.txt", "images/train0.npy", "labels/nobody.txt", "images/train0.png"):
        (yaml.parent / "train" / name).open("a").write("0 0.5 0.5 0.1 0.1\n")
        states.append(dataset_state(dataset, labels).digest)
    (yaml.parent / "train.txt").open("a").write("./train/images/gone.png\n")
    states.append(dataset_state(dataset, labels).digest)
    assert len(set(states)) == len(states)


def test_a_file_that_was_changed_just_now_settles_nothing(checked):
    dataset, report, _ = checked
    assert not dataset_state(dataset, report.labels).settled
    # the times of a change cannot be set back, so the clock is put forward
    with pytest.MonkeyPatch.context() as patch:
        now = time.time_ns()
        patch.setattr("yololab.files.index.time.time_ns", lambda: now + 3_000_000_000)
        assert dataset_state(dataset, report.labels).settled


def test_the_newest_reports_stay(checked):
    dataset, report, path = checked
    state = dataset_state(dataset, report.labels)
    for number in range(20):
        save_check(path.with_name(f"question {number}"), report, state)
    forget_old_checks(path.parent)
    assert len(list(path.parent.iterdir())) == 16
    assert path.with_name("question 19").is_file()


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
    dataset, report, path = checked
    monkeypatch.setenv("BOMB", str(tmp_path / "exploded"))
    path.write_bytes(pickle.dumps({"stamp": "", "report": Bomb()}))
    assert again(dataset, report, path) is None
    assert not (tmp_path / "exploded").exists()
    path.write_bytes(b"torn")
    assert again(dataset, report, path) is None
    assert again(dataset, report, tmp_path / "nothing") is None
