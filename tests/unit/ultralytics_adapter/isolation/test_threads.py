"""Torch's threads follow what is free of the machine; what the user has set stays."""

import os
from types import SimpleNamespace

import pytest

from yololab.host.threads import Step
from yololab.ultralytics_adapter.isolation import threads


@pytest.fixture
def free_cores(monkeypatch):
    """Let a machine have four cores, of which others leave us so many."""

    def leave(cores: float | None) -> None:
        monkeypatch.setattr(threads, "machine", lambda: SimpleNamespace(free=lambda: cores))

    monkeypatch.setattr(threads, "usable_cores", lambda: 4)
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    return leave


def test_what_the_user_says_of_openmp_stays(monkeypatch):
    for name in (*threads.WAITING, "OMP_WAIT_POLICY", "OMP_NUM_THREADS"):
        monkeypatch.delenv(name, raising=False)
    assert set(threads.openmp_variables()) == {*threads.WAITING, "OMP_NUM_THREADS", threads.OURS}
    monkeypatch.setenv("OMP_WAIT_POLICY", "ACTIVE")
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    assert threads.openmp_variables() == {}
    assert threads.limit() == 1


@pytest.mark.torch
@pytest.mark.usefixtures("torch_threads")
class TestTorch:
    @pytest.fixture
    def torch_threads(self):
        import torch
        from ultralytics.utils import torch_utils

        before = torch.get_num_threads(), torch_utils.NUM_THREADS
        yield
        torch.set_num_threads(before[0])
        torch_utils.NUM_THREADS = before[1]

    def test_threads_stay_whenever_ultralytics_selects_a_device(self, free_cores):
        import torch
        from ultralytics.utils.torch_utils import select_device

        free_cores(2.1)
        for asked, count in ((3, 3), (None, 2)):
            assert threads.set_threads(asked) == count
            select_device("cpu", verbose=False)
            assert torch.get_num_threads() == count

    @pytest.mark.parametrize(("asked", "device", "count"), [(None, "cpu", 2), (4, "cpu", 4), (None, "cuda", 4)])
    def test_only_a_number_that_nobody_fixed_gives_way(self, free_cores, monkeypatch, asked, device, count):
        import torch

        free_cores(None)
        compute = threads.ComputeThreads(asked)
        monkeypatch.setattr(compute, "_meter", SimpleNamespace(begin=int, end=lambda: Step(1.0, 1.2, 2.0, 0.4)))
        assert compute.count == 4
        for _ in range(3):
            compute.begin(SimpleNamespace(type=device))
            compute.end()
        assert compute.count == torch.get_num_threads() == count


def test_a_child_does_not_take_our_number_for_the_users(monkeypatch):
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setattr(threads, "usable_cores", lambda: 2)
    for name, value in threads.openmp_variables().items():
        monkeypatch.setitem(os.environ, name, value)
    monkeypatch.setattr(threads, "usable_cores", lambda: 16)  # a node of the cluster
    assert threads.limit() == 16
