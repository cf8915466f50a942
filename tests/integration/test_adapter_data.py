"""What the user has is left as it is while Ultralytics reads it."""

from __future__ import annotations

import hashlib
import os
import pickle
from pathlib import Path

import numpy as np
import pytest
from adapter_samples import make_dataset

from yololab.ultralytics_adapter.isolation.data_guard import guarded_data
from yololab.ultralytics_adapter.training.training import train
from yololab.ultralytics_adapter.validation.evaluation import Protocol, evaluate

pytestmark = pytest.mark.usefixtures("prepared")


def snapshot(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def cut_end_marker(path: Path) -> None:
    content = path.read_bytes()
    assert content.endswith(b"\xff\xd9")
    path.write_bytes(content + b"\x00\x00")


class Bomb:
    def __reduce__(self):
        return os.mkdir, ("exploded",)


def test_training_and_evaluation_leave_the_dataset_as_it_is(make_request, prepared, tmp_path, logged, monkeypatch):
    monkeypatch.chdir(tmp_path)
    data = make_dataset(tmp_path / "mine")
    cut_end_marker(data.images("train")[0])
    for split in ("train", "val"):
        # What somebody left beside the labels is neither opened nor replaced.
        np.save((data.root / split / "labels.cache").open("wb"), np.array({"x": Bomb()}, dtype=object))
    before = snapshot(data.root)
    request = make_request(data=str(data.yaml))
    result = train(request)
    evaluate(
        request.save_dir / "weights" / "best.pt", data.yaml, data.root, Protocol(imgsz=64, batch=2), "cpu", threads=1
    )
    assert snapshot(data.root) == before
    assert not Path("exploded").exists()
    assert list(tmp_path.iterdir()) == [data.root]
    assert any("1 JPEG" in warning for warning in result.warnings)
    assert "left as it is" in logged.text
    assert "restored" not in logged.text
    caches = list((prepared.cache / "labels").glob("labels-*.cache"))
    assert len(caches) >= 2


def test_a_second_reading_takes_our_cache(make_request, tmp_path, logged):
    data = make_dataset(tmp_path / "mine")
    train(make_request(data=str(data.yaml)))
    assert logged.text.count("New cache created") == 2
    train(make_request(data=str(data.yaml)))
    assert logged.text.count("New cache created") == 2
    (data.root / "train" / "labels" / "0.txt").write_text("0 0.5 0.5 0.25 0.25\n1 0.5 0.5 0.2 0.2\n", encoding="utf-8")
    train(make_request(data=str(data.yaml)))
    assert logged.text.count("New cache created") == 3


def test_a_cache_that_somebody_has_put_into_our_folder_is_not_unpickled(make_request, prepared, tmp_path, logged):
    data = make_dataset(tmp_path / "mine")
    train(make_request(data=str(data.yaml)))
    for cache in (prepared.cache / "labels").glob("*.cache"):
        cache.write_bytes(pickle.dumps({"labels": Bomb()}))
    result = train(make_request(data=str(data.yaml)))
    assert result.setup["images"]["train"] == 8
    assert not (tmp_path / "exploded").exists()
    assert not Path("exploded").exists()


def test_an_image_that_cannot_be_decoded_is_left_out_as_before(make_request, tmp_path, logged):
    data = make_dataset(tmp_path / "mine")
    broken = data.images("train")[0]
    content = broken.read_bytes()
    broken.write_bytes(content[: len(content) * 2 // 3])
    before = snapshot(data.root)
    result = train(make_request(data=str(data.yaml)))
    assert result.setup["images"]["train"] == 7
    assert snapshot(data.root) == before


def test_everything_is_put_back(tmp_path):
    from ultralytics.data import dataset, utils

    names = [(dataset, "load_dataset_cache_file"), (dataset, "save_dataset_cache_file")]
    names += [(utils, "check_image"), (utils, "_replace_image")]
    before = [getattr(module, name) for module, name in names]
    inside = []

    def fail():
        inside.extend(getattr(module, name) for module, name in names)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), guarded_data(tmp_path):
        fail()
    assert not set(inside) & set(before)
    assert [getattr(module, name) for module, name in names] == before


def test_without_the_guard_ultralytics_would_touch_the_data(tmp_path, prepared, logged):
    """The reason for all this; should it fail, the guard may no longer be needed."""
    from ultralytics.data.build import build_yolo_dataset
    from ultralytics.utils import DEFAULT_CFG

    data = make_dataset(tmp_path / "mine")
    cut_end_marker(data.images("val")[0])
    before = snapshot(data.root)
    build_yolo_dataset(
        DEFAULT_CFG, str(data.root / "val" / "images"), 2, {"names": {0: "a", 1: "b"}, "channels": 3}, mode="val"
    )
    after = snapshot(data.root)
    assert set(after) - set(before) == {"val/labels.cache"}
    assert after["val/images/0.jpg"] != before["val/images/0.jpg"]


def test_a_classification_dataset_is_fetched_by_name_only_when_allowed(tmp_path, prepared, monkeypatch):
    from dataclasses import replace

    from ultralytics.data import utils

    from yololab.config.hydra.compose import compose_experiment
    from yololab.errors import InputError
    from yololab.job.prepare import prepare_dataset, project_paths
    from yololab.ultralytics_adapter.isolation import runtime

    asked = []

    def fetch(name):
        asked.append(name)
        for split in ("train", "val"):
            (tmp_path / "data" / name / split / "a").mkdir(parents=True)
            (tmp_path / "data" / name / split / "a/1.jpg").write_bytes(b"")

    monkeypatch.setattr(utils, "check_cls_dataset", fetch)
    monkeypatch.setattr(runtime, "is_offline", lambda: False)
    monkeypatch.setattr("yololab.job.prepare.isolate", lambda paths: None)
    words = ["data=imagenet10", f"paths.datasets={tmp_path / 'data'}"]
    config = compose_experiment(words).experiment
    paths = replace(project_paths(config, tmp_path), datasets=tmp_path / "data")
    with pytest.raises(InputError, match="allow_download=true"):
        prepare_dataset(config, paths, "imagenet10", task="classify")
    assert asked == []
    config = compose_experiment([*words, "data.allow_download=true"]).experiment
    dataset, name = prepare_dataset(config, paths, "imagenet10", task="classify")
    assert (asked, name, dataset.names) == (["imagenet10"], "imagenet10", {0: "a"})
    prepare_dataset(config, paths, "imagenet10", task="classify")
    assert asked == ["imagenet10"]
