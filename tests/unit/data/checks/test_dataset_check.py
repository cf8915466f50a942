"""The dataset check over folders: what it counts, what it finds, and that it leaves everything as it was."""

from __future__ import annotations

from pathlib import Path

import pytest
from flawed_cells import LABELLED_TWICE, LOOKS_ALIKE, make_flawed_cells
from lopsided_dataset import BOX, SOUND, check_lopsided, make

from yololab.data.checks.check_report import CheckReport
from yololab.data.checks.dataset_check import check_dataset
from yololab.data.dataset.layout import load_dataset
from yololab.data.labels import label_source
from yololab.errors import InputError, Problem


def kinds(report: CheckReport) -> list[tuple[str, str, str]]:
    return sorted((p.check, p.file.name, p.severity.value) for p in report.problems)


def test_a_sound_dataset(tmp_path):
    report = check_lopsided(make(tmp_path, SOUND))
    assert report.problems == ()
    assert report.blocking == []
    train = report.splits["train"]
    assert (train.images, train.labelled, train.backgrounds, train.dropped, train.instances) == (2, 1, 1, 0, 3)
    assert {i: (c.instances, c.images) for i, c in train.per_class.items()} == {0: (2, 1), 1: (1, 1)}
    val = report.splits["val"]
    assert (val.images, val.instances) == (1, 1)
    assert (val.per_class[1].instances, val.per_class[1].images) == (0, 0), "an absent class is counted, as none"


def test_single_cls_counts_everything_as_one_class(tmp_path):
    report = check_lopsided(make(tmp_path, {**SOUND, "labels/val/a.txt": "9 0.5 0.5 0.1 0.1"}), single_cls=True)
    assert not report.problems
    assert [report.splits[s].per_class[0].instances for s in ("train", "val")] == [3, 1]


def test_nothing_is_written_or_changed(tmp_path):
    make(tmp_path, {**SOUND, "labels/train/orphan.txt": "x", "images/train/c.gif": None})

    def state():
        return {p: (p.stat().st_mtime_ns, p.read_bytes() if p.is_file() else None) for p in tmp_path.rglob("*")}

    before = state()
    check_lopsided(tmp_path)
    assert state() == before


@pytest.mark.parametrize(
    ("extra", "expected"),
    [
        ({"images/train/c.jpg": None}, ("missing_label", "c.jpg", "warning")),
        ({"images/train/c.jpg": None, "labels/train/c.TXT": BOX}, ("missing_label", "c.jpg", "warning")),
        ({"labels/train/c.txt": BOX}, ("orphan_label", "c.txt", "warning")),
        ({"labels/train/sub/c.txt": BOX}, ("orphan_label", "c.txt", "warning")),
        ({"images/train/c.gif": None}, ("wrong_suffix", "train", "warning")),
        ({"images/train/IMG_1": None}, ("wrong_suffix", "train", "warning")),
        ({"labels/val/a.txt": "5 0.5 0.5 0.1 0.1"}, ("label_class", "a.txt", "blocking")),
        ({"labels/val/a.txt": BOX + BOX}, ("label_duplicate", "a.txt", "warning")),
        ({"labels/val/a.txt": ""}, ("no_labels", "a.jpg", "blocking")),
    ],
)
def test_each_flaw_is_the_only_finding(tmp_path, extra, expected):
    report = check_lopsided(make(tmp_path, {**SOUND, **extra}))
    assert kinds(report) == [expected]
    assert report.problems[0].what
    assert report.problems[0].remedy


def test_dropped_images_do_not_count(tmp_path):
    report = check_lopsided(
        make(tmp_path, {**SOUND, "images/train/c.jpg": None, "labels/train/c.txt": BOX + "0 9 9 1 1"})
    )
    train = report.splits["train"]
    assert (train.images, train.labelled, train.backgrounds, train.dropped, train.instances) == (3, 1, 1, 1, 3)
    (problem,) = report.blocking
    assert (problem.file, problem.line) == (tmp_path / "labels/train/c.txt", 2)


def test_a_split_without_any_label_says_where_they_are_sought(tmp_path):
    files = {name.replace("labels/train", "annotations/train"): text for name, text in SOUND.items()}
    report = check_lopsided(make(tmp_path, files))
    assert kinds(report) == [("no_labels", "a.jpg", "blocking")]
    assert str(tmp_path / "labels/train/a.txt") in report.problems[0].what


