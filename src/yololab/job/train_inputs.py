"""What the trainer is given: its data.yaml, lists of images and arguments; for a dry run those of one batch."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from yololab.comparison.selection.metric_names import FITNESS, default_direction
from yololab.config.checkpoint import CheckpointConfig, Select
from yololab.config.schema import DryRun, ExperimentConfig
from yololab.config.search import Pruner
from yololab.config.validation import training_arguments
from yololab.data.dataset.layout import Dataset, split_images
from yololab.data.dataset.resolved_yaml import write_resolved_yaml
from yololab.data.identity.stratified import stratified_subset
from yololab.data.labels.task_labels import label_source
from yololab.files.atomic import write_text
from yololab.files.paths import RunFolder
from yololab.job.prepare import Prepared, needed_splits
from yololab.ultralytics_adapter.training.pace.plan import EXACT, Pace, pace_for
from yololab.ultralytics_adapter.training.selection import SelectionRule
from yololab.ultralytics_adapter.training.training import TrainRequest

OVERFIT_EPOCHS = 60
# Images of a dry run when the batch size is left to Ultralytics.
_DEFAULT_BATCH = 16
# Everything that changes a batch from one epoch to the next, off.
_AUGMENTATIONS = (
    *("mosaic", "mixup", "cutmix", "copy_paste", "hsv_h", "hsv_s", "hsv_v", "degrees", "translate", "scale", "shear"),
    *("perspective", "flipud", "fliplr", "bgr", "erasing", "multi_scale"),
)


@dataclass(frozen=True)
class TrainInputs:
    """What a training is given.

    Attributes:
        data_yaml: The data.yaml that Ultralytics is given.
        request: What the whole training asks for.
        rehearsal: What a dry run asks for instead; None for the whole training.
        rehearsed_images: Images of the dry run's batch; 0 without one.
    """

    data_yaml: Path
    request: TrainRequest
    rehearsal: TrainRequest | None = None
    rehearsed_images: int = 0


def drawn_images(dataset: Dataset, split: str, task: str, amount: float, seed: int) -> list[Path]:
    """Draw a part of a split's images, every class in proportion.

    Args:
        dataset: The dataset.
        split: The split.
        task: What it is used for.
        amount: A ratio in (0, 1], or a number of images above 1.
        seed: The seed of the draw.
    """
    return drawn_from(split_images(dataset, split), dataset, task, amount, seed)


def drawn_from(images: Sequence[Path], dataset: Dataset, task: str, amount: float, seed: int) -> list[Path]:
    """Draw some of these images of a dataset, every class in proportion; see `drawn_images`."""
    labels = label_source(dataset, task)
    classes = [frozenset(labels.read(image, None, None).amounts) for image in images]
    return [images[index] for index in stratified_subset(classes, amount, seed)]


def write_inputs(config: ExperimentConfig, prepared: Prepared, folder: RunFolder) -> TrainInputs:
    """Write the data.yaml and the lists of images into a run's folder; for a dry run also the small ones.

    Args:
        config: The experiment.
        prepared: Its dataset and model.
        folder: The run's folder, or a scratch folder that stands for one.
    """
    dataset, lists = prepared.dataset, {}
    if config.data.subset is not None:
        lists["train"] = folder.subset
        _write_list(folder.subset, _drawn(config, prepared, "train", config.data.subset))
    data = write_resolved_yaml(dataset, folder.data, config.data.allow_download, lists)
    arguments, rule = training_arguments(config), selection_rule(config.checkpoint, prepared.task.name)

    def request(arguments: Mapping[str, Any], data: Path, pace: Pace) -> TrainRequest:
        own = {**arguments, "data": str(data)}
        device = config.device
        return TrainRequest(own, prepared.model, folder.path, device.threads, device.precision, rule, pace)

    whole = request(arguments, data, planned_pace(config))
    if config.dry_run is DryRun.OFF:
        return TrainInputs(data, whole)
    overfit = config.dry_run is DryRun.OVERFIT
    batch = config.train.batch
    count = int(batch) if isinstance(batch, int) and batch > 0 else _DEFAULT_BATCH
    lists, drawn = {}, list[Path]()
    for split in needed_splits(config):
        if not (overfit and drawn):
            # one image is drawn as the whole split where there is no more
            amount = min(count, len(split_images(dataset, split)))
            drawn = _drawn(config, prepared, split, amount if amount > 1 else 1.0)[:count]
        lists[split] = folder.list_of(split)
        _write_list(lists[split], drawn)
    data = write_resolved_yaml(dataset, folder.dry_run_data, config.data.allow_download, lists)
    short = dry_run_arguments(arguments, overfit=overfit, batch=count)
    return TrainInputs(data, whole, request(short, data, EXACT), count)


def planned_pace(config: ExperimentConfig) -> Pace:
    """Return which parts of a training are made cheaper, as far as the config alone tells."""
    return pace_for(
        config.speed.value,
        timed=config.train.time is not None,
        compiled=bool(training_arguments(config)["compile"]),
        smoothed=config.checkpoint.select is Select.SMOOTHED,
        watched=config.search.pruner not in (Pruner.NONE, Pruner.WILCOXON),
    )


def selection_rule(checkpoint: CheckpointConfig, task: str) -> SelectionRule:
    """Return how best.pt is chosen."""
    metric = checkpoint.metric or FITNESS
    return SelectionRule(metric, default_direction(task, metric) == "minimize", checkpoint.select.value)


def dry_run_arguments(arguments: Mapping[str, Any], *, overfit: bool, batch: int) -> dict[str, Any]:
    """Return the train arguments of a dry run; what is not about its length stays as it was asked for.

    Args:
        arguments: The arguments of the whole training.
        overfit: Train on the batch until it should be learnt: no augmentation, no warm-up, a constant learning rate,
            one step an epoch.
        batch: Images of the batch.
    """
    short = {"epochs": 1, "time": None, "fraction": 1.0, "cache": False, "save_period": -1, "patience": 0}
    if not overfit:
        return {**arguments, **short}
    steady = {"epochs": OVERFIT_EPOCHS, "warmup_epochs": 0.0, "lrf": 1.0, "cos_lr": False, "nbs": batch, "batch": batch}
    plain = dict.fromkeys(_AUGMENTATIONS, 0.0) | {"auto_augment": None}
    still = {name: value for name, value in plain.items() if name in arguments}
    return {**arguments, **short, **still, **steady, "close_mosaic": 0, "dropout": 0.0, "weight_decay": 0.0}


def _drawn(config: ExperimentConfig, prepared: Prepared, split: str, amount: float) -> list[Path]:
    return drawn_images(prepared.dataset, split, prepared.task.name, amount, config.train.seed)


def _write_list(path: Path, images: list[Path]) -> None:
    write_text(path, "".join(f"{image}\n" for image in images))
