"""Times a model batch by batch while it is evaluated: how long each took, and whether the machine was busy then."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from yololab.host.load import thread_waited_seconds, waited_seconds
from yololab.host.processor import processor_name
from yololab.statistics.timing.latency import TimedBatch, Timing, timing_of


class InferenceTimer:
    """Times each call of a model.

    Args:
        threads: Returns with how many threads a CPU computes now.
        cores: With how many it computes where nothing disturbs it.
    """

    def __init__(self, threads: Callable[[], int], cores: int) -> None:
        self._threads, self._cores = threads, cores
        self._device: Any = None
        self._profile: Any = None
        self._before: tuple[float | None, float] = (None, 0.0)
        self._batches: list[TimedBatch] = []

    def attach(self, model: Any, device: Any) -> None:
        """Time a model from now on.

        Args:
            model: The module that is called with a batch of images.
            device: torch's device.
        """
        from ultralytics.utils.ops import Profile

        self._device, self._profile, self._batches = device, Profile(device=device), []
        model.register_forward_pre_hook(self._begin)
        model.register_forward_hook(self._end)

    def _begin(self, *_: Any) -> None:
        self._before = self._used()
        self._profile.__enter__()  # a device is waited for, as at the end

    def _end(self, _model: Any, arguments: tuple[Any, ...], _found: Any) -> None:
        self._profile.__exit__(None, None, None)
        (waited, used), (now, used_now) = self._before, self._used()
        used, waiting = used_now - used, None
        if waited is not None and now is not None:
            waits = max(0.0, now - waited)
            waiting = waits / (waits + used) if waits + used > 0 else 0.0
        on_cpu = self._device.type == "cpu"
        threads = self._threads() if on_cpu else 0
        self._batches.append(TimedBatch(len(arguments[0]), float(self._profile.dt), waiting, threads))

    def _used(self) -> tuple[float | None, float]:
        """Return how long threads have waited for a core, and computed: of a GPU the one that calls it alone counts."""
        if self._device.type == "cpu":
            return waited_seconds(), time.process_time()
        return thread_waited_seconds(), time.thread_time()

    def timing(self) -> Timing | None:
        """Return what was timed; None of fewer than two batches."""
        if self._device is None:
            return None
        on_cpu = self._device.type == "cpu"
        return timing_of(self._batches, _name_of(self._device), self._cores if on_cpu else 0)


def _name_of(device: Any) -> str:
    """Return what a device is called."""
    import torch

    if device.type == "cpu":
        return processor_name()
    return torch.cuda.get_device_name(device) if device.type == "cuda" else str(device)
