"""Devices by their names, and a message that names what is there."""

from __future__ import annotations

import pytest

from yololab.errors import InputError

pytestmark = pytest.mark.torch


@pytest.fixture(scope="module")
def devices(tmp_path_factory):
    from yololab.ultralytics_adapter.isolation import devices
    from yololab.ultralytics_adapter.isolation.runtime import Isolation, prepare

    base = tmp_path_factory.mktemp("ultralytics")
    prepare(Isolation(base / "cache", base / "weights", base / "datasets", offline=True))
    return devices


@pytest.mark.parametrize("asked", ["cpu", "CPU"])
def test_the_cpu_is_always_there(devices, asked):
    found = devices.resolve_device(asked)
    assert (found.id, found.kind, found.count, found.names) == ("cpu", "cpu", 1, ("cpu",))


@pytest.mark.parametrize("asked", ["99", "98,99", 99])
def test_a_device_that_is_not_there_is_named_with_what_is(devices, asked):
    with pytest.raises(InputError) as caught:
        devices.resolve_device(asked)
    (problem,) = caught.value.problems
    assert problem.where == "device"
    assert repr(asked) in problem.found
    assert "cpu" in problem.allowed
    assert "torch sees" in problem.remedy


def test_threads_stay_whenever_ultralytics_selects_a_device(devices, monkeypatch):
    import torch
    from ultralytics.utils import torch_utils

    before = torch.get_num_threads(), torch_utils.NUM_THREADS
    try:
        assert devices.set_threads(3) == 3
        devices.resolve_device("cpu")
        assert torch.get_num_threads() == 3
        monkeypatch.setattr(devices, "usable_cores", lambda: 2)
        assert devices.set_threads(None) == torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before[0])
        torch_utils.NUM_THREADS = before[1]
