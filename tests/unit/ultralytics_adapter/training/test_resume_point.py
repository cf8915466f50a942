"""How a training is resumed: decided from plain values, without any training."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from yololab.errors import InputError
from yololab.files.paths import RunFolder
from yololab.ultralytics_adapter.training.resume_point import (
    CheckpointState,
    Step,
    choose,
    find_resume_point,
    finished_training,
    read_state,
    refuse_other_training,
)
from yololab.ultralytics_adapter.training.training_file import TrainResult, write_training_file

LAST, BEST = Path("weights/last.pt"), Path("weights/best.pt")


def state(epoch: int, path: Path = LAST, **other) -> CheckpointState:
    return CheckpointState(path, **{"epoch": epoch, "epochs": 10, "best_epoch": epoch + 1, **other})


class TestTheStep:
    @pytest.mark.parametrize(
        ("states", "step", "epoch"),
        [
            ([], Step.ANEW, None),
            ([state(0)], Step.RESUME, 0),
            ([state(4), state(2, BEST)], Step.RESUME, 4),
            ([state(4)], Step.RESUME, 4),
            ([state(2, BEST)], Step.RESUME, 2),
            ([state(3, Path("weights/epoch3.pt")), state(2, BEST)], Step.RESUME, 3),
            ([state(9)], Step.FINISH, 9),
            ([state(-1), state(9, BEST)], Step.FINISH, -1),
            ([state(-1), state(-1, BEST)], Step.FINISH, -1),
            ([state(-1, BEST)], Step.FINISH, -1),  # last.pt was deleted
            ([state(6, best_epoch=4, patience=3)], Step.FINISH, 6),
            ([state(5, best_epoch=4, patience=3)], Step.RESUME, 5),
            ([state(6, best_epoch=4, patience=0)], Step.RESUME, 6),
            ([state(6, best_epoch=0, patience=3, validated=False)], Step.RESUME, 6),
        ],
    )
    def test_it_follows_from_the_files(self, states, step, epoch):
        found, point = choose(states)
        assert found is step
        assert (None if point is None else point.epoch) == epoch


class TestOtherSettings:
    def refused(self, trained: dict, requested: dict) -> list[str]:
        try:
            refuse_other_training(replace(state(1), train_args=trained), requested)
        except InputError as error:
            return [problem.where.rpartition(" ")[2] for problem in error.problems]
        return []

    def test_all_are_named(self):
        requested = {"lr0": 0.1, "epochs": 9, "seed": 0, "optimizer": "SGD"}
        assert self.refused({"lr0": 0.01, "epochs": 5, "seed": 0}, requested) == ["lr0", "epochs"]

    def test_what_ultralytics_changes_on_its_way_is_none(self):
        assert not self.refused({"batch": 8, "imgsz": 64, "workers": 0}, {"batch": 16, "imgsz": 50, "workers": 8})
        assert not self.refused({"lr0": 0.0016, "optimizer": "AdamW"}, {"lr0": 0.01, "optimizer": "auto"})
        assert self.refused({"lr0": 0.0016, "optimizer": "AdamW"}, {"lr0": 0.01, "optimizer": "AdamW"}) == ["lr0"]
        assert not self.refused({"epochs": 17}, {"epochs": 100, "time": 0.5})


@pytest.mark.parametrize(
    ("result", "epochs", "step"),
    [
        (TrainResult("complete", 2, "finished"), 2, Step.DONE),
        (TrainResult("complete", 2, "early_stopping"), 2, Step.DONE),
        (TrainResult("complete", 2, "finished"), 1, Step.ANEW),
        (TrainResult("complete", 2, "interrupted"), 2, Step.ANEW),
        (TrainResult("running", 2), 2, Step.ANEW),
        (None, 2, Step.ANEW),
    ],
)
def test_a_training_is_done_when_both_of_its_tables_are_whole(tmp_path, result, epochs, step):
    folder = RunFolder(tmp_path)
    folder.results.write_text("epoch,time\n" + "".join(f"{epoch},1.5\n" for epoch in range(1, epochs + 1)))
    if result is not None:
        write_training_file(folder.training, result)
    assert find_resume_point(folder).step is step
    assert (finished_training(folder) is not None) == (step is Step.DONE)


@pytest.mark.torch
@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes")
def test_a_checkpoint_that_is_a_pipe_cannot_be_used_and_is_not_waited_for(tmp_path):
    from yololab.ultralytics_adapter.isolation.runtime import Isolation, prepare

    prepare(Isolation(tmp_path / "cache", tmp_path / "weights", tmp_path / "datasets", offline=True))
    os.mkfifo(tmp_path / "last.pt")
    assert read_state(tmp_path / "last.pt") is None
