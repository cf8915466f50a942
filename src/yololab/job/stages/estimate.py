"""What a job will cost in time, disk and memory, from a few real batches of it."""

import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from yololab.config.measuring.export import CALIBRATED, on_split, reduced_precision
from yololab.config.schema import ExperimentConfig
from yololab.data.dataset.layout import split_images
from yololab.files.paths import RunFolder
from yololab.job.context import Context, Stage
from yololab.job.prepare import Prepared, needed_splits
from yololab.job.stages.check import Checked
from yololab.job.train_inputs import planned_pace, write_inputs
from yololab.terminal.screen import Screen
from yololab.text import counted, duration
from yololab.ultralytics_adapter.isolation.logs import ultralytics_log
from yololab.ultralytics_adapter.probe.timing import Probe, import_early, measure_training
from yololab.ultralytics_adapter.training.pace.plan import is_validated, step_costs
from yololab.ultralytics_adapter.training.training import TrainRequest

DOING = "timing a few real batches"
# What a job takes next to its batches, on the machines that we measured: constants next to any real training.
START_SECONDS = 3.0
COLD_SECONDS = 2.5  # more, in a process that has trained nothing before
EVALUATION_SECONDS = 2.5
EXPORT_SECONDS = 5.0
STRIDE = 32  # px, of every model but the very large: what it rounds the sizes of images to
PLOT_BYTES = 8_000_000
# A validation of an image takes about so much of what training on it takes; used when it was not measured.
VALIDATION_SHARE = 0.35
# Of the memory that is free: later batches can be larger than the first ones (more objects, other sizes).
MEMORY_SHARE = 0.9
# Key of the record → what the probe calls it.
RECORDED_OF_PROBE = {
    "seconds_per_batch": "seconds_per_batch",
    "batches_per_epoch": "batches_per_epoch",
    "seconds_per_validation_batch": "validation_seconds_per_batch",
    "measured_images": "measured_images",
    "batch": "batch",
    "peak_memory_bytes": "peak_memory_bytes",
    "free_memory_bytes": "free_memory_bytes",
    "reduced_batch": "reduced_batch",
    "probe_seconds": "spent_seconds",
    "slowed": "slowed",
}


@dataclass(frozen=True)
class Estimate:
    """The expected cost of a job.

    Attributes:
        training_seconds: Training with its validations and checkpoints.
        evaluation_seconds: The evaluation.
        export_seconds: Export and its trial; 0 without.
        epochs: Epochs that were reckoned with: all of them, early stopping only makes it shorter.
        disk_bytes: What the run will leave on disk, and needs on its way.
        probe: What was measured.
    """

    training_seconds: float
    evaluation_seconds: float
    export_seconds: float
    epochs: int
    disk_bytes: int
    probe: Probe

    @property
    def seconds(self) -> float:
        """The whole job from here on: training, evaluation, export."""
        return self.training_seconds + self.evaluation_seconds + self.export_seconds

    def to_json(self) -> dict[str, Any]:
        """Return the estimate as it stands in the record."""
        own = {name: value for name, value in vars(self).items() if name != "probe"}
        measured = {key: getattr(self.probe, name) for key, name in RECORDED_OF_PROBE.items()}
        return {"seconds": self.seconds, **own, **measured, "actual_seconds": None}


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
    export = context.config.export.format is not None
    estimate = estimate_cost(probe, context.config, checked.images, export=export)
    free = shutil.disk_usage(context.folder.path).free
    warnings = shortages(estimate, free)
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


LOAD = Stage("load", load, loaded, doing="importing PyTorch")
STAGE = Stage("estimate", run, done, doing=DOING)


def probe_experiment(config: ExperimentConfig, prepared: Prepared, screen: Screen, doing: str = DOING) -> Probe:
    """Time a few real batches of an experiment before there is a run; nothing is left behind."""
    with tempfile.TemporaryDirectory() as scratch:
        request = write_inputs(config, prepared, RunFolder(Path(scratch))).request
        with screen.working("load", LOAD.doing):
            import_early(request.model)
        return _measure(config, request, screen, doing)


def _measure(config: ExperimentConfig, request: TrainRequest, screen: Screen, doing: str = DOING) -> Probe:
    settings = config.estimate
    with ultralytics_log(screen.line_of_ultralytics), screen.counting("estimate", "batches", doing) as progress:
        return measure_training(request, settings.batches, settings.limit_seconds, progress)


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
    return estimate_cost(probe, config, images, export=export, warm=warm)


