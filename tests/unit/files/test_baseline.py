"""Promoted baselines: nothing is lost, and a kill changes nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from yololab.files import baseline as baselines
from yololab.files.json_files import write_json
from yololab.files.metrics import MetricsFile, read_metrics
from yololab.files.paths import OutputTree


def metrics(tmp_path: Path, value: float) -> MetricsFile:
    path = tmp_path / f"m{value}.json"
    write_json(path, {"task": "detect", "split": "val", "mAP50-95": value}, 1)
    return read_metrics(path)


def test_promotion_keeps_every_earlier_baseline(tmp_path):
    place = baselines.baseline_of(OutputTree(tmp_path), "my data", "detect", "0123456789abcdef")
    assert place.path == tmp_path / "outputs/baselines/my-data-01234567/detect"
    assert not place.exists()
    predictions = tmp_path / "p.npz"
    predictions.write_bytes(b"records")
    baselines.promote(place, metrics(tmp_path, 0.4), predictions, {"run": "a"})
    assert (place.path / "predictions.npz").read_bytes() == b"records"
    baselines.promote(place, metrics(tmp_path, 0.5), None, {"run": "b"})
    assert place.metrics().value("mAP50-95") == 0.5
    assert read_metrics(place.path / "metrics.json").value("mAP50-95") == 0.5
    assert not (place.path / "predictions.npz").exists(), "records of another model must not stay beside the metrics"
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
