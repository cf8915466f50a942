"""Ultralytics' trainers with our eyes in them: what really happened is counted, written down, and can be stopped.

The classes live at module level because the workers of a multi-GPU training unpickle them by name. What they need to
know travels in Ultralytics' own dictionary of callbacks, under a name that no event has.
"""

from __future__ import annotations

import errno
import math
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from ultralytics.engine import trainer as engine
from ultralytics.utils import DEFAULT_CFG, LOCAL_RANK, RANK, YAML
from ultralytics.utils.callbacks import get_default_callbacks
from ultralytics.utils.torch_utils import torch_distributed_zero_first

from yololab.config.device import Precision
from yololab.errors import InputError, InterruptedRunError, YololabError
from yololab.extensions import Point, extensions
from yololab.files.atomic import scratch_folder
from yololab.files.paths import ARGUMENTS, BEST, LAST, RunFolder
from yololab.host.processes import ProcessIdentity
from yololab.ultralytics_adapter.isolation.data_guard import check_class_folders, dataset_error, guarded_data
from yololab.ultralytics_adapter.isolation.drawing import DrawingMixin, curves
from yololab.ultralytics_adapter.isolation.logs import joined_threads, quiet_progress
from yololab.ultralytics_adapter.isolation.patching import replaced
from yololab.ultralytics_adapter.isolation.threads import ComputeThreads
from yololab.ultralytics_adapter.training.atomic_checkpoints import AtomicPath, strip_checkpoints
from yololab.ultralytics_adapter.training.batch_reports import BatchTeller
from yololab.ultralytics_adapter.training.computing import ComputingMixin
from yololab.ultralytics_adapter.training.ddp_workers import WorkerLaunch, end_orphan
from yololab.ultralytics_adapter.training.exact_state import (
    Steps,
    exact_state,
    restore_progress,
    restore_weights,
    with_exact_state,
)
from yololab.ultralytics_adapter.training.pace.keeping import PaceMixin
from yololab.ultralytics_adapter.training.pace.plan import EXACT, Pace
from yololab.ultralytics_adapter.training.selection import BY_FITNESS, Selection, SelectionRule
from yololab.ultralytics_adapter.training.training_file import INTERRUPTED, EpochReport, TrainResult
from yololab.ultralytics_adapter.training.training_log import (
    TrainingLog,
    stop_reason,
    ultralytics_warnings,
    users_repository,
)

SETTINGS_KEY = "yololab"

_OWN_CALLBACKS = {
    "on_pretrain_routine_end": ("_ready",),
    "on_train_epoch_start": ("_epoch_begins",),
    "on_train_batch_start": ("_batch_begins",),
    "on_train_batch_end": ("_batch_done",),
    "on_fit_epoch_end": ("_epoch_done", "_stop_if_asked"),
    "on_train_end": ("_finished",),
}


# So far apart are the seeds of two starts, that no worker of the one has a seed of the other.
_SEED_STRIDE = 10_000


@dataclass(frozen=True)
class StartingPoint:
    """What a resumed training must know of what was before.

    Attributes:
        epoch: Index of the first epoch to train.
        seconds: Seconds of training before it, as results.csv counts them.
        model: What the training had started from.
        previous: What its trainer had noted; None when that is lost.
        best_epoch: The epoch of best.pt, from 1.
    """

    epoch: int
    seconds: float
    model: str
    previous: TrainResult | None
    best_epoch: int | None


@dataclass(frozen=True)
class TrainerSettings:
    """What a trainer of ours must know in every process; plain values, so that it can be pickled.

    Attributes:
        requested: The arguments as they were asked for.
        cache: Our cache folder.
        threads: Number of torch's threads; None follows the machine.
        stop_file: A file whose appearance asks the workers of a multi-GPU training to stop after the epoch.
        start: Where a resumed training begins; None for a new one.
        owner: The process that asked for the training.
        precision: The numbers that were asked for.
        selection: How best.pt is chosen.
        pace: Which of its parts are made cheaper.
    """

    requested: Mapping[str, Any]
    cache: Path
    threads: int | None
    stop_file: Path
    start: StartingPoint | None = None
    owner: ProcessIdentity = field(default_factory=ProcessIdentity.current)
    precision: Precision = Precision.FP32
    selection: SelectionRule = BY_FITNESS
    pace: Pace = EXACT


