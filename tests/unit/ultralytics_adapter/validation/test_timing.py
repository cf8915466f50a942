"""The times of a model's calls, batch by batch."""

from __future__ import annotations

import pytest

from yololab.ultralytics_adapter.validation.timing import InferenceTimer

pytestmark = pytest.mark.torch


def test_each_call_of_a_model_is_timed_and_the_first_left_out():
    import torch

    class Model(torch.nn.Module):
        def forward(self, images, augment=False):
            return images @ torch.ones(64, 64)

    threads = iter(range(1, 10))
    timer, model = InferenceTimer(lambda: next(threads), 2), Model()
    assert timer.timing() is None
    model(torch.zeros(4, 64))  # warming up is none of it
    timer.attach(model, torch.device("cpu"))
    for images in (4, 4, 4, 2):
        model(torch.zeros(images, 64), augment=False)
    timing = timer.timing()
    assert timing is not None
    assert timing.images == (4, 4, 2)
    assert timing.threads == (2, 3, 4)
    assert (timing.cores, timing.whole) == (2, True)
    assert all(waiting is None or 0 <= waiting <= 1 for waiting in timing.waiting)
