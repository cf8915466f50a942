"""What a training would cost, from a few real batches of it on the real device; nothing of them remains."""

from __future__ import annotations

import contextlib
import gc
import math
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from yololab.errors import JobError, YololabError
from yololab.files.atomic import scratch_folder
from yololab.host.collection import importing
from yololab.ultralytics_adapter.isolation import runtime
from yololab.ultralytics_adapter.isolation.logs import first_line
from yololab.ultralytics_adapter.models.resolve import ResolvedModel
from yololab.ultralytics_adapter.probe.batches import FEWEST, ProbeBatches, loading_seconds
from yololab.ultralytics_adapter.probe.pace import Pace
from yololab.ultralytics_adapter.training.training import TrainRequest, build_trainer

if TYPE_CHECKING:
    from yololab.ultralytics_adapter.training.trainer import TrainerMixin as _Base
else:
    _Base = object

# Planned so that a probe ends within 5 s, or 2 % of what it foresees: validation and checkpoint come after these.
LEAST_BUDGET_SECONDS = 3.8
# Of a training that is shorter nobody wants to know to the second: one batch is timed, on a CPU of two images, and all
# else is reckoned from it.
SHORT_SECONDS = 30.0
SHORT_SAVE_SECONDS = 0.3
BUDGET_SHARE = 0.018
SMALL_BATCH_GAIN = 0.6
VALIDATED = 2  # batches of a validation


@dataclass(frozen=True)
class Probe:
    """What was measured. None is what was not.

    Attributes:
        seconds_per_batch: One training batch with its loading, while nobody else uses the cores; on several GPUs of the
            whole batch, measured on the first with its share, without what their synchronisation costs.
        seconds_per_batch_without_mosaic: The same in the last epochs, whose mosaic is closed.
        batches_per_epoch: Training batches an epoch.
        images: Training images.
        batch: Images a batch; of one GPU's share where there are several.
        measured_images: Images of the batches that were timed; fewer than `batch` where it would take too long.
        validation_seconds_per_batch: One validation batch with its loading and loss; None when there was no time left,
            or the training is short.
        validation_batches: Validation batches an epoch.
        save_seconds: Writing the two checkpoints of an epoch; what that usually takes where the training is short.
        checkpoint_bytes: Size of a checkpoint with its optimizer.
        parameters: Number of the model's weights.
        peak_memory_bytes: Most memory of a GPU that was reserved; None on a CPU.
        free_memory_bytes: Memory of that GPU that was free before; None on a CPU.
        reduced_batch: The batch to which Ultralytics halved it because the GPU's memory ran out; None when it did not.
        spent_seconds: What the probe itself took.
        slowed: How many times as long the batches took in fact, as other processes used the cores; the seconds above
            are reckoned from CPU time then. None when nothing disturbed them.
    """

    seconds_per_batch: float
    seconds_per_batch_without_mosaic: float
    batches_per_epoch: int
    images: int
    batch: int
    measured_images: int
    validation_seconds_per_batch: float | None
    validation_batches: int
    save_seconds: float
    checkpoint_bytes: int
    parameters: int
    peak_memory_bytes: int | None
    free_memory_bytes: int | None
    reduced_batch: int | None
    spent_seconds: float
    slowed: float | None = None


class _Enough(BaseException):
    """Ends the training loop of a probe; no handler of exceptions on the way may take it for an error."""


