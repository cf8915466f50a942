"""What a job will cost in time, disk and memory, from a few real batches of it."""

import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from yololab.config.schema import ExperimentConfig
from yololab.data.dataset.layout import split_images
from yololab.files.paths import RunFolder
from yololab.job.context import Context, Stage
from yololab.job.prepare import Prepared, needed_splits
from yololab.job.stages.check import Checked
from yololab.job.train_inputs import write_inputs
from yololab.terminal.screen import Screen
from yololab.text import counted, duration
from yololab.ultralytics_adapter.isolation.logs import ultralytics_log
from yololab.ultralytics_adapter.probe.timing import Probe, import_early, measure_training
from yololab.ultralytics_adapter.training.training import TrainRequest

# What a job takes next to its batches, on the machines that we measured: constants next to any real training.
START_SECONDS = 3.0
COLD_SECONDS = 2.5  # more, in a process that has trained nothing before
EVALUATION_SECONDS = 2.5
EXPORT_SECONDS = 5.0
PLOT_BYTES = 8_000_000
# A validation of an image takes about so much of what training on it takes; used when it was not measured.
VALIDATION_SHARE = 0.35
# Of the memory that is free: later batches can be larger than the first ones (more objects, other sizes).
MEMORY_SHARE = 0.9


@dataclass(frozen=True)
class Plan:
    """What a job will do, as far as it costs.

    Attributes:
        epochs: Epochs; early stopping only makes it shorter.
        closed_epochs: The last of them, without mosaic.
        validate: Whether each epoch is validated; without, only the last one is.
        save_period: Epochs between two further checkpoints; 0 for none.
        validation_images: Images of the validation split.
        evaluation_images: Images of the evaluated split.
        export: Whether the model is exported and tried.
        export_images: Images on which the mAP of checkpoint and export are measured.
    """

    epochs: int
    closed_epochs: int
    validate: bool
    save_period: int
    validation_images: int
    evaluation_images: int
    export: bool
    export_images: int


def plan_of(config: ExperimentConfig, images: Mapping[str, int], *, export: bool) -> Plan:
    """Return what a job will do.

    Args:
        config: The experiment.
        images: Images of each split.
        export: Whether the model is exported and tried.
    """
    train, split = config.train, config.evaluation.split.value
    evaluated = images.get(split, 0)
    wanted = config.verification.map_images
    epochs = train.epochs
    return Plan(
        epochs=epochs,
        closed_epochs=min(epochs, int(train.close_mosaic or 0)) if train.mosaic else 0,
        validate=train.val,
        save_period=max(0, train.save_period),
        validation_images=images.get("val", 0),
        evaluation_images=evaluated,
        export=export,
        export_images=evaluated if wanted is None else min(wanted, evaluated),
    )


@dataclass(frozen=True)
class Estimate:
    """The expected cost of a job.

    Attributes:
        seconds: The whole job from here on: training, evaluation, export.
        training_seconds: Training with its validations and checkpoints.
        evaluation_seconds: The evaluation.
        export_seconds: Export and its trial; 0 without.
        epochs: Epochs that were reckoned with: all of them, early stopping only makes it shorter.
        seconds_per_batch: One training step.
        batches_per_epoch: Training steps an epoch.
        seconds_per_validation_batch: One validation batch; None when it was not measured.
        measured_images: Images of the batches that were timed, of `batch`.
        batch: Images a batch.
        disk_bytes: What the run will leave on disk, and needs on its way.
        peak_memory_bytes: The GPU's memory at its peak; None on a CPU.
        free_memory_bytes: The GPU's memory that was free; None on a CPU.
        reduced_batch: The batch that the GPU's memory holds, when it does not hold the one asked for.
        probe_seconds: What the estimate itself took.
    """

    seconds: float
    training_seconds: float
    evaluation_seconds: float
    export_seconds: float
    epochs: int
    seconds_per_batch: float
    batches_per_epoch: int
    seconds_per_validation_batch: float | None
    measured_images: int
    batch: int
    disk_bytes: int
    peak_memory_bytes: int | None
    free_memory_bytes: int | None
    reduced_batch: int | None
    probe_seconds: float

    def to_json(self) -> dict[str, Any]:
        """Return the estimate as it stands in the record."""
        return asdict(self) | {"actual_seconds": None}


