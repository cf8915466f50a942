"""What trackers are told, as the files of a run and of a sweep say it."""

from __future__ import annotations

import json
import shutil

import pytest
from sweep_samples import write_sweep, write_trial
from whole_run import write_whole_run

from yololab.errors import InputError
from yololab.files.record import Record
from yololab.sweep.results.summary import read_summary
from yololab.sweep.results.summary_files import store_summary
from yololab.tracking.contents import contents_of, subject_of
from yololab.tracking.tracker import Subject


@pytest.fixture
def run(tmp_path):
    (tmp_path / "run").mkdir()
    return write_whole_run(tmp_path / "run")


def test_a_run_is_the_same_one_in_each_attempt_and_wherever_it_lies(run, tmp_path):
    subject = subject_of(run.path)
    assert (subject.name, subject.kind, subject.group, len(subject.id)) == ("run", "run", None, 32)
    Record(run).resume(1.0)
    moved = tmp_path / "moved"
    shutil.move(run.path, moved)
    assert subject_of(moved).id == subject.id


def test_a_trial_knows_its_sweep(tmp_path):
    sweep = write_sweep(tmp_path / "sweep_1")
    trials = [write_trial(sweep, number, {"lr0": 0.1 * number}, found=0.5) for number in (0, 1)]
    first, second = (subject_of(trial.path) for trial in trials)
    assert first.name == "sweep_1/0"
    assert first.id != second.id
    assert (
        first.parent
        == second.parent
        == subject_of(sweep.path)
        == Subject(first.parent.id, "sweep_1", "sweep", sweep.path)
    )
    assert first.group == first.parent.group == "sweep_1"


def test_a_run_tells_its_epochs_its_evaluation_and_its_files(run):
    contents = contents_of(subject_of(run.path))
    assert contents.steps == {
        n: {"train/loss": (9 - n) / 10, "seconds": pytest.approx(1.0, abs=0.6)} for n in (1, 2, 3)
    }
    assert contents.results["evaluation/mAP50-95"] == json.loads(run.metrics.read_text())["mAP50-95"]
    assert contents.facts["verdict"] == "NO_BASELINE"
    assert contents.facts["status"] == "complete"
    assert set(contents.files) == {"metrics", "comparison", "report", "weights"}
    assert contents.baseline is None
    assert not contents.failed


def test_secrets_of_the_config_are_masked(run):
    Record(run).update(requested_config={"search": {"storage": "postgresql://me:hunter2@host/db"}, "lr0": 0.1})
    contents = contents_of(subject_of(run.path))
    assert contents.settings["lr0"] == 0.1
    assert "hunter2" not in str(contents)


@pytest.mark.parametrize("name", ["metrics", "comparison", "results", "promoted"])
def test_a_damaged_file_costs_what_it_holds(run, name):
    getattr(run, name).write_bytes(b'{"schema_version": 1, \xff')
    contents = contents_of(subject_of(run.path))
    assert contents.facts["status"] == "complete"


def test_a_baseline_is_called_as_its_dataset_and_its_task(run):
    entry = {"baseline": "/p/outputs/baselines/cells_12345678/detect", "version": "1"}
    run.promoted.write_text(json.dumps({"schema_version": 1, "baselines": [entry]}))
    assert contents_of(subject_of(run.path)).baseline == "cells_12345678-detect"


def test_of_trials_only_one_that_was_promoted_sends_its_weights(tmp_path):
    sweep = write_sweep(tmp_path / "sweep_1")
    trial = write_trial(sweep, 0, {"lr0": 0.1}, found=0.5)
    assert "weights" not in contents_of(subject_of(trial.path)).files
    entry = {"baseline": "/p/cells/detect", "version": "1"}
    trial.promoted.write_text(json.dumps({"schema_version": 1, "baselines": [entry]}))
    assert contents_of(subject_of(trial.path)).files["weights"] == trial.best


def test_a_sweep_tells_its_trials_and_its_winner(tmp_path):
    sweep = write_sweep(tmp_path / "sweep_1", budget=2)
    for number, found in ((0, 0.3), (1, 0.8)):
        write_trial(sweep, number, {"lr0": 0.1 * (number + 1)}, found=found)
    store_summary(read_summary(sweep))
    contents = contents_of(subject_of(sweep.path))
    assert sorted(contents.steps) == [0, 1]
    assert (
        contents.results["best/mAP50-95"] == contents.steps[1]["trial/mAP50-95"] > contents.steps[0]["trial/mAP50-95"]
    )
    assert contents.results["trials/complete"] == 2
    assert contents.facts["winner"] == "1"
    assert "summary" in contents.files


def test_what_is_neither_is_refused(tmp_path):
    with pytest.raises(InputError, match="no such file"):
        subject_of(tmp_path)
