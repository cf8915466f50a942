"""Dataset, model and device of every trial are looked at before the first one starts."""

from __future__ import annotations

import pytest

from yololab.data.shapes.builtin import ShapesSpec, ensure_shapes
from yololab.errors import InputError
from yololab.sweep.planning.plan import plan_trials, prepare_trials
from yololab.ultralytics_adapter.isolation.devices import Device

CPU = Device("cpu", "cpu", 1, ("cpu",))


@pytest.fixture
def data(tmp_path):
    return ensure_shapes(ShapesSpec(image_size=64, train=4, val=2, test=0), tmp_path / "data").resolve()


def trials_of(tmp_path, *overrides: str):
    return plan_trials([(*item.split(), f"paths.root={tmp_path}") for item in overrides])


def choice(group: str, value: object) -> str:
    from yololab.config.hydra.grammar import encode_free

    return f"{group}={encode_free(str(value))}"


@pytest.mark.torch
def test_every_missing_thing_is_named_once_whatever_the_number_of_trials(tmp_path):
    gone, other = tmp_path / "gone.yaml", tmp_path / "other.yaml"
    trials = trials_of(
        tmp_path,
        *(f"{choice('data', path)} model.pretrained=false lr0={rate}" for path in (gone, other) for rate in (0.1, 0.2)),
    )
    with pytest.raises(InputError) as caught:
        prepare_trials(trials, tmp_path, lambda _: CPU)
    named = " ".join(str(problem) for problem in caught.value.problems)
    assert len(caught.value.problems) == 2
    assert "gone.yaml" in named
    assert "other.yaml" in named


@pytest.mark.torch
def test_trials_that_need_the_same_share_it(tmp_path, data):
    architecture = "model=yolo26n model.pretrained=false"
    trials = trials_of(tmp_path, *(f"{choice('data', data)} {architecture} lr0={rate}" for rate in (0.1, 0.2)))
    asked = []
    first, second = prepare_trials(trials, tmp_path, lambda device: asked.append(device) or CPU)
    assert first is second
    assert len(asked) == 1
