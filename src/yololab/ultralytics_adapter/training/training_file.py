"""training.json: what the trainer reports of itself.

The process that trains writes it (with several GPUs that is a worker), the process that asked for the training reads
it: so both know the same, whatever the number of devices.
"""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from yololab.errors import InputError
from yololab.files.epochs import EpochTable
from yololab.files.json_files import read_json, write_json
from yololab.tasks import task_named
from yololab.ultralytics_adapter.training.effective import Difference

SCHEMA_VERSION = 1

RUNNING, COMPLETE, FAILED = "running", "complete", "failed"
INTERRUPTED = "interrupted"


@dataclass(frozen=True)
class BatchReport:
    """Where a training is within an epoch.

    Attributes:
        epoch: The epoch that runs, from 1.
        epochs: How many there will be.
        batch: Its batches that are done; 0 when it begins.
        batches: Batches of an epoch.
        losses: Ultralytics' name → mean over the batches so far.
        images_per_second: The pace of the last second or so; None before the first batch.
        memory_bytes: What is reserved of the GPU's memory, on a CPU the memory of the process; None before that.
    """

    epoch: int
    epochs: int
    batch: int
    batches: int
    losses: Mapping[str, float]
    images_per_second: float | None
    memory_bytes: int | None


@dataclass(frozen=True)
class EpochReport:
    """One epoch, as it is shown while training runs. None is what was not measured or is no finite number.

    Attributes:
        epoch: Its number, from 1.
        epochs: How many there will be.
        losses: Ultralytics' name → value, `train/…` and `val/…`.
        metrics: Our name → value.
        learning_rates: Ultralytics' name → value, `lr/…`, one a parameter group.
        seconds: How long it took.
        seconds_left: How long the rest will take, at the pace so far.
    """

    epoch: int
    epochs: int
    losses: Mapping[str, float | None]
    metrics: Mapping[str, float | None]
    learning_rates: Mapping[str, float | None]
    seconds: float | None
    seconds_left: float | None


def epoch_report(table: EpochTable, index: int, task: str, epochs: int) -> EpochReport:
    """Return a row of results.csv as the report of an epoch."""
    durations = [seconds for seconds in table.seconds[: index + 1] if seconds is not None]
    pace = sum(durations) / len(durations) if durations else None
    nothing: tuple[None, ...] = (None,) * len(table.epochs)
    return EpochReport(
        epoch=table.epochs[index],
        epochs=epochs,
        losses={name: values[index] for name, values in table.losses.items()},
        metrics={m.name: table.metrics.get(m.source, nothing)[index] for m in task_named(task).metrics},
        learning_rates={name: values[index] for name, values in table.learning_rates.items()},
        seconds=table.seconds[index],
        seconds_left=None if pace is None else pace * (epochs - table.epochs[index]),
    )


@dataclass
class TrainResult:
    """What a training did; while it works, its log fills it.

    Attributes:
        status: `running`, `complete` or `failed`.
        epochs_completed: Epochs that were trained to their last batch, in all attempts.
        stop_reason: `finished`, `early_stopping`, `interrupted` or `time`; None while it runs or when it failed.
        best_epoch: The epoch of best.pt, from 1; None when there is none.
        seconds: From the first batch to the stripped checkpoints, summed over all attempts.
        effective: All of Ultralytics' arguments as they were used.
        optimizer: `name`, and for each parameter group `name, lr, momentum, weight_decay, tensors` as it was built.
        setup: What is no argument: `device, threads, precision, accumulate, images, batches_per_epoch, parameters, …`.
        differences: Arguments that were not used as they were asked for.
        nan_recoveries: How often training went back to its last checkpoint because of NaN or infinite values.
        unstable: Whether such values were met at all.
        warnings: What Ultralytics and we warned of, each once.
        model_selection: Whether best.pt was chosen by validation; without (`val=False`) it is the last epoch.
        not_learning: Whether the fitness stayed 0 for so long that early stopping would have ended a normal run.
        first_loss: Loss of the very first batch, summed over its images as Ultralytics does; None when not finite.
        epoch_memory_bytes: What the training held at the end of each epoch: of its GPU, else of the machine.
        threads: Number of torch's threads → batches that were computed with it, in all attempts.
        callback_errors: How many exceptions of observers and trackers were caught.
        error: `kind` (`input` or `job`) and `message` of what ended it; None when nothing did.
    """

    status: str = RUNNING
    epochs_completed: int = 0
    stop_reason: str | None = None
    best_epoch: int | None = None
    seconds: float = 0.0
    effective: Mapping[str, Any] = field(default_factory=dict)
    optimizer: Mapping[str, Any] = field(default_factory=dict)
    setup: Mapping[str, Any] = field(default_factory=dict)
    differences: tuple[Difference, ...] = ()
    nan_recoveries: int = 0
    unstable: bool = False
    warnings: list[str] = field(default_factory=list)
    model_selection: bool = True
    not_learning: bool = False
    first_loss: float | None = None
    epoch_memory_bytes: list[int | None] = field(default_factory=list)
    threads: dict[str, int] = field(default_factory=dict)
    callback_errors: int = 0
    error: Mapping[str, str] | None = None

    @property
    def finished(self) -> bool:
        """Whether there is nothing left to train: it came to its end, and was not asked to stop before."""
        return self.status == COMPLETE and self.stop_reason != INTERRUPTED

    @property
    def comparable(self) -> bool:
        """Whether it trained what was asked for: no argument that decides the learning was changed on the way."""
        return not any(difference.changes_training for difference in self.differences)


def write_training_file(path: Path, result: TrainResult) -> None:
    """Write training.json."""
    write_json(path, asdict(result), SCHEMA_VERSION)


def read_training_file(path: Path) -> TrainResult:
    """Read training.json.

    Raises:
        InputError: It is missing, damaged, or of another version.
    """
    return read_json(path, (SCHEMA_VERSION,), TrainResult)


def training_noted(path: Path) -> TrainResult | None:
    """Return what a training.json says; None when there is none that can be read."""
    with suppress(InputError):
        return read_training_file(path)
    return None
