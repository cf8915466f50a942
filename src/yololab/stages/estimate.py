"""What a training will cost, from a few real batches of it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from yololab.ultralytics_adapter.probe import Probe

# A full-precision export and its trial run, on the machines we measured: a constant beside any real training.
EXPORT_SECONDS = 10.0


@dataclass(frozen=True)
class Estimate:
    """The expected cost of a job.

    Attributes:
        seconds: The whole job from here on: training, evaluation, export.
        training_seconds: Training with its validations.
        epochs: Epochs that were reckoned with: all of them, early stopping only makes it shorter.
        seconds_per_batch: One training step.
        batches_per_epoch: Training steps an epoch.
        seconds_per_validation_batch: One validation batch; None when it was not measured.
        peak_memory_bytes: The GPU's memory at its peak; None on a CPU.
        probe_seconds: What the estimate itself took.
    """

    seconds: float
    training_seconds: float
    epochs: int
    seconds_per_batch: float
    batches_per_epoch: int
    seconds_per_validation_batch: float | None
    peak_memory_bytes: int | None
    probe_seconds: float

    def to_json(self) -> dict[str, Any]:
        """Return the estimate as it stands in the record."""
        return asdict(self) | {"actual_seconds": None}


def estimate_cost(
    probe: Probe, epochs: int, *, validate: bool, validation_images: int, evaluation_images: int, export: bool
) -> Estimate:
    """Extrapolate a probe to the whole job.

    With b batches an epoch of s seconds, v validation batches of w seconds and E epochs, training takes
    `E · (b·s + v·w)`, and the evaluation the time of a validation an image.

    Args:
        probe: What was measured.
        epochs: Epochs of the training.
        validate: Whether each epoch is validated; without, only the last one is.
        validation_images: Images of the validation split.
        evaluation_images: Images of the evaluated split.
        export: Whether the model is exported and tried.
    """
    batch_seconds = probe.validation_seconds_per_batch or 0.0
    validations = epochs if validate else 1
    training = epochs * probe.batches_per_epoch * probe.seconds_per_batch
    validation = probe.validation_batches * batch_seconds
    training += validations * validation
    evaluation = validation * evaluation_images / max(validation_images, 1)
    return Estimate(
        seconds=training + evaluation + (EXPORT_SECONDS if export else 0.0),
        training_seconds=training,
        epochs=epochs,
        seconds_per_batch=probe.seconds_per_batch,
        batches_per_epoch=probe.batches_per_epoch,
        seconds_per_validation_batch=probe.validation_seconds_per_batch,
        peak_memory_bytes=probe.peak_memory_bytes,
        probe_seconds=probe.spent_seconds,
    )