@dataclass(frozen=True)
class Loaded:
    """PyTorch and Ultralytics are imported."""


@dataclass(frozen=True)
class Estimated:
    """What the run will cost.

    Attributes:
        estimate: The estimate; None in a trial, whose sweep has made it, and once the training has begun.
    """

    estimate: Estimate | None


def load(checked: Checked) -> Loaded:
    """Import PyTorch and Ultralytics: seconds that the training would take, told apart from what the estimate costs."""
    import_early(checked.inputs.request.model)
    return Loaded()


def run(context: Context, checked: Checked) -> Estimated:
    """Time a few real batches and say what the run will cost; a trial takes what its sweep has estimated."""
    if context.trial is not None:
        return Estimated(None)
    probe = _measure(context.config, checked.inputs.request, context.screen)
    plan = plan_of(context.config, checked.images, export=context.config.export.format is not None)
    estimate = estimate_cost(probe, plan)
    free = shutil.disk_usage(context.folder.path).free
    warnings = shortages(estimate, free, int(probe.batch))
    context.record.update(estimate=estimate.to_json() | {"free_disk_bytes": free, "warnings": warnings})
    show_estimate(context.screen, estimate, warnings)
    return Estimated(estimate)


def done(context: Context) -> Estimated | None:
    """Whether the training has begun: it was estimated, and agreed to, before."""
    started = context.folder.training.is_file() or context.folder.holds_a_run()
    return Estimated(None) if started else None


def loaded(context: Context) -> Loaded | None:
    """Whether there is nothing to estimate: what is left imports what it needs."""
    return Loaded() if done(context) else None


LOAD = Stage("load", load, loaded)
STAGE = Stage("estimate", run, done)


def probe_experiment(config: ExperimentConfig, prepared: Prepared, screen: Screen) -> Probe:
    """Time a few real batches of an experiment before there is a run; nothing is left behind."""
    with tempfile.TemporaryDirectory() as scratch:
        return _measure(config, write_inputs(config, prepared, RunFolder(Path(scratch))).request, screen)


def _measure(config: ExperimentConfig, request: TrainRequest, screen: Screen) -> Probe:
    settings = config.estimate
    with ultralytics_log(screen.line_of_ultralytics):
        return measure_training(request, batches=settings.batches, limit_seconds=settings.limit_seconds)


def estimate_from(
    probe: Probe, config: ExperimentConfig, prepared: Prepared, *, export: bool, warm: bool = True
) -> Estimate:
    """Extrapolate a probe to an experiment that is no run yet.

    Args:
        probe: What was measured, for the same model, data, image size, batch and device.
        config: The experiment.
        prepared: Its dataset and model.
        export: Whether the model will be exported.
        warm: Whether the process that trains is this one.
    """
    images = {split: len(split_images(prepared.dataset, split)) for split in needed_splits(config)}
    return estimate_cost(probe, plan_of(config, images, export=export), warm=warm)


