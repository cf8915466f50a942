"""Where things lie, and that no two runs share a folder."""

from __future__ import annotations

import os
from datetime import datetime
from itertools import islice

import pytest

from yololab.errors import InputError
from yololab.files.paths import CacheFolder, OutputTree, RunFolder, SweepPaths, new_names, safe_name, similar_path


def test_folders_of_one_second_are_kept_apart(tmp_path):
    moment = datetime(2026, 1, 17, 14, 30)
    names = [place.name for place in islice(new_names(tmp_path, "yolo26n", moment), 3)]
    assert names == ["yolo26n_20260117_143000", "yolo26n_20260117_143000_2", "yolo26n_20260117_143000_3"]


@pytest.mark.parametrize(("text", "name"), [("a b/c", "a-b-c"), ("..", "run"), ("ünïcode", "ünïcode"), ("", "run")])
def test_safe_name(text, name):
    assert safe_name(text) == name


def test_records_of_a_project_are_found(tmp_path):
    tree = OutputTree(tmp_path)
    runs = [RunFolder(tree.training / "a"), SweepPaths(tree.multirun / "s").trial(3)]
    for file in (*(run.record for run in runs), tmp_path / "experiment_log.json"):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
    assert list(tree.records()) == [run.record for run in runs]


def test_only_our_files_of_a_cache_are_named(tmp_path):
    cache = CacheFolder(tmp_path / "cache")
    ours = [cache.images(4), cache.labels / "train.cache", cache.ultralytics / "x" / "settings.json"]
    for file in (*ours, cache.path / "mine.txt", cache.path / "own" / "x", tmp_path / "elsewhere" / "x"):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
    (cache.path / "torch").symlink_to(tmp_path / "elsewhere")
    assert {file for file in cache.files() if file.is_file()} == set(ours)


def test_a_misspelt_path_is_found_name_for_name(tmp_path):
    (tmp_path / "bccd/images").mkdir(parents=True)
    (tmp_path / "bccd/data.yaml").write_text("")
    assert similar_path("bcd/data.yaml", tmp_path) == "bccd/data.yaml"
    assert similar_path("bcd/dat.yml", tmp_path) == "bccd/data.yaml"
    assert similar_path(f"{tmp_path}/bcdd/image", tmp_path) == f"{tmp_path}/bccd/images"
    assert similar_path("bccd/data.yaml/x", tmp_path) == ""
    assert similar_path("nothing/like/it", tmp_path) == ""
    assert similar_path("../x" * 3, tmp_path / "gone") == ""


def test_a_project_that_is_only_read_need_not_be_writable(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "access", lambda *_: False)
    assert OutputTree.of_project(".", tmp_path, to_write=False).root == tmp_path
    with pytest.raises(InputError, match="not writable"):
        OutputTree.of_project(".", tmp_path)
