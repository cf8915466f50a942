"""What a user may name on the command line of a comparison."""

from __future__ import annotations

import hashlib
import json
import shutil

import pytest
from record_samples import records_of, write_evaluation

from yololab.comparison.run_reference import manifest_of, read_reference
from yololab.errors import InputError
from yololab.files.baseline import baseline_of, promote
from yololab.files.metrics import read_metrics
from yololab.files.paths import OutputTree, RunFolder
from yololab.files.record import Record


@pytest.fixture
def run(tmp_path) -> RunFolder:
    folder = RunFolder(tmp_path / "outputs/training/run_1")
    write_evaluation(folder.path, records_of(0.5))
    folder.weights.mkdir()
    folder.best.write_bytes(b"weights")
    Record(folder).begin({"dataset": {"name": "animals", "source": "a.yaml"}, "provenance": {"git": None}})
    return folder


def test_a_run_is_named_by_its_folder_with_everything_next_to_its_metrics(run, tmp_path):
    found = read_reference("outputs/training/run_1", tmp_path)
    assert (found.path, found.predictions, found.checkpoint) == (run.path, run.predictions, run.best)
    assert (found.dataset, found.data) == ("animals", "a.yaml")
    assert found.measured().path == run.metrics


def test_an_evaluation_and_a_file_have_numbers_and_records(run, tmp_path):
    for named in (run.evaluation, run.metrics):
        found = read_reference(str(named), tmp_path)
        assert found.predictions == run.predictions
        assert found.checkpoint is None


def test_a_baseline_is_read_from_the_version_in_force(run, tmp_path):
    baseline = baseline_of(OutputTree(tmp_path), "animals", "detect", "f" * 64)
    version = promote(baseline, read_metrics(run.metrics), run.predictions, run.path)
    run.manifest.write_bytes(b"")
    found = read_reference(str(baseline.path), tmp_path)
    assert found.predictions == version / "predictions.npz"
    assert found.dataset == baseline.path.parent.name
    assert manifest_of(found) == run.manifest
    origin = json.loads(baseline.provenance.read_text())
    assert origin["model_sha256"] == hashlib.sha256(b"weights").hexdigest()
    assert found.checkpoint == version / "weights/best.pt"
    shutil.rmtree(run.path)
    again = read_reference(str(baseline.path), tmp_path)
    assert again.checkpoint.read_bytes() == b"weights"
    assert manifest_of(again) is None


def test_a_plain_folder_is_measured_later(tmp_path):
    plain = RunFolder(tmp_path / "runs/detect/train")
    plain.weights.mkdir(parents=True)
    plain.best.write_bytes(b"x")
    plain.args.write_text("data: coco8.yaml\n")
    found = read_reference(str(plain.path), tmp_path)
    assert (found.metrics, found.data) == (None, "coco8.yaml")
    with pytest.raises(InputError, match="not been evaluated"):
        found.measured()
    plain.args.write_text("- broken: [")
    with pytest.raises(InputError, match=r"args\.yaml"):
        read_reference(str(plain.path), tmp_path)


def test_what_cannot_be_compared_says_what_can(tmp_path, run):
    (tmp_path / "notes.txt").write_text("x")
    empty = tmp_path / "empty"
    empty.mkdir()
    stopped = RunFolder(tmp_path / "stopped")
    stopped.path.mkdir()
    Record(stopped).begin({})
    for named, found in (
        ("gone", "no such file or folder"),
        ("notes.txt", r"no metrics\.json"),
        ("empty", "without"),
        ("stopped", "a run that is running and has no metrics"),
    ):
        with pytest.raises(InputError, match=found):
            read_reference(named, tmp_path)


def test_the_numbers_of_a_dry_run_mean_nothing(run, tmp_path):
    content = json.loads(run.metrics.read_text())
    run.metrics.write_text(json.dumps(content | {"dry_run": True}))
    with pytest.raises(InputError, match="dry run"):
        read_reference(str(run.path), tmp_path)