def estimate_cost(probe: Probe, plan: Plan, *, warm: bool = True) -> Estimate:
    """Extrapolate a probe to the whole job.

    With b batches an epoch of s seconds (s' in the c epochs without mosaic), v validation batches of w seconds, k
    seconds a checkpoint and E epochs, training takes `(E - c)·b·s + c·b·s' + E·(v·w + k)` on top of its start; the
    evaluation takes the time of a validation an image, and so do both sides of the export's mAP.

    Args:
        probe: What was measured.
        plan: What the job will do.
        warm: Whether the process that trains is the one that was measured in.
    """
    images = max(plan.validation_images, 1)
    validation_batch = probe.validation_seconds_per_batch
    if validation_batch is None:
        per_image = VALIDATION_SHARE * probe.seconds_per_batch / max(probe.batch, 1)
        validation = per_image * images
    else:
        validation = probe.validation_batches * validation_batch
    open_epochs = plan.epochs - plan.closed_epochs
    steps = open_epochs * probe.seconds_per_batch + plan.closed_epochs * probe.seconds_per_batch_without_mosaic
    training = START_SECONDS + (0.0 if warm else COLD_SECONDS) + probe.batches_per_epoch * steps
    training += plan.epochs * probe.save_seconds + (plan.epochs if plan.validate else 1) * validation
    evaluation = EVALUATION_SECONDS + validation * plan.evaluation_images / images
    export = EXPORT_SECONDS + 2 * validation * plan.export_images / images if plan.export else 0.0
    return Estimate(
        seconds=training + evaluation + export,
        training_seconds=training,
        evaluation_seconds=evaluation,
        export_seconds=export,
        epochs=plan.epochs,
        seconds_per_batch=probe.seconds_per_batch,
        batches_per_epoch=probe.batches_per_epoch,
        seconds_per_validation_batch=validation_batch,
        measured_images=probe.measured_images,
        batch=probe.batch,
        disk_bytes=_disk(probe, plan),
        peak_memory_bytes=probe.peak_memory_bytes,
        free_memory_bytes=probe.free_memory_bytes,
        reduced_batch=probe.reduced_batch,
        probe_seconds=probe.spent_seconds,
    )


def _disk(probe: Probe, plan: Plan) -> int:
    """Return the bytes of best.pt, last.pt and those saved on the way, of an export in full precision, and of plots."""
    saved = 2 + (plan.epochs // plan.save_period if plan.save_period else 0)
    return saved * probe.checkpoint_bytes + (4 * probe.parameters if plan.export else 0) + PLOT_BYTES


def shortages(estimate: Estimate, free_disk: int, batch: int, trials: int = 1) -> list[str]:
    """Return what there will be too little of, one sentence each.

    Args:
        estimate: The estimate of a job.
        free_disk: Bytes that are free where it writes.
        batch: Images a batch.
        trials: Jobs like this one that write to the same place.
    """
    found = []
    if estimate.disk_bytes * trials > free_disk:
        need = f"{estimate.disk_bytes * trials / 2**30:.1f} GiB"
        found.append(f"the disk has {free_disk / 2**30:.1f} GiB free, {need} will be written: paths.root=… moves it")
    if estimate.reduced_batch is not None:
        found.append(
            f"the GPU's memory does not hold batch={batch}: Ultralytics would train with {estimate.reduced_batch}; "
            f"pass batch={estimate.reduced_batch}, or a smaller imgsz"
        )
    peak, free = estimate.peak_memory_bytes, estimate.free_memory_bytes
    if peak is not None and free is not None and peak > MEMORY_SHARE * free:
        found.append(
            f"the first batches took {peak / 2**30:.1f} of {free / 2**30:.1f} GiB of free GPU memory: a later one may "
            "not fit; a smaller batch or imgsz leaves room"
        )
    return found


def show_estimate(screen: Screen, estimate: Estimate, warnings: list[str], trials: str = "") -> None:
    """Print an estimate.

    Args:
        screen: Where to print.
        estimate: The estimate.
        warnings: What there will be too little of.
        trials: What to say of a sweep.
    """
    screen.stage(
        "estimate",
        f"{duration(estimate.seconds)} at most ({counted(estimate.epochs, 'epoch')} of "
        f"{counted(estimate.batches_per_epoch, 'batch', 'batches')}, "
        f"{estimate.seconds_per_batch:.3g} s each){trials}; about {estimate.disk_bytes / 2**20:.0f} MiB on disk",
    )
    if estimate.measured_images < estimate.batch:
        screen.detail(
            f"reckoned from batches of {estimate.measured_images} images instead of {estimate.batch}: a rough figure"
        )
    if estimate.peak_memory_bytes is not None:
        screen.detail(f"GPU memory at its peak: {estimate.peak_memory_bytes / 2**30:.1f} GiB")
    for warning in warnings:
        screen.warn(warning)