def estimate_cost(
    probe: Probe, config: ExperimentConfig, images: Mapping[str, int], *, export: bool, warm: bool = True
) -> Estimate:
    """Extrapolate a probe to the whole job.

    With b batches an epoch of s seconds (s' in the c epochs without mosaic), v validation batches of w seconds, k
    seconds a checkpoint and E epochs, training takes `(E - c)·b·s + c·b·s' + E·(v·w + k)` on top of its start; the
    evaluation takes the time of a validation an image, and so do both sides of the export's mAP; an image that INT8 is
    calibrated on takes twice that. With `speed` an epoch of smaller images costs as much less as they have fewer
    pixels, and only epochs that are validated count as such.

    Args:
        probe: What was measured.
        config: The experiment.
        images: Images of each split.
        export: Whether the model is exported and tried.
        warm: Whether the process that trains is the one that was measured in.
    """
    train, epochs = config.train, config.train.epochs
    validated, evaluated = max(images.get("val", 0), 1), images.get(config.evaluation.split.value, 0)
    if probe.validation_seconds_per_batch is None:
        validation = VALIDATION_SHARE * probe.seconds_per_batch / max(probe.batch, 1) * validated
    else:
        validation = probe.validation_batches * probe.validation_seconds_per_batch
    closed = min(epochs, int(train.close_mosaic or 0)) if train.mosaic else 0
    pace = planned_pace(config)
    costs = step_costs(pace, epochs, int(train.imgsz), STRIDE)
    count = sum(is_validated(pace, epoch, epochs) for epoch in range(epochs))
    steps = sum(costs[: epochs - closed]) * probe.seconds_per_batch
    steps += sum(costs[epochs - closed :]) * probe.seconds_per_batch_without_mosaic
    training = START_SECONDS + (0.0 if warm else COLD_SECONDS) + probe.batches_per_epoch * steps
    training += epochs * probe.save_seconds + (count if train.val else 1) * validation
    wanted = config.verification.map_images
    calibrated = 0
    if reduced_precision(config.export, train.quantize) in CALIBRATED:
        calibrated = min(config.export.calibration_images, images.get("train", 0))
    whole = wanted is None or on_split(config.export, train.quantize)
    tried = evaluated if whole else min(wanted or 0, evaluated)
    # best.pt, last.pt and those saved on the way, an export in full precision, plots
    saved = 2 + (epochs // train.save_period if train.save_period > 0 else 0)
    disk = saved * probe.checkpoint_bytes + (4 * probe.parameters if export else 0) + PLOT_BYTES
    return Estimate(
        training,
        EVALUATION_SECONDS + validation * evaluated / validated,
        EXPORT_SECONDS + 2 * validation * (tried + calibrated) / validated if export else 0.0,
        epochs,
        disk,
        probe,
    )


def as_busy(estimate: Estimate) -> float:
    """Return the seconds of the job if others go on using the cores as much as they did during the probe."""
    return estimate.seconds * (estimate.probe.slowed or 1.0)


def shortages(estimate: Estimate, free_disk: int) -> list[str]:
    """Return what there will be too little of, one sentence each.

    Args:
        estimate: The estimate of a job.
        free_disk: Bytes that are free where it writes.
    """
    found, probe = [], estimate.probe
    if estimate.disk_bytes > free_disk:
        need = f"{estimate.disk_bytes / 2**30:.1f} GiB"
        found.append(f"the disk has {free_disk / 2**30:.1f} GiB free, {need} will be written: paths.root=… moves it")
    if probe.reduced_batch is not None:
        found.append(
            f"the GPU's memory does not hold batch={probe.batch}: Ultralytics would train with {probe.reduced_batch}; "
            f"pass batch={probe.reduced_batch}, or a smaller imgsz"
        )
    peak, free = probe.peak_memory_bytes, probe.free_memory_bytes
    if peak is not None and free is not None and peak > MEMORY_SHARE * free:
        found.append(
            f"the first batches took {peak / 2**30:.1f} of {free / 2**30:.1f} GiB of free GPU memory: a later one may "
            "not fit; a smaller batch or imgsz leaves room"
        )
    return found


def show_estimate(screen: Screen, estimate: Estimate, warnings: list[str]) -> None:
    """Print an estimate, and what there will be too little of."""
    probe = estimate.probe
    batches = counted(probe.batches_per_epoch, "batch", "batches")
    each = f"{counted(estimate.epochs, 'epoch')} of {batches}, {probe.seconds_per_batch:.3g} s each"
    disk = f"about {estimate.disk_bytes / 2**20:.0f} MiB on disk"
    screen.stage("estimate", f"{duration(estimate.seconds)} at most ({each}); {disk}")
    if probe.measured_images < probe.batch:
        screen.detail(
            f"reckoned from batches of {probe.measured_images} images instead of {probe.batch}: a rough figure"
        )
    if probe.slowed is not None:
        busy = f"other processes use the cores: the batches took {probe.slowed:.2g} times as long as on free ones"
        screen.detail(f"{busy}, for which the estimate is; beside them it can take {duration(as_busy(estimate))}")
    if probe.peak_memory_bytes is not None:
        screen.detail(f"GPU memory at its peak: {probe.peak_memory_bytes / 2**30:.1f} GiB")
    for warning in warnings:
        screen.warn(warning)
