"""Ratings of the user, fingerprints of a report, and names of the checks."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

from cats_and_dogs import check, jpeg, put
from lopsided_dataset import SOUND, check_lopsided, make

from yololab.data.dataset.layout import load_dataset
from yololab.data.identity.fingerprint import fingerprint_split
from yololab.data.problems import DataProblem, Severity
from yololab.files.json_files import read_json, write_json
from yololab.findings import CHECKS


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


def test_the_fingerprint_is_the_one_of_the_files(data):
    dataset = load_dataset(data)
    assert check(data).fingerprints() == {split: fingerprint_split(dataset, split) for split in ("train", "val")}
    filtered = check(data).fingerprints(classes=[1])
    assert filtered["val"] == fingerprint_split(dataset, "val", classes=[1]) != check(data).fingerprints()["val"]


def test_every_check_that_a_rule_yields_is_in_the_table():
    source = "\n".join(path.read_text() for path in (Path(__file__).parents[4] / "src/yololab/data").rglob("*.py"))
    for name in CHECKS:
        assert f'"{name}"' in source, f"no rule yields {name}"


def test_the_json_report(tmp_path):
    extra = {"labels/train/a.txt": "7 0.5 0.5 0.1 0.1", "labels/train/o.txt": "", "labels/train/p.txt": ""}
    report = check_lopsided(make(tmp_path / "data", {**SOUND, **extra, "images/train/z.jpg": None}))
    file = tmp_path / "report.json"
    write_json(file, report.to_json(), schema_version=1)
    content = read_json(file, (1,), dict)
    assert content["names"] == {"0": "cat", "1": "dog"}
    assert content["dataset"] == str(tmp_path / "data/data.yaml")
    assert content["splits"]["val"]["per_class"]["0"] == {"instances": 1, "images": 1}
    assert set(content["problems"][0]) == {"check", "severity", "file", "line", "what", "remedy", "other"}
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
    report = replace(check_lopsided(make(tmp_path, SOUND)), problems=problems)
    (kind,) = report.summary()
    assert kind["count"] == 9
    assert [example["file"] for example in kind["examples"]] == ["0", "1", "2"]
    assert json.dumps(kind)
