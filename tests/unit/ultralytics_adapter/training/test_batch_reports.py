"""Telling of batches: ten times a second at most, and of the losses once a second: a GPU has to be waited for."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from yololab.ultralytics_adapter.training import batch_reports
from yololab.ultralytics_adapter.training.batch_reports import BatchTeller, validated


class Loss:
    """A tensor that counts how often somebody waits for it."""

    reads = 0

    def __float__(self) -> float:
        Loss.reads += 1
        return 1.5


@pytest.fixture
def told(monkeypatch):
    monkeypatch.setattr(batch_reports, "memory_in_use", lambda: 2**30)
    monkeypatch.setattr(Loss, "reads", 0)
    now, reports = [0.0], []
    device = SimpleNamespace(type="cpu")
    trainer = SimpleNamespace(epoch=2, epochs=9, train_loader=range(1000), tloss={"box": Loss()}, batch_size=4)
    trainer.device = device
    return now, reports, trainer, BatchTeller(reports.append, lambda: now[0])


def test_a_thousand_fast_batches_are_told_of_ten_times_a_second_and_read_once(told):
    now, reports, trainer, teller = told
    teller.epoch_begins(trainer)
    for batch in range(1, 1001):
        now[0] += 0.005
        teller.batch_done(trainer, batch)
    assert 45 <= len(reports) <= 51
    assert Loss.reads <= 6
    assert (reports[0].batch, reports[0].losses, reports[0].images_per_second) == (0, {}, None)
    last = reports[-1]
    assert (last.epoch, last.epochs, last.batches, last.losses, last.memory_bytes) == (3, 9, 1000, {"box": 1.5}, 2**30)
    assert last.images_per_second == pytest.approx(4 / 0.005)


def test_slow_batches_are_all_told_of(told):
    now, reports, trainer, teller = told
    teller.epoch_begins(trainer)
    for batch in (1, 2, 3):
        now[0] += 2.0
        teller.batch_done(trainer, batch)
    assert [report.batch for report in reports] == [0, 1, 2, 3]
    assert reports[-1].images_per_second == 2.0


def test_a_validation_is_counted_by_its_batches():
    counted = []
    validated(lambda *numbers: counted.append(numbers), SimpleNamespace(batch_i=0, dataloader=range(7)))
    assert counted == [(1, 7)]
