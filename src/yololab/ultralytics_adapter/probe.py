"""What a training would cost, from a few real batches of it on the real device; nothing of them remains."""

from __future__ import annotations

import gc
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from yololab.errors import JobError, YololabError
from yololab.ultralytics_adapter.logs import plain_lines
from yololab.ultralytics_adapter.training import TrainRequest, build_trainer

if TYPE_CHECKING:
    from yololab.ultralytics_adapter.trainer import TrainerMixin as _Base
else:
    _Base = object


@dataclass(frozen=True)
class Probe:
    """What was measured. None is what was not.

    Attributes:
        seconds_per_batch: One training batch with its loading; on several GPUs of the whole batch, measured on the
            first with its share, without what their synchronisation costs.
        batches_per_epoch: Training batches an epoch.
        images: Training images.
        validation_seconds_per_batch: One validation batch with its loading and loss; None when there was no time left.
        validation_batches: Validation batches an epoch.
        measured_batches: How many batches the time rests on.
        peak_memory_bytes: Most memory of a GPU that was reserved; None on a CPU.
        spent_seconds: What the probe itself took.
    """

    seconds_per_batch: float
    batches_per_epoch: int
    images: int
    validation_seconds_per_batch: float | None
    validation_batches: int
    measured_batches: int
    peak_memory_bytes: int | None
    spent_seconds: float


class _Enough(BaseException):
    """Ends the training loop of a probe; no handler of exceptions on the way may take it for an error."""


class _FirstBatches:
    """A loader that ends after a few batches and is otherwise the loader itself."""

    def __init__(self, loader: Any, count: int) -> None:
        self.loader = loader
        self.count = min(count, len(loader))

    def __getattr__(self, name: str) -> Any:
        return getattr(self.loader, name)

    def __len__(self) -> int:
        return self.count

    def __iter__(self) -> Iterator[Any]:
        for _, batch in zip(range(self.count), self.loader, strict=False):
            yield batch


def measure_training(request: TrainRequest, batches: int = 4, warmup: int = 2, limit_seconds: float = 30.0) -> Probe:
    """Time a few real training batches and validation batches, in a scratch folder that is removed.

    The training that follows is the same as without the probe, bit by bit: random generators and flags are put back,
    the user's data is guarded, no tracker is told.

    Args:
        request: The training as it would be started; its folder is not touched.
        batches: Batches that are timed.
        warmup: Batches before them that are not: the first ones choose algorithms and fill caches.
        limit_seconds: When the batches take longer than this, the probe ends with those it has, at least one.

    Raises:
        InputError: As `train`.
        JobError: The training fails already in its first batches.
    """
    from yololab.ultralytics_adapter import runtime
    from yololab.ultralytics_adapter.devices import resolve_device
    from yololab.ultralytics_adapter.randomness import preserved_randomness
    from yololab.ultralytics_adapter.trainer import trainer_for

    started = time.perf_counter()
    overrides = request.overrides()
    runtime.activate()
    device = resolve_device(overrides.get("device"))
    request.cache.mkdir(parents=True, exist_ok=True)
    with preserved_randomness(), tempfile.TemporaryDirectory(prefix="probe-", dir=request.cache) as scratch:
        folder = Path(scratch)
        share = {"device": device.id.split(",")[0], "plots": False, "save_dir": str(folder)}
        if device.count > 1 and isinstance(overrides.get("batch"), int) and overrides["batch"] > 0:
            share["batch"] = max(1, overrides["batch"] // device.count)
        probed = replace(request, save_dir=folder)
        trainer_class = _probing(trainer_for(request.model.task, request.model.family))
        trainer = build_trainer(probed, {**overrides, **share}, folder / "stop", trainer_class)
        trainer.plan = (batches, warmup, limit_seconds)
        try:
            trainer.train()
        except _Enough:
            pass
        except YololabError:
            raise
        except Exception as error:
            line = next(iter(plain_lines(str(error))), "")
            raise JobError(f"training fails in its first batches: {type(error).__name__}: {line}") from error
        finally:
            result = trainer.measurements()
            trainer.release()
            del trainer
            gc.collect()
    return replace(result, spent_seconds=time.perf_counter() - started)


def _probing(trainer_class: type[Any]) -> type[Any]:
    """Return a trainer that times its first batches and then ends; not named *Trainer, so that no tracker is told."""
    return type("TrainingProbe", (_ProbeMixin, trainer_class), {})


class _ProbeMixin(_Base):
    """Times batches; put it before a trainer of ours."""

    plan: tuple[int, int, float] = (4, 2, 30.0)

    def run_callbacks(self, event: str) -> None:
        """Take the time after each batch; nobody else is told of a probe."""
        if event == "on_train_start":
            self._begin = self._last = self._now()
            self._durations: list[float] = []
        elif event == "on_train_batch_end":
            self._batch_done()

    def _now(self) -> float:
        """Return the time when the device has done all its work."""
        if self.device.type == "cuda":
            import torch

            torch.cuda.synchronize(self.device)
        return time.perf_counter()

    def _batch_done(self) -> None:
        """Note a batch, and end when there are enough."""
        now = self._now()
        self._durations.append(now - self._last)
        batches, warmup, limit = self.plan
        late = now - self._begin > limit
        if late or len(self._durations) >= batches + warmup:
            if not late:
                self._time_validation()
            raise _Enough
        self._last = self._now()

    def _time_validation(self) -> None:
        """Run the validator over its first two batches; the second is the one that is timed, where there are two."""
        times: list[float] = []
        self.validator.dataloader = _FirstBatches(self.test_loader, 2)
        self.validator.args.plots = False
        self.validator.callbacks = {"on_val_start": [lambda _: times.append(self._now())]} | {
            "on_val_batch_end": [lambda _: times.append(self._now())]
        }
        self.validator(self)
        self._validation = times[-1] - times[-2]

    def validate(self) -> Any:
        """Skip the validation after an epoch: a probe of few batches an epoch would validate again and again."""
        return self.metrics, 0.0

    def save_model(self) -> bool:
        """Save nothing."""
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

        durations = getattr(self, "_durations", [])
        timed = durations[self.plan[1] :] or durations[-1:]
        cuda = self.device.type == "cuda"
        return Probe(
            seconds_per_batch=sum(timed) / len(timed) if timed else 0.0,
            batches_per_epoch=len(self.train_loader) if durations else 0,
            images=len(self.train_loader.dataset) if durations else 0,
            validation_seconds_per_batch=getattr(self, "_validation", None),
            validation_batches=len(self.test_loader) if durations else 0,
            measured_batches=len(timed),
            peak_memory_bytes=torch.cuda.max_memory_reserved(self.device) if cuda else None,
            spent_seconds=0.0,
        )

    def release(self) -> None:
        """End the loaders' processes and give back the device's memory."""
        import torch

        for name in ("train_loader", "test_loader"):
            loader = getattr(self, name, None)
            if loader is not None:
                loader.close()
        if self.device.type == "cuda":
            torch.cuda.empty_cache()
