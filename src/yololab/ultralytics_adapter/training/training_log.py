"""What a trainer notes while it works: counts, effective values, warnings; it goes to training.json each epoch."""

import logging
import math
import re
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from yololab.errors import InputError
from yololab.files.epochs import read_results
from yololab.text import as_number
from yololab.ultralytics_adapter.isolation.logs import LOGGER_NAME, plain_lines
from yololab.ultralytics_adapter.training.batch_reports import memory_of
from yololab.ultralytics_adapter.training.effective import Circumstances, differences
from yololab.ultralytics_adapter.training.pace.plan import cost_ahead, described
from yololab.ultralytics_adapter.training.training_file import (
    COMPLETE,
    FAILED,
    INTERRUPTED,
    RUNNING,
    EpochReport,
    TrainResult,
    epoch_report,
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
        result: What is known so far.
        halvings: How often the batch was halved because memory ran out.
        stop_requested: Whether an observer asked to stop.
        batches: Batches of the running epoch that are done.
        validated: Number of validated epochs.
        best_fitness: The highest fitness so far; None before the first validation.
        previous_seconds: What attempts before this one took.
    """

    requested: Mapping[str, Any]
    path: Path
    result: TrainResult = field(default_factory=TrainResult)
    halvings: int = 0
    stop_requested: bool = False
    batches: int = 0
    validated: int = 0
    best_fitness: float | None = None
    previous_seconds: float = 0.0

    def resume(self, previous: TrainResult | None, epochs: int, best_epoch: int | None) -> None:
        """Begin with what the previous attempt noted: its counts and warnings continue to grow.

        Args:
            previous: Its notes; None when they are lost.
            epochs: Epochs that stay.
            best_epoch: The epoch of best.pt, from 1.
        """
        self.result = replace(previous or self.result, status=RUNNING, stop_reason=None, error=None)
        self.result.epochs_completed, self.result.best_epoch = epochs, best_epoch
        self.previous_seconds = self.result.seconds

    def warn(self, message: str) -> None:
        """Note a warning, unless it is known already."""
        warnings = self.result.warnings
        if message not in warnings and len(warnings) < MAX_WARNINGS:
            warnings.append(message)

    def callback_failed(self, event: str, error: Exception) -> None:
        """Note that a callback of an event raised an exception, which was caught."""
        self.result.callback_errors += 1
        log.warning("a callback of %s failed: %s: %s", event, type(error).__name__, error, exc_info=error)
        self.warn(f"a callback of {event} failed and was ignored: {type(error).__name__}: {error}")

    def validation_done(self, fitness: float | None) -> None:
        """Note that an epoch was validated."""
        self.validated += 1
        if fitness is not None and math.isfinite(fitness):
            self.best_fitness = max(fitness, self.best_fitness or 0.0)

    def not_learning(self, patience: int) -> bool:
        """Return whether the fitness has stayed 0 for long; early stopping never ends such a training."""
        return self.validated >= _enough(patience) and not self.best_fitness

    def batch_done(self, trainer: Any) -> None:
        """Count a batch and with how many threads it was computed; note the loss of the first one."""
        self.batches += 1
        threads = str(trainer.compute.count)
        self.result.threads[threads] = self.result.threads.get(threads, 0) + 1
        if self.batches == 1 and trainer.epoch == 0:
            self.result.first_loss = as_number(float(trainer.loss.detach()))

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
        self.result.optimizer = {"name": type(trainer.optimizer).__name__, "groups": groups}
        self._write(trainer, RUNNING)

    def epoch_done(self, trainer: Any) -> EpochReport:
        """Note a finished epoch, write training.json and return the epoch's numbers."""
        if self.batches >= len(trainer.train_loader):
            self.result.epochs_completed += 1
        known = self.result.epoch_memory_bytes[: trainer.epoch]
        lost = [None] * (trainer.epoch - len(known))
        self.result.epoch_memory_bytes = [*known, *lost, memory_of(trainer)]
        patience = trainer.args.patience
        if self.not_learning(patience):
            self.warn(f"the fitness is still 0 after {_enough(patience)} validated epochs: the model is not learning")
        self._write(trainer, RUNNING)
        table = read_results(trainer.csv, validated=trainer.args.val)
        report = epoch_report(table, len(table.epochs) - 1, trainer.args.task, trainer.epochs)
        if report.seconds_left is not None:
            rise = cost_ahead(trainer.pace, trainer.epoch + 1, trainer.epochs, trainer.args.imgsz, trainer.stride)
            report = replace(report, seconds_left=report.seconds_left * rise)
        if trainer.args.time:
            left = trainer.args.time * 3600 - (time.time() - trainer.train_time_start)
            report = replace(report, seconds_left=max(0.0, left))
        return report

    def ended(self, trainer: Any, reason: str) -> None:
        """Write the last training.json."""
        self._write(trainer, COMPLETE, reason)

    def failed(self, error: BaseException) -> None:
        """Write that an error ended the training."""
        kind = "input" if isinstance(error, InputError) else "job"
        message = str(error) if isinstance(error, InputError) else f"{type(error).__name__}: {error}"
        self.result.status, self.result.error = FAILED, {"kind": kind, "message": message}
        with suppress(OSError):  # the error may be that nothing can be written
            if self.path.parent.is_dir():
                write_training_file(self.path, self.result)

    def _write(self, trainer: Any, status: str, reason: str | None = None) -> None:
        """Write training.json from what is known now."""
        args, result = trainer.args, self.result
        circumstances = Circumstances(
            device=trainer.device.type,
            halvings=self.halvings,
            optimizer_auto=str(self.requested.get("optimizer", "auto")).lower() == "auto",
            time_limited=bool(args.time),
            multi_gpu=trainer.world_size > 1,
            stride=int(trainer.stride),
            task=args.task,
        )
        started = getattr(trainer, "train_time_start", None)
        result.status, result.stop_reason = status, reason
        result.seconds = self.previous_seconds + (time.time() - started if started else 0.0)
        result.effective, result.setup = effective_arguments(trainer), setup(trainer)
        result.differences = differences(self.requested, result.effective, circumstances)
        result.model_selection, result.not_learning = bool(args.val), self.not_learning(args.patience)
        write_training_file(self.path, result)


def _enough(patience: int) -> int:
    """Return after how many validated epochs a fitness of 0 is no beginning any more."""
    return min(patience or NOT_LEARNING_EPOCHS, NOT_LEARNING_EPOCHS)


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
        "amp": trainer.effective_amp,
        "cache": args["cache"] if cached else False,
        "compile": args["compile"] if hasattr(trainer.model, "_orig_mod") else False,
        "channels_last": args["channels_last"] if trainer.device.type in ("cpu", "cuda") else False,
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
        "precision": trainer.precision,
        "accumulate": trainer.accumulate,
        "batches_per_epoch": len(trainer.train_loader),
        "images": {"train": len(trainer.train_loader.dataset), "val": len(trainer.test_loader.dataset)},
        "parameters": sum(parameter.numel() for parameter in trainer.model.parameters()),
        "frozen_tensors": sum(not parameter.requires_grad for parameter in trainer.model.parameters()),
        "peak_memory_bytes": torch.cuda.max_memory_reserved(trainer.device) if cuda else None,
        "speed": trainer.pace.speed,
        "pace": described(trainer.pace, trainer.epochs, trainer.args.imgsz, trainer.stride),
        **({"depth_calibration": calibration} if calibration else {}),
    }


@contextmanager
def ultralytics_warnings(notes: TrainingLog) -> Iterator[None]:
    """Note the first line of each of Ultralytics' warnings, without the prefix that its own handler may put there."""

    def note(record: logging.LogRecord) -> bool:
        if record.levelno >= logging.WARNING:
            for line in plain_lines(record.getMessage())[:1]:
                notes.warn(re.sub(r"^(WARNING|ERROR)\W*\s", "", line))
        return True

    logger = logging.getLogger(LOGGER_NAME)
    logger.addFilter(note)
    try:
        yield
    finally:
        logger.removeFilter(note)


def users_repository(folder: Path) -> SimpleNamespace:
    """Return what a checkpoint should say of the code that made it: the user's repository, or nothing.

    Ultralytics would name the repository around its own installation. A password in the origin's URL is left out.

    Args:
        folder: A folder in the user's repository.
    """
    from ultralytics.utils.git import GitRepo

    git = GitRepo(folder.resolve())
    origin = re.sub(r"//[^/@]*@", "//", git.origin) if git.origin else None
    return SimpleNamespace(root=git.root, branch=git.branch, commit=git.commit, message=git.message, origin=origin)