def measure_training(
    request: TrainRequest,
    batches: int = 4,
    limit_seconds: float = 30.0,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Probe:
    """Time a few real training batches and a validation batch, in a scratch folder that is removed.

    It ends after `batches` timed batches, or when its time is up: 5 s, or 2 % of what it foresees for the training, and
    never more than `limit_seconds` (one unit of work may end a little later). Of a training that takes less than half a
    minute it times one batch, on a CPU of two images, and neither validation nor checkpoints. On a CPU, where even one
    batch can take minutes, it begins with a batch of two images and then times batches as large as the time allows;
    from two sizes the whole batch follows by a straight line.

    The training that follows is the same as without the probe, bit by bit: random generators and flags are put back,
    the user's data is guarded, no tracker hears of it.

    Args:
        request: The training as it would be started; its folder is not touched.
        batches: Batches that are timed at most.
        limit_seconds: Seconds that it may take, its own set-up included.
        progress: Told how many batches are done, and how many there will be if the time allows.

    Raises:
        InputError: As `train`.
        JobError: The training fails already in its first batches.
    """
    from yololab.ultralytics_adapter.isolation.devices import resolve_device
    from yololab.ultralytics_adapter.isolation.randomness import preserved_randomness
    from yololab.ultralytics_adapter.training.trainers import trainer_for

    overrides = request.overrides()
    import_early(request.model)
    import torch

    device = resolve_device(overrides.get("device"))
    trainer_class = _probing(trainer_for(request.model.task, request.model.family))
    started = time.perf_counter()
    with preserved_randomness(), scratch_folder(runtime.current().cache, "probe") as folder:
        # caching the images would take longer than all batches
        share = {"device": device.id.split(",")[0], "plots": False, "save_dir": str(folder), "cache": False}
        if device.count > 1 and isinstance(overrides.get("batch"), int) and overrides["batch"] > 0:
            share["batch"] = max(1, overrides["batch"] // device.count)
        probed = replace(request, save_dir=folder)
        trainer = build_trainer(probed, {**overrides, **share}, folder / "stop", trainer_class)
        trainer.plan = _Plan(started, batches, limit_seconds, device.count, progress=progress)
        if trainer.device.type == "cuda":
            trainer.free_memory = torch.cuda.mem_get_info(trainer.device)[0]
        try:
            with contextlib.suppress(_Enough):
                trainer.train()
            result = trainer.measurements()
        except YololabError:
            raise
        except Exception as error:
            found = f"{type(error).__name__}: {first_line(error)}"
            raise JobError(f"training fails in its first batches: {found}") from error
        finally:
            trainer.close_loaders()
            trainer._clear_memory()
            del trainer
            gc.collect()
    return replace(result, spent_seconds=time.perf_counter() - started)


@dataclass
class _Plan:
    """How long a probe may take.

    Attributes:
        started: When it began.
        batches: Batches that are timed at most.
        limit_seconds: The most that it may take.
        gpus: Among how many an epoch's batches are shared.
        budget: What it may take, as far as it knows by now.
        short: Whether the training is so short that one batch tells enough.
        progress: Told how many batches are done, and how many there will be.
        done: How many are done.
        expected: How many there will be if the time allows.
    """

    started: float = 0.0
    batches: int = 4
    limit_seconds: float = 30.0
    gpus: int = 1
    budget: float = LEAST_BUDGET_SECONDS
    short: bool = False
    progress: Callable[[int, int], None] = lambda done, total: None
    done: int = 0
    expected: int = 0

    def foresee(self, training_seconds: float) -> None:
        """Set the budget, now that the length of the training can be guessed."""
        self.budget = min(self.limit_seconds, max(LEAST_BUDGET_SECONDS, BUDGET_SHARE * training_seconds))
        self.short = training_seconds < SHORT_SECONDS

    @property
    def enough(self) -> int:
        """How many timed batches of the last size are enough."""
        return 1 if self.short else self.batches

    def batch_done(self) -> None:
        """Count a batch."""
        self.done += 1
        self.progress(self.done, max(self.done, self.expected))

    @property
    def over(self) -> bool:
        """Whether it has taken all that it may ever take."""
        return time.perf_counter() - self.started > self.limit_seconds

    @property
    def left(self) -> float:
        """Seconds that remain."""
        return self.started + min(self.budget, self.limit_seconds) - time.perf_counter()


def import_early(model: ResolvedModel | None = None) -> None:
    """Import what a training imports on its way: it takes seconds, once a process, and is no cost of the probe.

    Args:
        model: What will be trained; None for whatever comes, its plots included, in processes that are forked from
            this one: what starts threads is left to them.

    Raises:
        InputError: Such a model cannot be trained.
    """
    from yololab.ultralytics_adapter.isolation.randomness import preserved_randomness
    from yololab.ultralytics_adapter.training.trainers import trainer_for

    runtime.activate()  # before the imports: it says where they may write
    with importing():
        import matplotlib.font_manager
        import torch

        if model is not None:
            trainer_for(model.task, model.family)
        else:
            import matplotlib.pyplot  # noqa: F401
            import torchvision  # noqa: F401
        with preserved_randomness():
            torch.use_deterministic_algorithms(torch.are_deterministic_algorithms_enabled())


def _probing(trainer_class: type[Any]) -> type[Any]:
    """Return a trainer that times its first batches and ends; not named *Trainer, so that no tracker hears of it."""
    return type("TrainingProbe", (_ProbeMixin, trainer_class), {})


class _ProbeMixin(_Base):
    """Times batches; put it before a trainer of ours."""

    plan = _Plan()
    free_memory: int | None = None
    _validation: float | None = None
    _save, _checkpoint_bytes = 0.0, 0

    def run_callbacks(self, event: str) -> None:
        """Take the time after each batch; nobody else hears of a probe."""
        if event == "on_train_start":
            self._begin()
        elif event == "on_train_batch_end":
            self._batch_done()

    def _begin(self) -> None:
        """Note that a batch begins, as soon as the device has done all its work."""
        self._now()
        self._pace.begin()

    def _end_batch(self) -> tuple[float, float]:
        """Return the seconds of the batch that has just been done, and those that it would have taken undisturbed."""
        self._now()
        return self._pace.end()

    def _now(self) -> float:
        """Return the time when the device has done all its work."""
        if self.device.type == "cuda":
            import torch

            torch.cuda.synchronize(self.device)
        return time.perf_counter()

    def _build_train_pipeline(self) -> None:
        """Put batches of a chosen size in the loader's place; anew when memory ran out and they got smaller."""
        super()._build_train_pipeline()
        loader: Any = self.train_loader
        self._batches = ProbeBatches(loader)
        self._steps = math.ceil(len(loader) / max(self.plan.gpus, 1))
        self._pace = Pace(self.device.type == "cpu", self.compute.count)
        before = 2 if self._batches.size < self._batches.whole else 0
        self.plan.expected = self.plan.done + before + 1 + self.plan.batches + VALIDATED
        self.train_loader: Any = self._batches

    def _batch_done(self) -> None:
        """Note a batch; choose the size of the next one, or end."""
        size, whole = self._batches.given, self._batches.whole
        times = self._pace.add(size, self._end_batch())
        self.plan.batch_done()
        # a small batch uses the cores badly: a whole one takes less than in proportion
        seconds = times[-1] * (1.0 if size == whole else SMALL_BATCH_GAIN * whole / size)
        self.plan.foresee(self.epochs * self._steps * seconds)
        timed = len(times) - 1  # the first of a size chooses algorithms and fills caches
        if self.plan.over:
            self._end()
        elif size < whole and timed < 1:
            pass
        elif size < whole and self.plan.short:
            self._end()
        elif size < whole and len(self._pace.times) == 1:
            # two batches of this size, and two of a validation, which take about a third of that, are to fit in
            fitting = int(self.plan.left / (2.7 * times[-1] / size))
            if fitting <= size:
                self._end()
            self._batches.size = min(fitting, whole)
        elif timed >= self.plan.enough or (timed >= 1 and self.plan.left < 1.7 * times[-1]) or self.plan.left < 0:
            self._end()
        self._begin()

    def _end(self) -> None:
        """Time what happens once an epoch, a validation and the writing of its checkpoints, and stop."""
        if self.plan.short:
            self._save, self._checkpoint_bytes = SHORT_SAVE_SECONDS, self._reckoned_bytes()
            self.plan.progress(self.plan.done, self.plan.done)
            raise _Enough
        self._time_validation()
        begin = self._now()
        self.best_fitness = self.fitness = 0.0
        super().save_model()
        self._save, self._checkpoint_bytes = self._now() - begin, self.last.stat().st_size
        raise _Enough

    def _reckoned_bytes(self) -> int:
        """Return about how large a checkpoint is: weights, their average in full and in half, and the optimizer."""
        tensors = [item for state in self.optimizer.state.values() for item in state.values()]
        kept = sum(item.nbytes for item in tensors if hasattr(item, "nbytes"))
        model: Any = self.model
        return kept + sum(item.numel() * 10 for item in model.parameters())

    def _time_validation(self) -> None:
        """Run the validator over two batches; the second is timed. Without time for that, two images tell."""
        batches = ProbeBatches(self.test_loader)
        per_image = min(min(times) / size for size, times in self._pace.times.items())
        fitting = int(self.plan.left / (0.4 * per_image))
        if fitting < 2 * FEWEST:
            return
        if batches.sizeable:
            batches.size = min(batches.whole, fitting // 2)
        batches.count = min(VALIDATED, len(self.test_loader))
        self.plan.expected = self.plan.done + batches.count
        times: list[float] = []

        def batch_done(_: Any) -> None:
            times.append(self._end_batch()[1])
            self.plan.batch_done()
            self._begin()

        self.validator.dataloader = batches
        self.validator.args.plots = False
        self.validator.callbacks = {"on_val_start": [lambda _: self._begin()], "on_val_batch_end": [batch_done]}
        self.validator(self)
        self._validation = times[-1] * batches.whole / batches.given

    def validate(self) -> Any:
        """Skip the validation after an epoch: a probe of few batches an epoch would validate again and again."""
        return self.metrics, 0.0

    def save_model(self) -> bool:
        """Save nothing after an epoch."""
        return False

    def save_metrics(self, metrics: Any) -> None:
        """Write no table of epochs."""

    def final_eval(self) -> None:
        """Strip nothing."""

    def plot_metrics(self) -> None:
        """Draw nothing."""

    def measurements(self) -> Probe:
        """Return what was measured."""
        import torch

        whole = self._batches.whole
        gain = SMALL_BATCH_GAIN if self.plan.short and max(self._pace.times) < whole else 1.0
        seconds = gain * self._pace.for_whole_batch(whole)
        cuda = self.device.type == "cuda"
        model: Any = self.model
        return Probe(
            seconds_per_batch=seconds,
            seconds_per_batch_without_mosaic=max(seconds - self._mosaic_seconds(), 0.1 * seconds),
            batches_per_epoch=self._steps,
            images=len(self.train_loader.dataset),
            batch=whole,
            measured_images=max(self._pace.times),
            validation_seconds_per_batch=self._validation,
            validation_batches=len(self.test_loader),
            save_seconds=self._save,
            checkpoint_bytes=self._checkpoint_bytes,
            parameters=sum(item.numel() for item in model.parameters()),
            peak_memory_bytes=torch.cuda.max_memory_reserved(self.device) if cuda else None,
            free_memory_bytes=self.free_memory,
            reduced_batch=self.batch_size if self.log.halvings else None,
            spent_seconds=0.0,
            slowed=self._pace.slowed(whole),
        )

    def _mosaic_seconds(self) -> float:
        """Return what mosaic adds to the loading of a batch, where loading is not done during the training."""
        batches = self._batches
        if not batches.sizeable or not self.args.close_mosaic or not self.args.mosaic or self.plan.left < 0:
            return 0.0
        with_mosaic = loading_seconds(batches.loader.dataset)
        self._close_dataloader_mosaic()
        return max(0.0, with_mosaic - loading_seconds(batches.loader.dataset)) * batches.whole
