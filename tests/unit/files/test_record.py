"""Atomic JSON, run folders, records, baselines."""

from __future__ import annotations

import json
import math
import multiprocessing
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest
from spawned import take_notes

from yololab.errors import InputError
from yololab.files import baseline as baselines
from yololab.files.atomic import point_link, write_text
from yololab.files.json_files import plain, read_json, write_json
from yololab.files.metrics import MetricsFile, read_metrics
from yololab.files.paths import OutputTree, RunFolder, create_folder, safe_name
from yololab.files.record import Record, Status


def test_json_round_trip_and_version(tmp_path):
    path = tmp_path / "a" / "x.json"
    write_json(path, {"a": np.float32(0.5), "b": Path("x"), "c": float("nan"), "d": {1: (1, 2)}}, 3)
    assert list(json.loads(path.read_text())) == ["schema_version", "a", "b", "c", "d"]
    assert read_json(path, (3,)) == {"schema_version": 3, "a": 0.5, "b": "x", "c": None, "d": {"1": [1, 2]}}
    with pytest.raises(InputError, match="another version"):
        read_json(path, (1, 2))


def test_infinity_becomes_null():
    assert plain([math.inf, -math.inf, 1.0]) == [None, None, 1.0]


@pytest.mark.parametrize("content", ["", "{", "[1]", "\xff\xfe"])
def test_damaged_json_is_an_input_error(tmp_path, content):
    path = tmp_path / "x.json"
    path.write_bytes(content.encode("latin-1"))
    with pytest.raises(InputError):
        read_json(path, (1,))


def test_failed_write_keeps_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "x.txt"
    write_text(path, "old")
    monkeypatch.setattr(Path, "replace", lambda *_: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.raises(OSError, match="disk full"):
        write_text(path, "new")
    assert path.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["x.txt"]


def test_folders_of_one_second_are_kept_apart(tmp_path):
    moment = datetime(2026, 1, 17, 14, 30)
    names = [create_folder(tmp_path, "yolo26n", moment).name for _ in range(3)]
    assert names == ["yolo26n_20260117_143000", "yolo26n_20260117_143000_2", "yolo26n_20260117_143000_3"]


@pytest.mark.parametrize(("text", "name"), [("a b/c", "a-b-c"), ("..", "run"), ("ünïcode", "ünïcode"), ("", "run")])
def test_safe_name(text, name):
    assert safe_name(text) == name


def test_latest_moves_and_spares_real_folders(tmp_path):
    for name in ("one", "two", "real"):
        (tmp_path / name).mkdir()
    link = tmp_path / "latest"
    point_link(link, tmp_path / "one")
    point_link(link, tmp_path / "two")
    assert link.resolve() == tmp_path / "two"
    point_link(tmp_path / "real", tmp_path / "one")
    assert not (tmp_path / "real").is_symlink()


def test_notes_of_several_processes_are_all_kept(tmp_path):
    record = Record(RunFolder(tmp_path))
    record.begin({"name": "x"}, notes="first")
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=take_notes, args=(str(tmp_path), number)) for number in range(2)]
    for writer in writers:
        writer.start()
    for index in range(10):
        record.add_timing(f"stage{index}", 1.0)
    for writer in writers:
        writer.join(30)
    content = record.read()
    assert len(content["notes"]) == 21
    assert content["notes"][0]["text"] == "first"
    assert len(content["timings"]) == 10


def test_record_keeps_notes_through_every_stage(tmp_path):
    record = Record(RunFolder(tmp_path))
    record.begin({}, notes="why")
    assert record.read()["status"] == Status.RUNNING
    record.update(results={"final_epoch": 3})
    record.add_note("later")
    record.finish(Status.FAILED, {"message": "boom"})
    content = record.read()
    assert [note["text"] for note in content["notes"]] == ["why", "later"]
    assert (content["status"], content["error"]) == ("failed", {"message": "boom"})


def metrics(tmp_path: Path, value: float) -> MetricsFile:
    path = tmp_path / f"m{value}.json"
    write_json(path, {"task": "detect", "split": "val", "mAP50-95": value}, 1)
    return read_metrics(path)


def test_promotion_keeps_every_earlier_baseline(tmp_path):
    place = baselines.baseline_of(OutputTree(tmp_path), "my data", "detect", "0123456789abcdef")
    assert place.folder == tmp_path / "outputs/baselines/my-data-01234567/detect"
    assert not place.exists()
    predictions = tmp_path / "p.npz"
    predictions.write_bytes(b"records")
    baselines.promote(place, metrics(tmp_path, 0.4), predictions, {"run": "a"})
    assert (place.folder / "predictions.npz").read_bytes() == b"records"
    baselines.promote(place, metrics(tmp_path, 0.5), None, {"run": "b"})
    assert place.metrics().value("mAP50-95") == 0.5
    assert read_metrics(place.folder / "metrics.json").value("mAP50-95") == 0.5
    assert not (place.folder / "predictions.npz").exists(), "records of another model must not stay beside the metrics"
    versions = sorted(path for path in place.history.iterdir())
    assert [read_metrics(v / "metrics.json").value("mAP50-95") for v in versions] == [0.4, 0.5]


def test_baselines_of_other_content_are_found_by_name(tmp_path):
    tree = OutputTree(tmp_path)
    assert baselines.other_baselines(tree, "my data", "detect", "0123456789abcdef") == []
    old = baselines.baseline_of(tree, "my data", "detect", "fedcba9876543210")
    for name, task, fingerprint in (
        ("my data", "detect", "fedcba9876543210"),
        ("my data", "segment", "fedcba9876543210"),
        ("my data", "detect", "0123456789abcdef"),
        ("my data-seg", "detect", "fedcba9876543210"),
        ("my data", "detect", None),
    ):
        baselines.promote(baselines.baseline_of(tree, name, task, fingerprint), metrics(tmp_path, 0.4), None, {})
    assert baselines.other_baselines(tree, "my data", "detect", "0123456789abcdef") == [old]


def test_killed_promotion_leaves_the_earlier_baseline(tmp_path, monkeypatch):
    place = baselines.baseline_of(OutputTree(tmp_path), "d", "detect", None)
    baselines.promote(place, metrics(tmp_path, 0.4), None, {})
    monkeypatch.setattr(baselines, "copy_file", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        baselines.promote(place, metrics(tmp_path, 0.9), None, {})
    assert place.metrics().value("mAP50-95") == 0.4


@pytest.mark.parametrize(
    "content", [{"mAP50": 0.5}, {"mAP50-95": "high"}, {"mAP50-95": True}, {"mAP50-95": 0.5, "task": "juggle"}]
)
def test_metrics_file_without_its_primary_metric_is_refused(tmp_path, content):
    path = tmp_path / "metrics.json"
    path.write_text(json.dumps(content))
    with pytest.raises(InputError, match=r"metrics\.json"):
        read_metrics(path)
