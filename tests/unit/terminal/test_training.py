"""A training on the screen: by batch on a terminal, by epoch elsewhere."""

from __future__ import annotations

import io

import pytest

from yololab.terminal import training as module
from yololab.terminal.screen import Screen
from yololab.terminal.status_line import fitted
from yololab.terminal.training import Expected, TrainingProgress
from yololab.ultralytics_adapter.training.training_file import BatchReport

LOSSES = {"box_loss": 1.234, "cls_loss": 2.0, "dfl_loss": 0.5}


@pytest.fixture
def clock(monkeypatch) -> list[float]:
    now = [module.time.monotonic()]
    monkeypatch.setattr(module.time, "monotonic", lambda: now[0])
    return now


def make(**known) -> TrainingProgress:
    return TrainingProgress(Screen(stream=io.StringIO()), Expected(20, "mAP50-95", **known))


def lines(progress: TrainingProgress, now: float, columns: int = 66) -> list[str]:
    return [fitted(parts, columns) for parts in progress.rows(now)]


def report(epoch: int, batch: int, losses=LOSSES) -> BatchReport:
    return BatchReport(epoch, 20, batch, 30, losses, 23.04, 1_234_000_000)


def test_before_the_first_batch_it_is_set_up():
    assert lines(make(), 0.0)[0].startswith("setting up")


def test_a_batch_shows_where_it_is_how_good_how_fast_and_how_long_yet(clock):
    progress = make(baseline=0.61, seconds=600.0, seconds_after=20.0)
    progress.batch(report(1, 0, {}))
    clock[0] += 10
    progress.batch(report(1, 10))
    where, how = lines(progress, clock[0], 80)
    assert where == "epoch 1/20  ────────  batch 10/30  left: epoch 20 s, job 10 min 10 s"
    assert how == "loss 3.73 (box 1.23 cls 2 dfl 0.5)  23 images/s  1.2 GB"


def test_after_an_epoch_the_metric_stands_beside_the_baselines(clock):
    progress = make(baseline=0.61)
    progress.batch(report(3, 0))
    progress.validation(1, 8)
    clock[0] += 2
    progress.epoch(3, 20, {"loss": 3.7, "mAP50": None, "mAP50-95": 0.51239}, 340.0)
    progress.batch(report(4, 15))
    where, how = lines(progress, clock[0] + 5, 120)
    assert "job 5 min 35 s" in where
    assert "mAP50-95 0.5124 (baseline 0.610)" in how
    assert progress._screen.console.file._stream.getvalue().splitlines() == [
        "           epoch 3/20  loss 3.7  mAP50-95 0.5124 (baseline 0.610)  5 min 40 s left"
    ]


def test_a_validation_is_counted_too(clock):
    progress = make()
    progress.batch(report(1, 30))
    progress.validation(3, 8)
    assert "validating 3/8" in lines(progress, clock[0])[0]


def test_without_an_estimate_the_pace_of_the_batches_tells_how_long(clock):
    progress = make()
    progress.batch(report(1, 0))
    clock[0] += 10
    progress.batch(report(1, 15))
    assert "left: epoch 10 s, job 6 min 30 s" in lines(progress, clock[0], 100)[0]


@pytest.mark.parametrize("columns", [10, 27, 66, 106])
def test_it_fits_wherever_it_is_shown(columns, clock):
    progress = make(baseline=0.61, seconds=600.0)
    progress.batch(report(1, 0, {}))
    progress.batch(report(1, 10))
    progress.epoch(1, 20, {"mAP50-95": 0.51239}, 340.0)
    shown = lines(progress, clock[0], columns)
    assert all(len(line) <= columns for line in shown)
    if columns == 27:
        assert shown == ["epoch 1/20  5 min 40 s left", "loss 3.73  mAP50-95 0.5124"]
