"""What a trainer notes while it works: counts, effective values, warnings; it goes to training.json each epoch."""

import logging
import math
import re
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from yololab.errors import InputError
from yololab.tasks import task_named
from yololab.ultralytics_adapter.isolation.logs import LOGGER_NAME, plain_lines
from yololab.ultralytics_adapter.training.effective import Circumstances, differences
from yololab.ultralytics_adapter.training.training_file import (
    COMPLETE,
    FAILED,
    INTERRUPTED,
    RUNNING,
    EpochReport,
    TrainResult,
    write_training_file,
)

NOT_LEARNING_EPOCHS = 10
MAX_WARNINGS = 100

log = logging.getLogger(__name__)


@dataclass
class TrainingLog:
    """The notes of one training, in the process that trains.

    Attributes:
        requested: The arguments as they were asked for.
        path: Where training.json is written.
        warnings: What was warned of, each once.
        callback_errors: Caught exceptions of observers and trackers.
        halvings: How often the batch was halved because memory ran out.
        nan_recoveries: How often training went back to its last checkpoint.
        unstable: Whether NaN or infinite values were met.
        stop_requested: Whether an observer asked to stop.
        best_epoch: The epoch of best.pt, from 1.
        batches: Batches of the running epoch that are done.
        first_loss: Loss of the very first batch; None before it, or when it is no finite number.
        completed: Epochs that were trained to their last batch.
        validated: Number of validated epochs.
        validated_epoch: Index of the epoch that was validated last.
        best_fitness: The highest fitness so far; None before the first validation.
        previous_seconds: What attempts before this one took.
    """

    requested: Mapping[str, Any]
    path: Path
    warnings: list[str] = field(default_factory=list)
    callback_errors: int = 0
    halvings: int = 0
    nan_recoveries: int = 0
    unstable: bool = False
    stop_requested: bool = False
    best_epoch: int | None = None
    batches: int = 0
    first_loss: float | None = None
    completed: int = 0
    validated: int = 0
    validated_epoch: int = -1
    best_fitness: float | None = None
    previous_seconds: float = 0.0
    _seconds: list[float] = field(default_factory=list)
    _optimizer: dict[str, Any] = field(default_factory=dict)
    _result: TrainResult = field(default_factory=TrainResult)

    def resume(self, previous: TrainResult | None, epochs: int, best_epoch: int | None) -> None:
        """Begin with what the previous attempt noted: its counts and warnings continue to grow.

        Args:
            previous: Its notes; None when they are lost.
            epochs: Epochs that stay.
            best_epoch: The epoch of best.pt, from 1.
        """
        self.completed, self.best_epoch = epochs, best_epoch
        if previous is not None:
            self.warnings.extend(previous.warnings)
            self.callback_errors = previous.callback_errors
            self.nan_recoveries, self.unstable = previous.nan_recoveries, previous.unstable
            self.previous_seconds, self.first_loss = previous.seconds, previous.first_loss
            self._result = replace(previous, status=RUNNING, stop_reason=None, error=None)

    def warn(self, message: str) -> None:
        """Note a warning, unless it is known already."""
        if message not in self.warnings and len(self.warnings) < MAX_WARNINGS:
            self.warnings.append(message)

    def callback_failed(self, event: str, error: Exception) -> None:
        """Note that a callback of an event raised an exception, which was caught."""
        self.callback_errors += 1
        log.warning("a callback of %s failed: %s: %s", event, type(error).__name__, error, exc_info=error)
        self.warn(f"a callback of {event} failed and was ignored: {type(error).__name__}: {error}")

    def validation_done(self, epoch: int, fitness: float | None) -> None:
        """Note that an epoch was validated."""
        self.validated_epoch = epoch
        self.validated += 1
        if fitness is not None and math.isfinite(fitness):
            self.best_fitness = max(fitness, self.best_fitness or 0.0)

    def not_learning(self, patience: int) -> bool:
        """Return whether the fitness has stayed 0 for long; early stopping never ends such a training."""
        return self.validated >= _enough(patience) and not self.best_fitness

    def batch_done(self, trainer: Any) -> None:
        """Count a batch; note the loss of the first one."""
        self.batches += 1
        if self.batches == 1 and not self._seconds and not self.completed:
            self.first_loss = finite(trainer.loss)

    def ready(self, trainer: Any) -> None:
        """Note the optimizer as it was built, and write the first training.json."""
        groups = [
            {
                "name": group.get("param_group"),
                "lr": group.get("initial_lr", group["lr"]),
                "momentum": group["momentum"] if "momentum" in group else group.get("betas", (None,))[0],
                "weight_decay": group["weight_decay"],
                "tensors": len(group["params"]),
            }
            for group in trainer.optimizer.param_groups
        ]
        self._optimizer = {"name": type(trainer.optimizer).__name__, "groups": groups}
        self._write(trainer, RUNNING)

    def epoch_done(self, trainer: Any) -> EpochReport:
        """Note a finished epoch, write training.json and return the epoch's numbers."""
        if self.batches >= len(trainer.train_loader):
            self.completed += 1
        self._seconds.append(trainer.epoch_time)
        patience = trainer.args.patience
        if self.not_learning(patience):
            self.warn(f"the fitness is still 0 after {_enough(patience)} validated epochs: the model is not learning")
        self._write(trainer, RUNNING)
        measured = self.validated_epoch == trainer.epoch
        values = {**trainer.label_loss_items(trainer.tloss), **(trainer.metrics or {})}
        left = (trainer.epochs - trainer.epoch - 1) * sum(self._seconds) / len(self._seconds)
        if trainer.args.time:
            left = max(0.0, trainer.args.time * 3600 - (time.time() - trainer.train_time_start))
        return EpochReport(
            epoch=trainer.epoch + 1,
            epochs=trainer.epochs,
            losses={
                name: finite(value) if measured or name.startswith("train/") else None
                for name, value in values.items()
                if name.startswith(("train/", "val/"))
            },
            metrics={
                metric.name: finite(values.get(metric.source)) if measured else None
                for metric in task_named(trainer.args.task).metrics
            },
            learning_rates={name: finite(value) for name, value in trainer.lr.items()},
            seconds=trainer.epoch_time,
            seconds_left=left,
        )

    def finished(self, trainer: Any) -> None:
        """Write the last training.json."""
        self._write(trainer, COMPLETE, stop_reason(trainer, self.stop_requested))

    def interrupted(self, trainer: Any) -> None:
        """Write that a stop was asked for within an epoch."""
        self._write(trainer, COMPLETE, INTERRUPTED)

    def failed(self, error: BaseException) -> None:
        """Write that an error ended the training."""
        kind = "input" if isinstance(error, InputError) else "job"
        message = str(error) if isinstance(error, InputError) else f"{type(error).__name__}: {error}"
        self._save(replace(self._result, status=FAILED, error={"kind": kind, "message": message}))

    def _write(self, trainer: Any, status: str, reason: str | None = None) -> None:
        """Write training.json from what is known now."""
        effective = effective_arguments(trainer)
        circumstances = Circumstances(
            device=trainer.device.type,
            halvings=self.halvings,
            optimizer_auto=str(self.requested.get("optimizer", "auto")).lower() == "auto",
            time_limited=bool(trainer.args.time),
            multi_gpu=trainer.world_size > 1,
            stride=int(trainer.stride),
            task=trainer.args.task,
        )
        started = getattr(trainer, "train_time_start", None)
        self._save(
            TrainResult(
                status=status,
                epochs_completed=self.completed,
                stop_reason=reason,
                best_epoch=self.best_epoch,
                seconds=self.previous_seconds + (time.time() - started if started else 0.0),
                effective=effective,
                optimizer=self._optimizer,
                setup=setup(trainer),
                differences=differences(self.requested, effective, circumstances),
                model_selection=bool(trainer.args.val),
                not_learning=self.not_learning(trainer.args.patience),
            )
        )

    def _save(self, result: TrainResult) -> None:
        """Complete a result with the counts and write it."""
        self._result = replace(
            result,
            nan_recoveries=self.nan_recoveries,
            unstable=self.unstable,
            warnings=tuple(self.warnings),
            first_loss=self.first_loss,
            callback_errors=self.callback_errors,
        )
        write_training_file(self.path, self._result)


