import os
import pickle
from pathlib import Path

import numpy as np
import pytest

from yololab.ultralytics_adapter.isolation.data_guard import (
    DataFindings,
    cache_file,
    load_label_cache,
    save_label_cache,
)

LABELS = {
    "labels": [
        {
            "im_file": "/data/ä/1.jpg",
            "shape": (64, 48),
            "cls": np.array([[0.0], [2.0]], dtype=np.float32),
            "bboxes": np.zeros((2, 4), dtype=np.float32),
            "segments": [np.ones((3, 2), dtype=np.float32)],
            "keypoints": None,
            "normalized": True,
        }
    ],
    "hash": "abc",
    "results": (1, 0, 0, 0, 1),
    "msgs": ["a message"],
    "version": "1.0.12",
}


class Bomb:
    def __reduce__(self):
        return os.mkdir, ("exploded",)


def test_a_label_cache_comes_back_as_it_was(tmp_path):
    file = tmp_path / "deep" / "labels.cache"
    save_label_cache(file, LABELS)
    read = load_label_cache(file)
    assert read["labels"][0]["im_file"] == "/data/ä/1.jpg"
    np.testing.assert_array_equal(read["labels"][0]["cls"], LABELS["labels"][0]["cls"])
    assert read["labels"][0]["segments"][0].dtype == np.float32
    assert {key: read[key] for key in ("hash", "results", "msgs", "version")} == {
        key: LABELS[key] for key in ("hash", "results", "msgs", "version")
    }
    assert [path.name for path in file.parent.iterdir()] == ["labels.cache"]


def test_code_in_a_cache_does_not_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "labels.cache"
    file.write_bytes(pickle.dumps({"labels": Bomb()}))
    with pytest.raises(pickle.UnpicklingError, match="does not belong"):
        load_label_cache(file)
    assert not Path("exploded").exists()


@pytest.mark.parametrize("content", [b"", b"\x80\x05", b"not a pickle", pickle.dumps([1, 2])])
def test_a_damaged_cache_raises(tmp_path, content):
    file = tmp_path / "labels.cache"
    file.write_bytes(content)
    with pytest.raises((EOFError, pickle.UnpicklingError, ValueError, KeyError)):
        load_label_cache(file)


def test_folders_of_the_same_name_have_caches_of_their_own(tmp_path):
    files = {cache_file(tmp_path, Path(f"/data/{name}/labels.cache")) for name in ("a", "b", "a/c")}
    assert len(files) == 3
    assert cache_file(tmp_path, Path("/data/a/labels.cache")) in files


def test_a_folder_that_cannot_be_made_costs_a_warning_only(tmp_path, caplog):
    (tmp_path / "file").write_text("in the way")
    save_label_cache(tmp_path / "file" / "labels.cache", LABELS)


def test_one_warning_for_many_images():
    assert DataFindings().warnings == []
    (warning,) = DataFindings([f"{n}.jpg" for n in range(9)] * 2).warnings
    assert warning.startswith("9 JPEG")
    assert "0.jpg, 1.jpg, 2.jpg, …" in warning


@pytest.mark.torch
def test_a_classification_dataset_is_never_fetched_divided_or_taken_from_another_split(tmp_path):
    from yololab.ultralytics_adapter.isolation.data_guard import check_class_folders

    with pytest.raises(FileNotFoundError, match="train"):
        check_class_folders(tmp_path / "imagenette", "val")
    for split in ("train", "valid"):
        (tmp_path / split / "cat").mkdir(parents=True)
        (tmp_path / split / "cat" / "1.jpg").write_bytes(b"")
    with pytest.raises(FileNotFoundError, match="test"):
        check_class_folders(tmp_path, "test")
    assert check_class_folders(tmp_path, "val")["val"] == tmp_path / "valid"
    assert sorted(path.name for path in tmp_path.parent.iterdir() if path.name.startswith(tmp_path.name)) == [
        tmp_path.name
    ]
