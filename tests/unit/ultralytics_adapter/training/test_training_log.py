"""What a trainer notes while it works."""

from __future__ import annotations

import math
import subprocess
from types import SimpleNamespace

import pytest

from yololab.ultralytics_adapter.training.pace.plan import EXACT
from yololab.ultralytics_adapter.training.training_file import TrainResult
from yololab.ultralytics_adapter.training.training_log import (
    MAX_WARNINGS,
    NOT_LEARNING_EPOCHS,
    TrainingLog,
    stop_reason,
    users_repository,
)


@pytest.fixture
def notes(tmp_path):
    return TrainingLog({}, tmp_path / "training.json")


def test_each_warning_once_and_not_without_end(notes):
    for number in range(2 * MAX_WARNINGS):
        notes.warn("the same")
        notes.warn(f"another {number}")
    assert notes.result.warnings[0] == "the same"
    assert len(notes.result.warnings) == len(set(notes.result.warnings)) == MAX_WARNINGS


def test_a_fitness_that_stays_0_is_not_learning_after_some_epochs(notes):
    for _ in range(NOT_LEARNING_EPOCHS):
        assert not notes.not_learning(patience=100)
        notes.validation_done(0.0)
    assert notes.not_learning(patience=100)
    notes.validation_done(0.01)
    assert not notes.not_learning(patience=100)


def test_what_is_no_number_is_no_fitness(notes):
    notes.validation_done(math.nan)
    notes.validation_done(None)
    assert notes.best_fitness is None
    assert notes.validated == 2


def test_a_resumed_training_adds_to_what_was_noted(notes):
    notes.resume(TrainResult(warnings=["before"], nan_recoveries=2, unstable=True, seconds=60.0), 5, 4)
    notes.warn("before")
    notes.warn("now")
    assert notes.result.warnings == ["before", "now"]
    assert (notes.result.nan_recoveries, notes.result.unstable, notes.previous_seconds) == (2, True, 60.0)
    assert (notes.result.epochs_completed, notes.result.best_epoch) == (5, 4)


@pytest.mark.parametrize(
    ("epoch", "best", "asked", "time", "reason"),
    [
        (9, 10, False, None, "finished"),
        (4, 5, True, None, "interrupted"),
        (9, 10, True, None, "finished"),
        (6, 4, False, None, "early_stopping"),
        (6, 6, False, 0.5, "time"),
    ],
)
def test_why_a_training_ended(epoch, best, asked, time, reason):
    trainer = SimpleNamespace(
        epoch=epoch,
        epochs=10,
        args=SimpleNamespace(val=True, time=time),
        stopper=SimpleNamespace(best_epoch=best, patience=3),
    )
    assert stop_reason(trainer, asked) == reason


@pytest.mark.torch
@pytest.mark.process
def test_a_password_in_the_origin_stays_out_of_checkpoints(tmp_path):
    def git(*words: str) -> None:
        subprocess.run(["git", *words], cwd=tmp_path, check=True, capture_output=True)

    git("init", "-b", "main")
    git("remote", "add", "origin", "https://user:secret@example.org/project.git")
    assert users_repository(tmp_path).origin == "https://example.org/project.git"


def test_the_memory_of_each_epoch_is_noted_at_its_place(notes, monkeypatch, tmp_path):
    module = "yololab.ultralytics_adapter.training.training_log"
    monkeypatch.setattr(f"{module}.memory_of", lambda trainer: 100 + trainer.epoch)
    monkeypatch.setattr(notes, "_write", lambda *_: None)
    (tmp_path / "results.csv").write_text("epoch,time\n1,2.0\n")
    args = SimpleNamespace(patience=9, val=True, task="detect", time=None, imgsz=64)
    fixed = {"args": args, "train_loader": [1], "csv": tmp_path / "results.csv", "epochs": 9, "pace": EXACT}
    for epoch in (0, 1, 4, 1):  # notes of two epochs were lost, then an earlier one is trained again
        trainer = SimpleNamespace(epoch=epoch, stride=32, **fixed)
        notes.epoch_done(trainer)
        if epoch == 4:
            assert notes.result.epoch_memory_bytes == [100, 101, None, None, 104]
    assert notes.result.epoch_memory_bytes == [100, 101]
