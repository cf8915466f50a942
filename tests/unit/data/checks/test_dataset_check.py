"""The dataset check over folders: what it counts, what it finds, and that it leaves everything as it was."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import yaml
from flawed_cells import LABELLED_TWICE, LOOKS_ALIKE, make_flawed_cells
from PIL import Image

from yololab.data.checks.check_report import CheckReport, CheckSettings
from yololab.data.checks.dataset_check import check_dataset
from yololab.data.dataset.layout import load_dataset
from yololab.data.problems import DataProblem, Severity
from yololab.errors import InputError
from yololab.files.json_files import read_json, write_json

BOX = "0 0.5 0.5 0.2 0.2\n"


def make(root: Path, files: dict[str, str | None], **keys) -> Path:
    """Write a dataset: None is an image (or any file nobody reads), text is a label file."""
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if text is None and path.suffix.lower() in (".jpg", ".png"):
            noise = np.random.default_rng(list(name.encode())).integers(0, 255, (64, 64, 3), dtype=np.uint8)
            Image.fromarray(noise).save(path)
        else:
            path.write_text(text or "", "utf-8")
    content = {"train": "images/train", "val": "images/val", "names": ["cat", "dog"], **keys}
    (root / "data.yaml").write_text(yaml.safe_dump(content), "utf-8")
    return root


SOUND: dict[str, str | None] = {
    "images/train/a.jpg": None,
    "labels/train/a.txt": f"{BOX}1 0.2 0.2 0.1 0.1\n0 0.8 0.8 0.1 0.1\n",
    "images/train/b ü.PNG": None,
    "labels/train/b ü.txt": "",
    "images/val/a.jpg": None,
    "labels/val/a.txt": BOX,
}


def check(root: Path, **options) -> CheckReport:
    # the small datasets of these tests are lopsided by nature
    settings = CheckSettings(
        severity=dict.fromkeys(("class_one_split", "class_unused", "same_name", "leak_same"), "off")
    )
    return check_dataset(load_dataset(root), "detect", **{"settings": settings, **options})


def kinds(report: CheckReport) -> list[tuple[str, str, str]]:
    return sorted((p.check, p.file.name, p.severity.value) for p in report.problems)


def test_a_sound_dataset(tmp_path):
    report = check(make(tmp_path, SOUND))
    assert report.problems == ()
    assert report.blocking == []
    train = report.splits["train"]
    assert (train.images, train.labelled, train.backgrounds, train.dropped, train.instances) == (2, 1, 1, 0, 3)
    assert {i: (c.instances, c.images) for i, c in train.per_class.items()} == {0: (2, 1), 1: (1, 1)}
    val = report.splits["val"]
    assert (val.images, val.instances) == (1, 1)
    assert (val.per_class[1].instances, val.per_class[1].images) == (0, 0), "an absent class is counted, as none"


def test_single_cls_counts_everything_as_one_class(tmp_path):
    report = check(make(tmp_path, {**SOUND, "labels/val/a.txt": "9 0.5 0.5 0.1 0.1"}), single_cls=True)
    assert not report.problems
    assert [report.splits[s].per_class[0].instances for s in ("train", "val")] == [3, 1]


def test_nothing_is_written_or_changed(tmp_path):
    make(tmp_path, {**SOUND, "labels/train/orphan.txt": "x", "images/train/c.gif": None})

    def state():
        return {p: (p.stat().st_mtime_ns, p.read_bytes() if p.is_file() else None) for p in tmp_path.rglob("*")}

    before = state()
    check(tmp_path)
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
    report = check(make(tmp_path, {**SOUND, **extra}))
    assert kinds(report) == [expected]
    assert report.problems[0].what
    assert report.problems[0].remedy


@pytest.mark.parametrize(
    "extra",
    [
        "labels/train/classes.txt",
        "labels/train.cache",
        "images/train/a.npy",
        "images/train/notes/a.pdf",
        "labels/train/.x.txt",
        "readme.md",
    ],
)
def test_what_tools_leave_behind_is_no_flaw(tmp_path, extra):
    assert check(make(tmp_path, {**SOUND, extra: None})).problems == ()


def test_labels_beside_images(tmp_path):
    files = {"train/a.jpg": None, "train/a.txt": BOX, "val/b.jpg": None, "val/b.txt": BOX, "val/c.txt": BOX}
    report = check(make(tmp_path, files, train="train", val="val"))
    assert kinds(report) == [("orphan_label", "c.txt", "warning")]
    assert report.splits["train"].instances == 1


def test_images_and_labels_below_one_split_folder(tmp_path):
    files = {f"{s}/{f}": t for s in ("train", "val") for f, t in {"images/a.jpg": None, "labels/a.txt": BOX}.items()}
    assert check(make(tmp_path, files, train="train", val="val")).problems == ()


def test_files_of_one_kind_are_one_finding(tmp_path):
    files = {f"images/train/{i}.gif": None for i in range(5)} | {"images/train/a.GIF": None, "images/train/x.svg": None}
    report = check(make(tmp_path, {**SOUND, **files}))
    assert [p.what for p in report.problems] == [
        "6 file(s) of type .gif, the first: 0.gif",
        "1 file(s) of type .svg, the first: x.svg",
    ]


def test_dropped_images_do_not_count(tmp_path):
    report = check(make(tmp_path, {**SOUND, "images/train/c.jpg": None, "labels/train/c.txt": BOX + "0 9 9 1 1"}))
    train = report.splits["train"]
    assert (train.images, train.labelled, train.backgrounds, train.dropped, train.instances) == (3, 1, 1, 1, 3)
    (problem,) = report.blocking
    assert (problem.file, problem.line) == (tmp_path / "labels/train/c.txt", 2)


def test_a_split_without_any_label_says_where_they_are_sought(tmp_path):
    files = {name.replace("labels/train", "annotations/train"): text for name, text in SOUND.items()}
    report = check(make(tmp_path, files))
    assert kinds(report) == [("no_labels", "a.jpg", "blocking")]
    assert str(tmp_path / "labels/train/a.txt") in report.problems[0].remedy


@pytest.mark.parametrize("split", ["train", "val"])
def test_empty_and_missing_required_splits_are_blocking(tmp_path, split):
    files = {name: text for name, text in SOUND.items() if f"/{split}/" not in name}
    make(tmp_path, files)
    assert kinds(check(tmp_path)) == [("missing_split", "data.yaml", "blocking")]
    (tmp_path / "images" / split).mkdir(parents=True)
    report = check(tmp_path)
    assert kinds(report) == [("empty_split", split, "blocking")]
    assert report.splits[split].images == 0


def test_an_optional_split_warns_unless_it_was_asked_for(tmp_path):
    make(tmp_path, {**SOUND, "images/test/a.jpg": None}, test="images/test", minival="images/none")
    assert kinds(check(tmp_path)) == [
        ("missing_split", "data.yaml", "warning"),
        ("no_labels", "a.jpg", "warning"),
    ]
    report = check(tmp_path, splits=["test"])
    assert kinds(report) == [("no_labels", "a.jpg", "blocking")]
    assert list(report.splits) == ["test"]
    with pytest.raises(InputError, match="no split 'dev'"):
        check(tmp_path, splits=["dev"])


def test_lists(tmp_path):
    make(tmp_path, {**SOUND, "images/train/unlisted.jpg": None, "labels/train/unlisted.txt": BOX}, train="train.txt")
    (tmp_path / "train.txt").write_text("./images/train/a.jpg\n./images/train/a.jpg\n./images/train/gone.jpg\n")
    report = check(tmp_path)
    assert kinds(report) == [
        ("missing_image", "gone.jpg", "blocking"),
        ("missing_label", "gone.jpg", "warning"),
        ("repeated_image", "a.jpg", "warning"),
    ]
    assert (report.splits["train"].images, report.splits["train"].dropped) == (3, 1)


def test_labels_of_an_image_that_is_not_there_do_not_count(tmp_path):
    files = {name: text for name, text in SOUND.items() if name != "images/train/a.jpg"}
    make(tmp_path, files, train="train.txt")
    (tmp_path / "train.txt").write_text("./images/train/a.jpg\n./images/train/b ü.PNG\n", "utf-8")
    report = check(tmp_path)
    assert kinds(report) == [("missing_image", "a.jpg", "blocking")]
    train = report.splits["train"]
    assert (train.dropped, train.backgrounds, train.instances) == (1, 1, 0)


def test_a_list_among_the_labels_is_no_label(tmp_path):
    files = {"d/a.jpg": None, "d/a.txt": BOX, "d/train.txt": "./a.jpg"}
    assert check(make(tmp_path, files, train="d/train.txt", val="d")).problems == ()


def test_a_folder_inside_another_one_repeats_its_images(tmp_path):
    report = check(make(tmp_path, SOUND, train=["images/train", "images"]))
    assert kinds(report) == [("repeated_image", "a.jpg", "warning")]
    assert "2 image(s)" in report.problems[0].what


def test_splits_that_share_images_share_findings(tmp_path):
    make(tmp_path, {**SOUND, "labels/train/a.txt": "7 0.5 0.5 0.1 0.1"}, val="images/train")
    assert kinds(check(tmp_path, splits=["train", "val"])) == [("label_class", "a.txt", "blocking")]


def test_a_broken_link_is_a_missing_image(tmp_path):
    make(tmp_path, SOUND)
    (tmp_path / "images/train/a.jpg").unlink()
    (tmp_path / "images/train/a.jpg").symlink_to(tmp_path / "nowhere.jpg")
    assert kinds(check(tmp_path)) == [("missing_image", "a.jpg", "blocking")]


def test_an_unreadable_label_is_blocking(tmp_path, monkeypatch):
    make(tmp_path, SOUND)
    read_bytes = Path.read_bytes

    def refuse(path: Path) -> bytes:
        if path.name == "a.txt" and path.parent.name == "train":
            raise PermissionError(13, "Permission denied")
        return read_bytes(path)

    monkeypatch.setattr(Path, "read_bytes", refuse)
    report = check(tmp_path)
    assert kinds(report) == [("label_unreadable", "a.txt", "blocking")]
    assert "Permission denied" in report.problems[0].what
    assert report.splits["train"].dropped == 1


def test_progress_reaches_the_end(tmp_path):
    seen = []
    check(make(tmp_path, SOUND), progress=lambda done, total: seen.append((done, total)))
    assert seen[0] == (0, 3)
    assert seen[-1] == (3, 3)


def test_the_json_report(tmp_path):
    extra = {"labels/train/a.txt": "7 0.5 0.5 0.1 0.1", "labels/train/o.txt": "", "labels/train/p.txt": ""}
    report = check(make(tmp_path / "data", {**SOUND, **extra, "images/train/z.jpg": None}))
    file = tmp_path / "report.json"
    write_json(file, report.to_json(), schema_version=1)
    content = read_json(file, (1,))
    assert content["names"] == {"0": "cat", "1": "dog"}
    assert content["dataset"] == str(tmp_path / "data/data.yaml")
    assert content["splits"]["val"]["per_class"]["0"] == {"instances": 1, "images": 1}
    assert set(content["problems"][0]) == {"check", "severity", "file", "line", "what", "remedy"}
    assert [(s["check"], s["severity"], s["count"]) for s in content["summary"]] == [
        ("label_class", "blocking", 1),
        ("orphan_label", "warning", 2),
        ("missing_label", "warning", 1),
    ]
    assert content["summary"][0]["examples"] == [
        {
            "file": str(tmp_path / "data/labels/train/a.txt"),
            "line": 1,
            "what": "class 7 of a dataset with the classes 0 to 1",
        }
    ]


def test_the_summary_shows_three_examples(tmp_path):
    problems = tuple(DataProblem("no_labels", Path(str(i)), None, "w", Severity.WARNING, "r") for i in range(9))
    report = replace(check(make(tmp_path, SOUND)), problems=problems)
    (kind,) = report.summary()
    assert kind["count"] == 9
    assert [example["file"] for example in kind["examples"]] == ["0", "1", "2"]
    assert json.dumps(kind)


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