def _enough(patience: int) -> int:
    """Return after how many validated epochs a fitness of 0 is no beginning any more."""
    return min(patience or NOT_LEARNING_EPOCHS, NOT_LEARNING_EPOCHS)


def finite(value: Any) -> float | None:
    """Return a finite number, or None."""
    number = None if value is None else float(value.detach() if hasattr(value, "detach") else value)
    return number if number is not None and math.isfinite(number) else None


def stop_reason(trainer: Any, stop_requested: bool) -> str:
    """Return why a training that is over ended.

    Args:
        trainer: The trainer, after its last epoch.
        stop_requested: Whether an observer asked to stop.
    """
    last = trainer.epoch + 1 >= trainer.epochs
    if stop_requested and not last:
        return INTERRUPTED
    unimproved = trainer.epoch + 1 - trainer.stopper.best_epoch
    if not last and trainer.args.val and unimproved >= trainer.stopper.patience:
        return "early_stopping"
    return "time" if trainer.args.time else "finished"


def effective_arguments(trainer: Any) -> dict[str, Any]:
    """Return all of Ultralytics' arguments as they were used, also where it keeps the requested value in its own."""
    args = dict(vars(trainer.args))
    dataset = trainer.train_loader.dataset
    cached = any(getattr(dataset, name, None) for name in ("cache", "cache_ram", "cache_disk"))
    changed = {
        "batch": trainer.batch_size,
        "epochs": trainer.epochs,
        "workers": trainer.train_loader.num_workers,
        "amp": args["amp"] if trainer.amp else False,
        "cache": args["cache"] if cached else False,
        "compile": args["compile"] if hasattr(trainer.model, "_orig_mod") else False,
        "channels_last": False if args["channels_last"] and trainer.device.type != "cuda" else args["channels_last"],
        "warmup_epochs": min(args["warmup_epochs"], max(trainer.epochs - 1, 0)),
        "device": args["device"] or str(trainer.device),
    }
    if getattr(dataset, "rect", False):
        changed |= {"rect": True, "mosaic": 0.0, "mixup": 0.0, "cutmix": 0.0}
    return {**args, **changed}


