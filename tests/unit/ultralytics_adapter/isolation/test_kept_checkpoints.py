"""A job reads a checkpoint once; whoever asks again is given a copy of its own."""

import os

import pytest

from yololab.ultralytics_adapter.isolation import kept_checkpoints
from yololab.ultralytics_adapter.isolation.kept_checkpoints import copied, keeping_checkpoints

pytestmark = pytest.mark.torch


@pytest.fixture
def loader():
    """A loader that counts what it reads."""
    import torch

    read = []

    def load(weight, device=None, inplace=True, fuse=False):
        read.append(weight.name)
        model = torch.nn.Linear(2, 2)
        return model, {"model": model}

    load.read = read
    return load


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "best.pt"
    path.write_bytes(b"weights")
    return path


def test_within_a_job_it_is_read_once_and_each_copy_is_its_own(loader, file):
    import torch

    load = copied(loader)
    with keeping_checkpoints():
        first, content = load(file)
        assert content["model"] is first
        before = first.weight.detach().clone()
        with torch.no_grad():
            first.weight.zero_()  # a training changes its own
        second, content = load(file)
        assert content["model"] is second
        assert torch.equal(second.weight, before)
        with torch.inference_mode():
            tried, _ = load(file, device=torch.device("cpu"))
        assert torch.equal(tried.weight, before)
        assert load(file)[0].weight.requires_grad
    assert loader.read == ["best.pt"]
    load(file)
    assert len(loader.read) == 2  # nothing is kept outside of a job


def test_a_changed_file_another_one_and_a_large_one_are_read(loader, file, monkeypatch):
    load = copied(loader)
    with keeping_checkpoints():
        load(file)
        file.write_bytes(b"other weights")
        load(file)
        os.utime(file, ns=(1, 1))
        load(file)
        load(file, fuse=True)
        assert len(loader.read) == 4
        monkeypatch.setattr(kept_checkpoints, "_MOST_BYTES", 3)
        load(file)
        assert len(loader.read) == 5


def test_what_was_read_for_inference_alone_is_not_kept_for_a_training(loader, file):
    import torch

    load = copied(loader)
    with keeping_checkpoints():
        with torch.inference_mode():
            load(file)
        assert not load(file)[0].weight.is_inference()