def test_an_optional_split_warns_unless_it_was_asked_for(tmp_path):
    make(tmp_path, {**SOUND, "images/test/a.jpg": None}, test="images/test", minival="images/none")
    assert kinds(check_lopsided(tmp_path)) == [
        ("missing_split", "data.yaml", "warning"),
        ("no_labels", "a.jpg", "warning"),
    ]
    report = check_lopsided(tmp_path, splits=["test"])
    assert kinds(report) == [("no_labels", "a.jpg", "blocking")]
    assert list(report.splits) == ["test"]
    with pytest.raises(InputError, match="no split 'dev'"):
        check_lopsided(tmp_path, splits=["dev"])


def test_labels_of_an_image_that_is_not_there_do_not_count(tmp_path):
    files = {name: text for name, text in SOUND.items() if name != "images/train/a.jpg"}
    make(tmp_path, files, train="train.txt")
    (tmp_path / "train.txt").write_text("./images/train/a.jpg\n./images/train/b ü.PNG\n", "utf-8")
    report = check_lopsided(tmp_path)
    assert kinds(report) == [("missing_image", "a.jpg", "blocking")]
    train = report.splits["train"]
    assert (train.dropped, train.backgrounds, train.instances) == (1, 1, 0)


def test_splits_that_share_images_share_findings(tmp_path):
    make(tmp_path, {**SOUND, "labels/train/a.txt": "7 0.5 0.5 0.1 0.1"}, val="images/train")
    assert kinds(check_lopsided(tmp_path, splits=["train", "val"])) == [("label_class", "a.txt", "blocking")]


def test_a_broken_link_is_a_missing_image(tmp_path):
    make(tmp_path, SOUND)
    (tmp_path / "images/train/a.jpg").unlink()
    (tmp_path / "images/train/a.jpg").symlink_to(tmp_path / "nowhere.jpg")
    assert kinds(check_lopsided(tmp_path)) == [("missing_image", "a.jpg", "blocking")]


def test_an_unreadable_label_is_blocking(tmp_path, monkeypatch):
    make(tmp_path, SOUND)
    read_bytes = label_source.read_bytes

    def refuse(path: Path, most: int) -> bytes:
        if path.name == "a.txt" and path.parent.name == "train":
            raise InputError(Problem(str(path), "cannot be read (Permission denied)"))
        return read_bytes(path, most)

    monkeypatch.setattr(label_source, "read_bytes", refuse)
    report = check_lopsided(tmp_path)
    assert kinds(report) == [("label_unreadable", "a.txt", "blocking")]
    assert "Permission denied" in report.problems[0].what
    assert report.splits["train"].dropped == 1


def test_progress_reaches_the_end(tmp_path):
    seen = []
    check_lopsided(make(tmp_path, SOUND), progress=lambda done, total: seen.append((done, total)))
    assert seen[0] == (0, 3)
    assert seen[-1] == (3, 3)


def test_counts_of_a_dataset_like_real_ones(tmp_path):
    report = check_dataset(load_dataset(make_flawed_cells(tmp_path)), "detect")
    counts = {split: (c.images, c.labelled, c.instances) for split, c in report.splits.items()}
    assert counts == {"train": (40, 40, 272), "val": (18, 18, 123), "test": (12, 12, 74)}
    total = [sum(c.per_class[i].instances for c in report.splits.values()) for i in range(3)]
    assert total == [66, 360, 43]
    rows = [row for file in tmp_path.rglob("labels/*.txt") for row in file.read_text().splitlines()]
    assert [sum(row.startswith(f"{index} ") for row in rows) for index in range(3)] == total


def test_flaws_of_a_dataset_like_real_ones(tmp_path):
    report = check_dataset(load_dataset(make_flawed_cells(tmp_path)), "detect")
    twice = [("label_overlap", f"{split}_{n:03d}") for split, numbers in LABELLED_TWICE.items() for n in numbers]
    (_, _), (split, number) = LOOKS_ALIKE
    assert sorted((p.check, p.file.stem) for p in report.problems) == sorted(
        [*twice, ("leak_similar", f"{split}_{number:03d}")]
    )
