"""A probe measures something and leaves nothing."""

from __future__ import annotations

import os
import random

import numpy as np
import pytest
import torch

from yololab.errors import InputError, JobError
from yololab.ultralytics_adapter.probe import timing
from yololab.ultralytics_adapter.probe.timing import measure_training
from yololab.ultralytics_adapter.training.training import train

pytestmark = pytest.mark.usefixtures("prepared", "logged")


@pytest.fixture
def long(monkeypatch):
    """Trainings of seconds that are taken for long ones."""
    monkeypatch.setattr(timing, "SHORT_SECONDS", 0.0)


def weights(path):
    return torch.load(path, weights_only=False)["model"].state_dict()


def random_state():
    return (
        random.getstate(),
        np.random.get_state()[1].tolist(),
        torch.get_rng_state().tolist(),
        torch.are_deterministic_algorithms_enabled(),
        torch.backends.cudnn.deterministic,
        torch.utils.deterministic.fill_uninitialized_memory,
        os.environ.get("CUBLAS_WORKSPACE_CONFIG"),
        os.environ.get("PYTHONHASHSEED"),
    )


@pytest.mark.usefixtures("long")
def test_the_training_after_a_probe_is_bit_by_bit_the_same(make_request, prepared):
    plain, probed = make_request(epochs=2), make_request(epochs=2)
    train(plain)
    random.seed(3)
    np.random.seed(3)
    torch.manual_seed(3)
    before = random_state()
    probe = measure_training(probed, batches=2)
    assert random_state() == before
    assert not probed.save_dir.exists()
    assert not list(prepared.cache.glob(".probe.*"))
    train(probed)
    for name in ("best.pt", "last.pt"):
        first, second = (weights(request.save_dir / "weights" / name) for request in (plain, probed))
        assert first.keys() == second.keys()
        assert all(torch.equal(first[key], second[key]) for key in first)

    assert (probe.measured_images, probe.batch) == (4, 4)
    assert probe.checkpoint_bytes > 0
    assert probe.save_seconds > 0
    assert (probe.batches_per_epoch, probe.images, probe.validation_batches) == (2, 8, 1)
    assert 0 < probe.seconds_per_batch < probe.spent_seconds
    assert 0 < probe.validation_seconds_per_batch < probe.spent_seconds
    assert probe.peak_memory_bytes is None


@pytest.mark.usefixtures("long")
def test_a_training_of_fewer_batches_than_asked_for(make_request):
    told = []
    probe = measure_training(
        make_request(epochs=1, batch=8), batches=4, progress=lambda done, total: told.append((done, total))
    )
    assert [done for done, _ in told] == list(range(1, len(told) + 1))
    assert told[-1][0] == told[-1][1]
    assert probe.batches_per_epoch == 1
    assert probe.seconds_per_batch > 0
    assert probe.validation_seconds_per_batch is not None


def test_of_a_short_training_one_batch_is_timed(make_request):
    told = []
    request = make_request(epochs=2)
    probe = measure_training(request, batches=4, progress=lambda done, total: told.append((done, total)))
    assert told[-1] == (2, 2)  # of two images each: the first of a size chooses algorithms
    assert (probe.measured_images, probe.batch) == (2, 4)
    assert 0 < probe.seconds_per_batch < probe.spent_seconds
    assert probe.validation_seconds_per_batch is None
    written = train(request).finished and (request.save_dir / "weights/last.pt").stat().st_size
    assert written < probe.checkpoint_bytes < 20 * written  # of one that holds its optimizer


def test_the_time_limit_ends_it_with_what_it_has(make_request):
    probe = measure_training(make_request(epochs=50), batches=60, limit_seconds=0.0)
    assert (probe.measured_images, probe.batch) == (2, 4)
    assert probe.seconds_per_batch > 0
    assert probe.validation_seconds_per_batch is None


@pytest.mark.usefixtures("long")
def test_the_size_that_is_asked_for_is_the_one_that_is_measured(make_request, monkeypatch):
    from yololab.ultralytics_adapter.training.trainers import DetectTrainer

    seen, original = set(), DetectTrainer.preprocess_batch

    def preprocess_batch(self, batch):
        seen.add(tuple(batch["img"].shape))
        return original(self, batch)

    monkeypatch.setattr(DetectTrainer, "preprocess_batch", preprocess_batch)
    measure_training(make_request(imgsz=96, batch=6), batches=1)
    assert seen == {(2, 3, 96, 96), (6, 3, 96, 96)}


def test_mistakes_are_the_users_and_crashes_the_jobs(make_request, monkeypatch):
    from yololab.ultralytics_adapter.training.trainers import DetectTrainer

    with pytest.raises(InputError, match="device"):
        measure_training(make_request(device=5))

    def broken(self):
        raise RuntimeError("no more memory anywhere")

    monkeypatch.setattr(DetectTrainer, "optimizer_step", broken)
    with pytest.raises(JobError, match="no more memory"):
        measure_training(make_request())
