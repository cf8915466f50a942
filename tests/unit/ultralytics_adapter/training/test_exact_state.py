"""What a training goes on from: read from a checkpoint only when it is whole, and steps that are due."""

from __future__ import annotations

import random
from types import SimpleNamespace

import pytest

pytestmark = pytest.mark.torch


@pytest.fixture
def exact(tmp_path):
    from yololab.ultralytics_adapter.isolation.runtime import Isolation, activate, prepare

    prepare(Isolation(tmp_path / "cache", tmp_path / "weights", tmp_path / "datasets", offline=True))
    activate()
    from yololab.ultralytics_adapter.training import exact_state

    return exact_state


def parts() -> dict:
    import torch

    tensor = torch.zeros(2)
    kept = {"model": {"w": tensor}, "ema": {"w": tensor}, "gradients": None, "last_step": 3, "buffer": [], "cuda": []}
    return kept | {
        "python": random.getstate(),
        "numpy": ("MT19937", tensor, 0, 0, 0.0),
        "torch": tensor,
        "order": tensor,
    }


def test_a_whole_state_is_found(exact):
    kept = parts()
    assert exact.exact_state({"optimizer": {"state": {}, "yololab": kept}}) is kept


@pytest.mark.parametrize("name", ["model", "ema", "last_step", "python", "torch", "order"])
@pytest.mark.parametrize("value", ["text", None])
def test_one_with_parts_of_other_kinds_is_left_aside(exact, name, value):
    assert exact.exact_state({"optimizer": {"yololab": parts() | {name: value}}}) is None


@pytest.mark.parametrize("checkpoint", [{}, {"optimizer": None}, {"optimizer": {}}, {"optimizer": {"yololab": [1]}}])
def test_that_of_another_trainer_has_none(exact, checkpoint):
    assert exact.exact_state(checkpoint) is None


def test_what_is_drawn_after_it_was_put_back_is_what_would_have_been_drawn(exact):
    import numpy as np
    import torch

    dataset = SimpleNamespace(buffer=[])
    kind = type("Loader", (SimpleNamespace,), {"__len__": lambda self: 6})
    loader = kind(generator=torch.Generator(), dataset=dataset, num_workers=1)
    model = torch.nn.Linear(2, 1)
    model.weight.grad = torch.ones(1, 2)
    trainer = SimpleNamespace(
        model=model,
        ema=SimpleNamespace(ema=torch.nn.Linear(2, 1)),
        train_loader=loader,
        steps=SimpleNamespace(last=3),
        epoch=0,
        epochs=5,
        device=torch.device("cpu"),
        selection=SimpleNamespace(state=dict),
    )

    def draw() -> list[float]:
        return [
            random.random(),
            np.random.rand(),
            torch.rand(1).item(),
            torch.rand(1, generator=loader.generator).item(),
        ]

    kept = exact.exact_state({"optimizer": exact.with_exact_state({"state": {}}, trainer)})
    assert kept is not None
    first = draw()
    model.weight.grad = None
    exact.restore_progress(trainer, kept)
    assert draw() == first
    assert model.weight.grad.tolist() == [[1.0, 1.0]]  # batch 3 of 6 was the last step: what came after is pending


def test_the_optimizer_steps_where_it_would_have(exact):
    """Steps of 4 batches, epochs of 6, interrupted after the first: Ultralytics would step at once, at batch 6."""

    def steps(start: int, resumed: int | None) -> list[int]:
        ours, last, done = exact.Steps(), -1, []
        ours.resumed = resumed
        for batch in range(start, 18):
            if batch - last >= max(1, 4 - ours.ahead):
                if ours.due(batch, 4):
                    done.append(batch)
                last = batch
        return done

    whole = steps(0, None)
    assert whole == [3, 7, 11, 15]
    assert steps(6, 3) == whole[1:]
    assert steps(12, 11) == whole[3:]
    assert steps(8, 3) == [8, 12, 16], "what is overdue is done at once"