def setup(trainer: Any) -> dict[str, Any]:
    """Return what a training ran with besides its arguments."""
    import torch

    cuda = trainer.device.type == "cuda"
    calibration = getattr(trainer, "depth_calibration", None)  # the scale that the checkpoints were given at the end
    return {
        "device": str(trainer.device),
        "device_name": torch.cuda.get_device_name(trainer.device) if cuda else None,
        "world_size": max(1, trainer.world_size),
        "threads": torch.get_num_threads(),
        "accumulate": trainer.accumulate,
        "batches_per_epoch": len(trainer.train_loader),
        "images": {"train": len(trainer.train_loader.dataset), "val": len(trainer.test_loader.dataset)},
        "parameters": sum(parameter.numel() for parameter in trainer.model.parameters()),
        "frozen_tensors": sum(not parameter.requires_grad for parameter in trainer.model.parameters()),
        "peak_memory_bytes": torch.cuda.max_memory_reserved(trainer.device) if cuda else None,
        **({"depth_calibration": calibration} if calibration else {}),
    }


class _WarningCollector(logging.Handler):
    """Notes Ultralytics' warnings."""

    def __init__(self, notes: TrainingLog) -> None:
        super().__init__(logging.WARNING)
        self.notes = notes

    def emit(self, record: logging.LogRecord) -> None:
        """Note the first line of a warning; Ultralytics' own handler may have put a prefix before it."""
        for line in plain_lines(record.getMessage())[:1]:
            self.notes.warn(re.sub(r"^(WARNING|ERROR)\W*\s", "", line))


@contextmanager
def ultralytics_warnings(notes: TrainingLog) -> Iterator[None]:
    """Note what Ultralytics warns of."""
    logger, collector = logging.getLogger(LOGGER_NAME), _WarningCollector(notes)
    logger.addHandler(collector)
    try:
        yield
    finally:
        logger.removeHandler(collector)


def users_repository(folder: Path) -> SimpleNamespace:
    """Return what a checkpoint should say of the code that made it: the user's repository, or nothing.

    Ultralytics would name the repository around its own installation. A password in the origin's URL is left out.

    Args:
        folder: A folder in the user's repository.
    """
    from ultralytics.utils.git import GitRepo

    git = GitRepo(folder.resolve())
    origin = re.sub(r"//[^/@]*@", "//", git.origin) if git.origin else None
    return SimpleNamespace(
        root=git.root, branch=git.branch, commit=git.commit, message=git.message, origin=origin, is_repo=git.is_repo
    )
