"""Telling an observer of each batch without slowing the training down: often where it is, seldom how it goes."""

import time
from collections.abc import Callable
from typing import Any

from yololab.host.processes import memory_in_use
from yololab.ultralytics_adapter.training.training_file import BatchReport

TELL_SECONDS = 0.1
# Reading a loss makes the processor wait for the GPU.
MEASURE_SECONDS = 1.0


class BatchTeller:
    """Tells of the batches of one training, in the process that trains.

    Args:
        observer: Who is told.
        clock: Seconds from some moment on.
    """

    def __init__(self, observer: Callable[[BatchReport], None], clock: Callable[[], float] = time.monotonic) -> None:
        self._observer, self._clock = observer, clock
        self._reported = self._measured = -MEASURE_SECONDS
        self._batch = 0
        self._losses: dict[str, float] = {}
        self._pace: float | None = None
        self._memory = 0

    def epoch_begins(self, trainer: Any) -> None:
        """Tell that an epoch begins."""
        self._measured, self._batch = self._clock(), 0
        self._tell(trainer, 0)

    def batch_done(self, trainer: Any, batch: int) -> None:
        """Tell of a batch, when it is time.

        Args:
            trainer: The trainer.
            batch: Batches of the epoch that are done.
        """
        now = self._clock()
        if now - self._reported < TELL_SECONDS:
            return
        self._reported = now
        if now - self._measured >= MEASURE_SECONDS or not self._losses:
            self._losses = {name: float(value) for name, value in trainer.tloss.items()}
            seconds = now - self._measured
            self._pace = (batch - self._batch) * trainer.batch_size / seconds if seconds > 0 else None
            self._measured, self._batch = now, batch
            self._memory = memory_of(trainer)
        self._tell(trainer, batch)

    def _tell(self, trainer: Any, batch: int) -> None:
        epochs, batches = trainer.epochs, len(trainer.train_loader)
        self._observer(
            BatchReport(trainer.epoch + 1, epochs, batch, batches, self._losses, self._pace, self._memory or None)
        )


def validated(observer: Callable[[int, int], None], validator: Any) -> None:
    """Tell how many batches of a validation are done, and how many there are; Ultralytics calls it after each."""
    observer(validator.batch_i + 1, len(validator.dataloader))


def memory_of(trainer: Any) -> int:
    """Return the bytes that the training holds of its GPU, else of the machine."""
    if trainer.device.type != "cuda":
        return memory_in_use()
    import torch

    return int(torch.cuda.memory_reserved(trainer.device))
