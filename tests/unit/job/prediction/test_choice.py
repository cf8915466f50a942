"""Which model predicts, and from which confidence on."""

from __future__ import annotations

import pytest
from record_samples import records_of, write_evaluation

from yololab.comparison.thresholds.choosing import thresholds_of, write_thresholds
from yololab.config.hydra.compose import compose_experiment
from yololab.errors import InputError
from yololab.files.baseline import Baseline, promote
from yololab.files.metrics import read_metrics
from yololab.files.paths import OutputTree, RunFolder
from yololab.job.prediction.choice import choose_model, how_to_predict

NAMES = {0: "cell", 1: "virus", 2: "new"}


@pytest.fixture
def project(tmp_path):
    """A project with a run, `latest`, and a checkpoint of somebody else."""
    tree = OutputTree(tmp_path)
    run = RunFolder(tree.training / "good_20260101_000000")
    write_evaluation(run.path, records_of(0.8, images=60), model=str(run.best), protocol={"imgsz": 96, "iou": 0.6})
    run.weights.mkdir()
    for path in (run.best, run.last, run.weights / "best.onnx", tmp_path / "other.pt"):
        path.write_bytes(b"weights")
    tree.latest.symlink_to(run.path)
    return tree


def chosen(tree, text, task=None):
    return choose_model(text, task, tree, tree.root, tree.root)


def how(model, *overrides, conf=None, task="detect"):
    return how_to_predict(model, task, NAMES, compose_experiment(overrides).experiment, conf, None)


@pytest.mark.heavy
def test_the_newest_run_predicts_as_it_was_evaluated(project):
    model = chosen(project, None)
    assert (model.path.name, model.name) == ("best.pt", "good_20260101_000000")
    found = how(model)
    kept = thresholds_of(model.metrics)
    assert (found.settings.imgsz, found.settings.iou) == (96, 0.6)
    assert found.settings.threshold == kept["overall"]["applied"]
    assert set(found.settings.thresholds) <= {0, 1}
    assert found.threshold["rule"] == "f1"
    other = how(model, "evaluation.threshold='recall>=0.7'", "evaluation.iou=0.5")
    assert (other.threshold["rule"], other.settings.iou) == ("recall>=0.7", 0.5)
    fixed = how(model, conf=0.4)
    assert (fixed.settings.threshold, fixed.settings.thresholds) == (0.4, {})


def test_a_file_of_a_run_has_its_thresholds_unless_it_is_another_checkpoint(project):
    weights = "outputs/training/latest/weights"
    assert chosen(project, f"{weights}/best.onnx").metrics is not None
    for name in (f"{weights}/last.pt", "other.pt"):
        model = chosen(project, name)
        found = how(model)
        assert (found.settings.threshold, found.threshold["source"]) == (0.25, "default"), name
        assert found.settings.imgsz == 640
        experiment = compose_experiment(()).experiment
        assert how_to_predict(model, "detect", NAMES, experiment, None, None, trained=160).settings.imgsz == 160
        with pytest.raises(InputError, match="no evaluation beside it"):
            how(model, "evaluation.threshold='recall>=0.7'")
    assert how(chosen(project, None), task="depth").lines[0].startswith("no threshold: every pixel")


def test_a_baseline_is_asked_for_by_its_word_when_it_is_the_only_one(project):
    with pytest.raises(InputError, match="no baseline was promoted"):
        chosen(project, "baseline")
    run = RunFolder(project.latest.resolve())
    metrics = read_metrics(run.metrics)
    write_thresholds(metrics.path.parent, thresholds_of(metrics, "recall>=0.7"), metrics.content)
    first = Baseline(project.baselines / "cells-12345678" / "detect")
    promote(first, metrics, run.predictions, run.path)
    model = chosen(project, "baseline")
    assert (model.name, how(model).threshold["rule"]) == ("cells-12345678", "recall>=0.7")
    assert how(chosen(project, str(first.weights / "best.onnx"))).threshold["rule"] == "recall>=0.7"
    promote(Baseline(project.baselines / "cells-12345678" / "segment"), metrics, run.predictions, run.path)
    with pytest.raises(InputError, match="2 baselines"):
        chosen(project, "baseline")
    assert chosen(project, "baseline", "segment").path.name == "best.pt"


def test_what_is_no_model_is_refused(project):
    with pytest.raises(InputError, match="numbers, no model"):
        chosen(project, "outputs/training/latest/evaluation/metrics.json")
    project.latest.unlink()
    with pytest.raises(InputError, match="no trained run"):
        chosen(project, None)
