"""Promoted baselines: nothing is lost, and a kill changes nothing."""

from __future__ import annotations

import json
import os
import shutil
import time
from pathlib import Path

import pytest

from yololab.errors import InputError
from yololab.files import baseline as baselines
from yololab.files.json_files import write_json
from yololab.files.metrics import MetricsFile, read_metrics
from yololab.files.paths import OutputTree, RunFolder
from yololab.files.record import Record


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
    baselines.promote(place, metrics(tmp_path, 0.4), predictions, Path("a"))
    assert (place.path / "predictions.npz").read_bytes() == b"records"
    baselines.promote(place, metrics(tmp_path, 0.5), None, Path("b"))
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
        baselines.promote(baselines.baseline_of(tree, name, task, fingerprint), metrics(tmp_path, 0.4), None, Path("x"))
    assert baselines.other_baselines(tree, "my data", "detect", "0123456789abcdef") == [old]


def test_killed_promotion_leaves_the_earlier_baseline(tmp_path, monkeypatch):
    place = baselines.baseline_of(OutputTree(tmp_path), "d", "detect", None)
    baselines.promote(place, metrics(tmp_path, 0.4), None, Path("x"))
    monkeypatch.setattr(baselines, "copy_file", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        baselines.promote(place, metrics(tmp_path, 0.9), None, Path("x"))
    assert place.metrics().value("mAP50-95") == 0.4


def trained(folder: Path, weights: bytes = b"weights") -> RunFolder:
    """A run with a checkpoint, its export as a file and as a folder, and what is neither."""
    run = RunFolder(folder)
    (run.weights / "best_openvino_model").mkdir(parents=True)
    for name, content in (("best.pt", weights), ("last.pt", b"last"), ("best.onnx", b"onnx")):
        (run.weights / name).write_bytes(content)
    (run.weights / "best_openvino_model/best.xml").write_bytes(b"xml")
    (run.weights / "best.engine").symlink_to("/etc/hostname")
    run.trial.write_text("{}")
    return run


def promoted(project: Path, run: RunFolder, value: float = 0.4) -> baselines.Baseline:
    place = baselines.baseline_of(OutputTree(project), "d", "detect", "f" * 64)
    baselines.promote(place, metrics(run.path, value), None, run.path)
    return place


def test_a_baseline_needs_nothing_of_its_run(tmp_path):
    run = trained(tmp_path / "outputs/training/a")
    place = promoted(tmp_path, run)
    shutil.rmtree(run.path)
    assert place.checkpoint().read_bytes() == b"weights"
    assert place.run() is None
    weights = (place.path / "weights").resolve()
    kept = sorted(path.relative_to(weights).as_posix() for path in weights.rglob("*"))
    assert kept == ["best.onnx", "best.pt", "best_openvino_model", "best_openvino_model/best.xml"]
    shutil.move(tmp_path / "outputs", tmp_path / "moved/outputs")
    moved = tmp_path / "moved/outputs/baselines/d-ffffffff/detect"
    assert (moved / "weights/best.pt").read_bytes() == baselines.Baseline(moved).checkpoint().read_bytes() == b"weights"


def test_every_version_keeps_its_weights_and_the_link_is_that_of_the_newest(tmp_path):
    place = promoted(tmp_path, trained(tmp_path / "outputs/training/a", b"first"))
    promoted(tmp_path, trained(tmp_path / "outputs/training/b", b"second"))
    assert (place.path / "weights/best.pt").read_bytes() == b"second"
    assert [path.read_bytes() for path in sorted(place.history.glob("*/weights/best.pt"))] == [b"first", b"second"]
    baselines.promote(place, metrics(tmp_path, 0.5), None, tmp_path / "m0.5.json")
    assert not (place.path / "weights").exists(), "the weights of another model beside the numbers"
    assert place.checkpoint() is None


def test_a_run_is_found_in_the_project_that_it_lies_in(tmp_path):
    run = trained(tmp_path / "a/outputs/training/x")
    place = promoted(tmp_path / "a", run)
    assert place.run() == run
    shutil.copytree(tmp_path / "a", tmp_path / "b", symlinks=True)
    copied = baselines.baseline_of(OutputTree(tmp_path / "b"), "d", "detect", "f" * 64)
    assert copied.run() == RunFolder(tmp_path / "b/outputs/training/x")


@pytest.mark.parametrize(
    ("key", "value"),
    [
        *(("version", name) for name in ("../../x", "..", "a/b", "a\\b", "", "\x1b[2J", "x" * 200, 3, None)),
        *(("place", "../../../x"), ("place", "/etc"), ("place", 3), ("run", 3), ("run", "a\0b"), ("git", "x")),
    ],
)
def test_names_in_a_provenance_are_names(tmp_path, key, value):
    place = promoted(tmp_path, trained(tmp_path / "outputs/training/a"))
    content = json.loads(place.provenance.read_text())
    place.provenance.write_text(json.dumps(content | {key: value}))
    with pytest.raises(InputError, match=rf"provenance\.json, \$\.{key}: "):
        (place.run if key == "place" else place.current)()


def test_a_fingerprint_is_a_name(tmp_path):
    path = tmp_path / "m.json"
    write_json(path, {"task": "detect", "mAP50-95": 0.5, "dataset_fingerprint": "/../../.."}, 1)
    with pytest.raises(InputError, match="dataset_fingerprint"):
        read_metrics(path)
    place = baselines.baseline_of(OutputTree(tmp_path), "../..", "../x", "/../../..")
    assert place.path.resolve().is_relative_to(tmp_path / "outputs/baselines")
    long = baselines.baseline_of(OutputTree(tmp_path), "\u732b" * 300, "detect", "f" * 64)
    assert len(os.fsencode(long.path.parent.name)) < 255


def test_a_plain_folder_of_ultralytics_stays_as_it_is(tmp_path):
    run = trained(tmp_path / "runs/detect/train")
    run.trial.unlink()
    promoted(tmp_path, run)
    assert sorted(path.name for path in run.path.iterdir()) == ["m0.4.json", "weights"]


def test_debris_of_killed_promotions_goes_with_the_next_one(tmp_path):
    run = trained(tmp_path / "outputs/training/a")
    place = promoted(tmp_path, run)
    other = baselines.baseline_of(OutputTree(tmp_path), "other", "detect", None)
    other.history.mkdir(parents=True)
    debris = [folder / ".x.0123456789ab.tmp" for folder in (place.path, place.history, other.path, other.history)]
    for path in debris:
        path.mkdir()
        os.utime(path, (time.time() - 4000,) * 2)
    fresh = other.history / ".y.0123456789ab.tmp"
    fresh.write_bytes(b"what another process is writing now")
    promoted(tmp_path, run)
    assert [path for path in debris if path.exists()] == []
    assert fresh.exists()


def test_a_run_that_a_baseline_was_made_of_is_kept_wherever_they_lie(tmp_path):
    project = OutputTree(tmp_path / "a")
    ours, other = (trained(project.multirun / f"s/{name}", name.encode()) for name in ("1", "2"))
    assert baselines.promoted_runs(project).reason_to_keep(ours) == ""
    promoted(tmp_path / "shared", ours)
    for name in ("b", "c"):
        shutil.move(project.path, tmp_path / name)
        project = OutputTree(tmp_path / name)
        moved = [RunFolder(project.multirun / f"s/{number}") for number in ("1", "2")]
        known = baselines.promoted_runs(project)
        assert [known.reason_to_keep(run) for run in moved] == ["a baseline was made of it", ""]
    assert not other.path.exists()


def test_without_its_mark_a_run_is_known_by_place_and_by_content(tmp_path):
    """Folders of 0.1.0 have no mark and no place."""
    run = trained(tmp_path / "a/outputs/training/x")
    place = promoted(tmp_path / "a", run)
    run.promoted.unlink()
    known = baselines.promoted_runs(OutputTree(tmp_path / "a"))
    assert known.reason_to_keep(run) == "a baseline was made of it"
    for file in (place.provenance, *place.history.glob("*/provenance.json")):
        content = json.loads(file.read_text())
        file.write_text(json.dumps({key: value for key, value in content.items() if key != "place"}))
    shutil.move(tmp_path / "a", tmp_path / "b")
    known = baselines.promoted_runs(OutputTree(tmp_path / "b"))
    assert known.reason_to_keep(RunFolder(tmp_path / "b/outputs/training/x")) == "its checkpoint is a baseline's"
    assert known.reason_to_keep(trained(tmp_path / "b/outputs/training/y", b"other")) == ""


@pytest.mark.parametrize("damage", ["{", "[]", '{"schema_version": 1}', '{"schema_version": 99, "version": "x"}', None])
def test_what_cannot_be_read_counts_as_needed(tmp_path, damage):
    run, other = trained(tmp_path / "outputs/training/x"), trained(tmp_path / "outputs/training/y", b"other")
    place = promoted(tmp_path, run)
    file = next(place.history.glob("*/provenance.json"))
    file.unlink() if damage is None else file.write_text(damage)
    assert "not known" in baselines.promoted_runs(OutputTree(tmp_path)).reason_to_keep(other)


def test_a_run_whose_own_record_cannot_be_read_is_kept(tmp_path):
    run = trained(tmp_path / "outputs/training/x")
    Record(run).begin({})
    known = baselines.promoted_runs(OutputTree(tmp_path))
    assert known.reason_to_keep(run) == ""
    Record(run).update(promoted={"path": "/elsewhere"})
    assert known.reason_to_keep(run) == "a baseline was made of it"
    run.record.write_text("{")
    assert "not known" in known.reason_to_keep(run)


def test_a_run_in_a_folder_that_nobody_may_write_to_is_promoted(tmp_path, monkeypatch):
    run = trained(tmp_path / "outputs/training/x")

    def refused(path, *rest):
        if path == run.promoted:
            raise PermissionError(13, "Permission denied", str(path))
        write_json(path, *rest)

    monkeypatch.setattr(baselines, "write_json", refused)
    assert promoted(tmp_path, run).checkpoint().read_bytes() == b"weights"
