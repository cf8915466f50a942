"""The data.yaml that Ultralytics is given."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from yololab.data.dataset.layout import load_dataset
from yololab.data.dataset.resolved_yaml import write_resolved_yaml

SCRIPT = "import os\nos.remove('everything')\n"


@pytest.fixture
def dataset(tmp_path):
    root = tmp_path / "my data: ü #1"
    (root / "a").mkdir(parents=True)
    (root / "data.yaml").write_text(
        yaml.safe_dump(
            {
                "train": ["a", "list.txt"],
                "validation": "./b/../b",
                "test": None,
                "nc": "2",
                "names": ["no", "Käfer"],
                "kpt_shape": [2, 3],
                "flip_idx": [1, 0],
                "masks_dir": "masks",
                "download": SCRIPT,
            }
        ),
        "utf-8",
    )
    return load_dataset(root)


def test_content(dataset, tmp_path):
    path = write_resolved_yaml(dataset, tmp_path / "run" / "data.yaml", allow_download=False)
    assert path == tmp_path / "run" / "data.yaml"
    root = str(dataset.root)
    assert yaml.safe_load(path.read_text("utf-8")) == {
        "path": root,
        "train": [f"{root}/a", f"{root}/list.txt"],
        "val": f"{root}/b",
        "nc": 2,
        "names": {0: "no", 1: "Käfer"},
        "channels": 3,
        "kpt_shape": [2, 3],
        "flip_idx": [1, 0],
        "masks_dir": "masks",
    }


def test_the_script_stays_out_unless_allowed(dataset, tmp_path):
    refused = write_resolved_yaml(dataset, tmp_path / "refused.yaml", allow_download=False)
    assert "remove" not in refused.read_text("utf-8")
    allowed = write_resolved_yaml(dataset, tmp_path / "allowed.yaml", allow_download=True)
    assert yaml.safe_load(allowed.read_text("utf-8"))["download"] == SCRIPT


def test_a_list_can_take_the_place_of_the_training_split(dataset, tmp_path):
    path = write_resolved_yaml(
        dataset, tmp_path / "r.yaml", allow_download=False, lists={"train": tmp_path / "some.txt"}
    )
    content = yaml.safe_load(path.read_text("utf-8"))
    assert content["train"] == str(tmp_path / "some.txt")
    assert content["val"] == f"{dataset.root}/b"


def test_it_reads_back_as_the_same_dataset_from_anywhere(dataset, tmp_path, monkeypatch):
    path = write_resolved_yaml(dataset, tmp_path / "run" / "data.yaml", allow_download=True)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    again = load_dataset(path)
    for field in ("root", "names", "splits", "kpt_shape", "channels", "download"):
        assert getattr(again, field) == getattr(dataset, field)


def test_the_users_file_is_left_alone_and_the_old_one_replaced(dataset, tmp_path):
    before = dataset.yaml.read_bytes()
    target = tmp_path / "data.yaml"
    target.write_text("old")
    write_resolved_yaml(dataset, target, allow_download=False)
    assert dataset.yaml.read_bytes() == before
    assert "old" not in target.read_text("utf-8")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["data.yaml", dataset.root.name]


def test_lists_that_ultralytics_would_read_from_the_working_directory_are_written_anew(tmp_path, monkeypatch):
    root = tmp_path / "data"
    for name in ("images/b.jpg", "images/a.jpg"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()
    (root / "train.txt").write_text("images/b.jpg\nimages/a.jpg\n")
    (root / "val.txt").write_text("./images/b.jpg\n")
    (root / "data.yaml").write_text("train: train.txt\nval: val.txt\nnames: [a]\n")
    (tmp_path / "run").mkdir()
    monkeypatch.chdir(tmp_path)
    path = write_resolved_yaml(load_dataset(root), Path("run/data.yaml"), allow_download=False)
    content = yaml.safe_load(path.read_text())
    assert content["train"] == str(tmp_path / "run/data_train.txt")
    assert (tmp_path / "run/data_train.txt").read_text() == f"{root}/images/a.jpg\n{root}/images/b.jpg\n"
    assert content["val"] == str(root / "val.txt")
