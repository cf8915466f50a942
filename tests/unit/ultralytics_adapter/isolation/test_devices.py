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
