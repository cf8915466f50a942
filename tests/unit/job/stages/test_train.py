"""When a training is done, and what its best checkpoint must look like."""

from __future__ import annotations

from dataclasses import replace

import pytest
from whole_run import EPOCHS, context_of, write_whole_run

from yololab.errors import InputError
from yololab.files.paths import RunFolder
from yololab.job.context import Results
from yololab.job.stages.train import STAGE, Trained, done, record, was_pruned, weights_problem
from yololab.job.stages.train import _refuse_retraining as refuse_retraining
from yololab.ultralytics_adapter.training.resume_point import ResumePoint, Step
from yololab.ultralytics_adapter.training.training_file import TrainResult, read_training_file, write_training_file


@pytest.fixture
def whole(tmp_path) -> RunFolder:
    return write_whole_run(tmp_path / "run")


def test_what_it_did_is_read_and_recorded(whole):
    context = context_of(whole)
    trained = done(context)
    assert trained is not None
    assert (trained.result.epochs_completed, trained.pruned) == (EPOCHS, False)
    record(context, trained)
    content = context.record.read()
    assert content["results"]["final_epoch"] == content["attempts"][-1]["from_epoch"] == EPOCHS
    assert content["training"]["stop_reason"] == "finished"
    assert "effective" not in content["training"]


@pytest.mark.parametrize("change", [{"status": "running"}, {"status": "failed"}, {"epochs_completed": EPOCHS + 1}])
def test_one_that_did_not_come_to_its_end_is_not_done(whole, change):
    write_training_file(whole.training, replace(read_training_file(whole.training), **change))
    assert done(context_of(whole)) is None


def test_the_best_checkpoint_is_looked_into(whole):
    assert weights_problem(whole) is None
    whole.best.write_bytes(whole.best.read_bytes()[:-10])
    assert weights_problem(whole) == "is damaged"
    whole.best.unlink()
    assert weights_problem(whole) == "is gone"


def test_a_complete_run_is_never_trained_from_the_start_again(whole):
    anew = ResumePoint(Step.ANEW)
    with pytest.raises(InputError, match="rerun"):
        refuse_retraining(context_of(whole), anew)
    refuse_retraining(context_of(whole, previous={"status": "interrupted"}), anew)
    refuse_retraining(context_of(whole), ResumePoint(Step.RESUME))


def test_a_pruned_training_is_told_from_others():
    assert was_pruned(Results(Trained(TrainResult(), pruned=True)))
    assert not was_pruned(Results())
    assert STAGE.finds is Trained