def callbacks_with(settings: TrainerSettings) -> dict[str, list[Any]]:
    """Return Ultralytics' default callbacks, those of other packages, and our settings among them.

    Raises:
        InputError: An extension cannot be imported, or names no event of Ultralytics.
    """
    callbacks: dict[str, list[Any]] = get_default_callbacks()
    for name, extension in extensions(Point.CALLBACKS).items():
        event = name.rpartition(".")[2]
        if event not in callbacks:
            raise InputError(extension.problem(f"{event!r} is no event of a training, such as on_train_epoch_end"))
        callbacks[event].append(extension.load())
    callbacks[SETTINGS_KEY] = [settings]
    return callbacks


class TrainerMixin(PaceMixin, DrawingMixin, ComputingMixin):
    """What ours do differently, for every task: put it before Ultralytics' trainer of the task.

    Attributes:
        on_epoch: Called after each epoch, in the process that asked for the training.
        should_stop: Asked after each batch and each epoch; several GPUs stop after the epoch.
        batches: Tells of each batch; None tells nobody.
    """

    save_dir: Path
    wdir: Path
    train_time_start: float

    def __init__(
        self, cfg: Any = DEFAULT_CFG, overrides: dict[str, Any] | None = None, _callbacks: dict[str, Any] | None = None
    ) -> None:
        self.settings: TrainerSettings = (_callbacks or {})[SETTINGS_KEY][0]
        self.on_epoch: Callable[[EpochReport], None] = lambda report: None
        self.should_stop: Callable[[], bool] = lambda: False
        self.batches: BatchTeller | None = None
        self.steps, self._accumulate = Steps(), 1
        self._resumed: dict[str, Any] | None = None
        self.selection = Selection(self.settings.selection)
        folder = RunFolder(Path((overrides or {})["save_dir"]))
        start = self.settings.start
        self.log = TrainingLog(self.settings.requested, folder.training)
        if start is not None:
            self.log.resume(start.previous, start.epoch, start.best_epoch)
        self.compute = ComputeThreads(self.settings.threads)
        super().__init__(cfg, overrides, _callbacks)
        # Ultralytics writes a checkpoint in place; one that is killed there would leave half of it, and nothing else.
        self.wdir = AtomicPath(self.wdir)
        self.last, self.best = self.wdir / LAST, self.wdir / BEST

    def run_callbacks(self, event: str) -> None:
        """Run the callbacks of an event, which cannot end the training by failing, then our own.

        What we cannot write down ends it: a disk that is full, a folder that is gone.
        """
        for callback in self.callbacks.get(event, []):
            self._guarded(event, callback, self)
        for name in _OWN_CALLBACKS.get(event, ()):
            getattr(self, name)()

    def _guarded(self, event: str, call: Callable[..., Any], *arguments: Any) -> None:
        """Call a callback; note what it raises. The errors that end a job (a second Ctrl-C) pass."""
        try:
            call(*arguments)
        except YololabError:
            raise
        except Exception as error:
            self.log.callback_failed(event, error)

    def train(self) -> None:
        """Train with the user's data guarded, progress bars off, and everything noted, also what ends it early."""
        with ExitStack() as stack:
            stack.enter_context(quiet_progress())
            stack.enter_context(ultralytics_warnings(self.log))
            stack.enter_context(replaced(engine, {"GIT": users_repository(Path.cwd())}))
            self.findings = stack.enter_context(guarded_data(self.settings.cache))
            stack.enter_context(curves())  # when the threads that draw images have ended
            stack.enter_context(joined_threads())
            try:
                if self.ddp:
                    self._train_in_workers()
                else:
                    super().train()
            except InterruptedRunError:
                self.log.ended(self, INTERRUPTED)
                self.close_loaders()
            except BaseException as error:
                if RANK in {-1, 0} and not (self.ddp and self.log.path.exists()):
                    self.log.failed(error)
                raise

    def _train_in_workers(self) -> None:
        """Launch the workers of a multi-GPU training, watching them.

        The launch deletes the trainer's `save_dir`, which is the run's folder; it is given an empty one to delete. The
        workers take theirs from the arguments.
        """
        folder: Path = self.save_dir
        launch = WorkerLaunch(
            results=self.csv,
            stop_file=self.settings.stop_file,
            task=self.args.task,
            epochs=self.epochs,
            validated=self.args.val,
            on_epoch=lambda report: self._guarded("on_fit_epoch_end", self.on_epoch, report),
            should_stop=self.should_stop,
        )
        scratch = scratch_folder(self.settings.cache, "launch")
        with scratch as hidden, replaced(engine, {"subprocess": SimpleNamespace(run=launch.run)}):
            self.save_dir = hidden
            try:
                super().train()
            finally:
                self.save_dir = folder

    def close_loaders(self) -> None:
        """End the loaders' processes, as a training does that comes to its end."""
        for name in ("train_loader", "test_loader"):
            if hasattr(self, name):
                getattr(self, name).close()

    def _setup_train(self) -> None:
        """Set up; a resumed training never draws the images and augmentations of its first epochs again."""
        if self.settings.start is not None:
            seed = self.args.seed + 1 + RANK + _SEED_STRIDE * self.settings.start.epoch
            engine.init_seeds(seed, deterministic=self.args.deterministic)
        super()._setup_train()

    def resume_training(self, ckpt: Any) -> None:
        """Take over the state of a checkpoint; what the training had started from stays in its arguments."""
        super().resume_training(ckpt)
        if self.settings.start is not None:
            self._resumed = exact_state(ckpt)
            if self._resumed is not None:
                restore_weights(self, self._resumed)
                self.steps.resume(self._resumed["last_step"])
                self.selection.resume(self._resumed.get("selection") or self.selection.state())
            self.args.model, self.args.resume = self.settings.start.model, False
            if RANK in {-1, 0}:
                YAML.save(self.save_dir / ARGUMENTS, vars(self.args))

    def save_metrics(self, metrics: Any) -> None:
        """Write the epoch's row; the column `time` counts the training before an interruption too.

        Raises:
            FileNotFoundError: The run's folder is gone; Ultralytics would make it again, and leave half a run there.
        """
        if not self.save_dir.is_dir():
            raise FileNotFoundError(errno.ENOENT, "the run's folder is gone", str(self.save_dir))
        started = self.train_time_start
        if self.settings.start is not None:
            self.train_time_start = started - self.settings.start.seconds
        try:
            super().save_metrics(metrics)
        finally:
            self.train_time_start = started

    def get_dataset(self) -> Any:
        """Read the dataset; a mistake in it is the user's, and its `download:` entry, which can be code, never runs.

        Raises:
            InputError: The dataset cannot be found or read.
        """
        try:
            readers = {
                "check_det_dataset": partial(engine.check_det_dataset, autodownload=False),
                "check_cls_dataset": check_class_folders,
            }
            with replaced(engine, readers):
                return super().get_dataset()
        except RuntimeError as error:
            raise dataset_error(f"data, {self.args.data}", error.__cause__ or error) from error

    def get_dataloader(self, *arguments: Any, **keywords: Any) -> Any:
        """Read images and labels; a mistake in them is the user's.

        Raises:
            InputError: There are no images, no labels, or none that can be used.
        """
        try:
            return super().get_dataloader(*arguments, **keywords)
        except (OSError, ValueError, RuntimeError, AssertionError) as error:
            raise dataset_error(f"data, {self.args.data}", error.__cause__ or error) from error

    def _build_train_pipeline(self) -> None:
        """Build the loaders; a second time, with the optimizer there, means that memory ran out."""
        if self.optimizer is not None:
            self.log.halvings += 1
        super()._build_train_pipeline()

    def validate(self) -> Any:
        """Validate, and note that it was done: a 0 in the table of epochs can also mean that it was not."""
        metrics, fitness = super().validate()
        if fitness is not None:
            self.log.validation_done(float(fitness))
            fitness = self.selection.rate(self, metrics, fitness)
        return metrics, fitness

    @property
    def accumulate(self) -> int:
        """How many batches a step has from its first one in this process."""
        return max(1, self._accumulate - self.steps.ahead)

    @accumulate.setter
    def accumulate(self, batches: int) -> None:
        self._accumulate = batches

    def optimizer_step(self) -> None:
        """Step, unless batches of the step are still to come after a resume."""
        if self.steps.due(self.log.batches + len(self.train_loader) * self.epoch, self.accumulate):
            super().optimizer_step()

    def save_model(self) -> Any:
        """Save the checkpoints, and note which epoch best.pt is from (the last of several with the same fitness)."""
        exact = {"convert_optimizer_state_dict_to_fp16": partial(with_exact_state, trainer=self)}
        with replaced(engine, exact), self.selection.kept_when_saved(self):
            return super().save_model()

    def _handle_nan_recovery(self, epoch: int) -> Any:
        """Recover from NaN or infinite values, and count it."""
        loss_is_finite = self.loss is None or bool(self.loss.isfinite().all())
        if not loss_is_finite or (self.fitness is not None and not math.isfinite(self.fitness)):
            self.log.result.unstable = True
        recovered = super()._handle_nan_recovery(epoch)
        self.log.result.nan_recoveries += bool(recovered)
        return recovered

    def final_eval(self) -> None:
        """Strip the checkpoints of what only training needs, and evaluate nothing: that is done once, by our protocol.

        After an interruption they keep it, so that the training can be resumed from there.
        """
        with torch_distributed_zero_first(LOCAL_RANK):
            if RANK in {-1, 0} and not (self.log.stop_requested and self.epoch + 1 < self.epochs):
                strip_checkpoints(self.last, self.best)

    def _ready(self) -> None:
        """Note what was built."""
        if RANK in {-1, 0}:
            self.log.ready(self)

    def _epoch_begins(self) -> None:
        """Count the batches of each epoch; the first one after a resume begins where the one before it has ended."""
        self.log.batches = 0
        resumed, self._resumed = self._resumed, None
        if resumed is not None:
            restore_progress(self, resumed)
        self.grow_images()
        if self.batches is not None:
            self.batches.epoch_begins(self)

    def _batch_begins(self) -> None:
        """Begin to watch whether the threads have their cores."""
        self.compute.begin(self.device)

    def _batch_done(self) -> None:
        """Stop when asked; on several GPUs only after the epoch, when all of them learn of it.

        An epoch that is not over is given up: saved, it would count as a whole one.

        Raises:
            InterruptedRunError: Somebody asked to stop, within an epoch.
        """
        self.log.batch_done(self)
        self.compute.end()
        if self.batches is not None:
            self.batches.batch_done(self, self.log.batches)
        if RANK >= 0:
            end_orphan(self.settings.owner)
        if RANK == -1 and self.should_stop():
            self._stop()
            if self.log.batches < len(self.train_loader):
                raise InterruptedRunError("stopped within an epoch")

    def _epoch_done(self) -> None:
        """Note and report the epoch."""
        if RANK in {-1, 0}:
            for warning in self.findings.warnings:
                self.log.warn(warning)
            self._guarded("on_fit_epoch_end", self.on_epoch, self.log.epoch_done(self))

    def _stop_if_asked(self) -> None:
        """Stop when asked; the flag of the first process is handed to the others right after this."""
        if RANK in {-1, 0} and (self.should_stop() or self.settings.stop_file.exists()):
            self._stop()

    def _stop(self) -> None:
        """Ask the training loop to stop: it validates, saves and ends."""
        self.stop = self.log.stop_requested = True

    def _finished(self) -> None:
        """Note the end."""
        if RANK in {-1, 0}:
            self.log.ended(self, stop_reason(self, self.log.stop_requested))
