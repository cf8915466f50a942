"""Measuring a checkpoint under the pinned protocol: for a run, for `yololab evaluate`, for a baseline model."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from yololab.comparison.comparability import tie_warning, tied_range
from yololab.comparison.custom_metrics import CUSTOM, measure_custom
from yololab.comparison.groups import absolute_group
from yololab.comparison.slices.slices import Asked, absolute_slices, slices_of_an_evaluation
from yololab.comparison.thresholds.choosing import SETTING as THRESHOLD
from yololab.comparison.thresholds.choosing import thresholds_from, why_no_threshold, write_thresholds
from yololab.config.device import DeviceConfig
from yololab.config.measuring.evaluation import EvaluationConfig
from yololab.config.schema import ExperimentConfig
from yololab.config.train_arguments.arguments import TrainArguments
from yololab.data.checks.alike import alike_images
from yololab.data.dataset.layout import Dataset
from yololab.data.dataset.resolved_yaml import key_root
from yololab.data.identity.fingerprint import fingerprint_split
from yololab.errors import InputError
from yololab.files.atomic import copy_file
from yololab.files.json_files import parse_json, write_json
from yololab.files.metrics import ALIKE, METRICS_VERSION, SLICES, TIES, TIMING, MetricsFile, read_metrics
from yololab.files.paths import METRICS, PREDICTIONS, THRESHOLDS
from yololab.files.predictions import read_arrays, write_arrays
from yololab.job.prepare import Prepared
from yololab.statistics.inference.thresholds import F1
from yololab.statistics.records.arrays import to_arrays
from yololab.tasks import Task
from yololab.terminal.screen import Screen
from yololab.ultralytics_adapter.isolation.logs import ultralytics_log
from yololab.ultralytics_adapter.validation.evaluation import Evaluation, Protocol, evaluate


def make_protocol(config: EvaluationConfig, train: TrainArguments, task: Task) -> Protocol:
    """Return the protocol of a job's evaluation.

    Args:
        config: `evaluation.*`.
        train: The training's arguments: its image size where the protocol names none, and what it does to labels.
        task: The row of the model's task.
    """
    return Protocol(
        imgsz=config.imgsz or train.imgsz,
        batch=config.batch,
        conf=task.confidence if config.conf is None else config.conf,
        iou=config.iou,
        max_det=config.max_det,
        rect=config.rect,
        quantize=config.quantize,
        augment=config.augment,
        nms=config.nms,
        agnostic_nms=config.agnostic_nms,
        single_cls=train.single_cls,
        classes=None if train.class_ids is None else tuple(train.class_ids),
        split=config.split.value,
    )


@dataclass(frozen=True)
class Measurement:
    """On what, by what and where a checkpoint is measured.

    Attributes:
        dataset: The dataset.
        data_yaml: The resolved data.yaml for Ultralytics.
        task: The row of the model's task.
        protocol: The protocol.
        fingerprints: Content hash of each split.
        device: Device and threads.
        screen: Takes Ultralytics' lines.
        group: What names the group of an image, for comparisons; None where images are independent.
        alike: Bits of two perceptual hashes that may differ in images that look alike; None does not look for them.
        cache: Our cache folder, which knows the hashes of images that were checked.
        threshold: The rule that chooses the operating threshold.
        slices: By what images are told apart, the paths of tables absolute; None for what is usual.
    """

    dataset: Dataset
    data_yaml: Path
    task: Task
    protocol: Protocol
    fingerprints: Mapping[str, str]
    device: DeviceConfig
    screen: Screen
    group: str | None = None
    alike: int | None = None
    cache: Path | None = None
    threshold: str = F1
    slices: Sequence[str] | None = None


def measurement_of(
    config: ExperimentConfig, prepared: Prepared, data_yaml: Path, fingerprints: Mapping[str, str], screen: Screen
) -> Measurement:
    """Return the measurement that an experiment asks for."""
    protocol = make_protocol(config.evaluation, config.train, prepared.task)
    group = absolute_group(config.evaluation.group, prepared.paths.working_directory)
    alike = config.check.near_duplicate_distance if config.check.near_duplicates else None
    return Measurement(
        prepared.dataset,
        data_yaml,
        prepared.task,
        protocol,
        fingerprints,
        config.device,
        screen,
        group,
        alike,
        prepared.paths.cache,
        config.evaluation.threshold,
        absolute_slices(config.evaluation.slices, prepared.paths.working_directory),
    )


def measure_checkpoint(
    checkpoint: Path,
    target: Path,
    how: Measurement,
    *,
    plots: Path | None = None,
    extra: Mapping[str, Any] | None = None,
) -> MetricsFile:
    """Evaluate a checkpoint and write metrics.json, predictions.npz and thresholds.json.

    Args:
        checkpoint: The checkpoint.
        target: The folder of the files.
        how: What it is measured on, by and where.
        plots: Where curves, confusion matrix and samples are drawn; None draws none.
        extra: Further keys of metrics.json, e.g. whether training kept its settings.
    """
    root, device = key_root(how.dataset, how.data_yaml), how.device
    with ultralytics_log(how.screen.line_of_ultralytics), how.screen.counting("evaluate", "batches") as progress:
        evaluation = evaluate(checkpoint, how.data_yaml, root, how.protocol, device.id, device.threads, plots, progress)
    write_arrays(target / PREDICTIONS, to_arrays(evaluation.records))
    keys = () if how.alike is None else evaluation.records.keys
    alike = alike_images({key: root / key for key in keys}, how.alike or 0, how.cache) if keys else None
    found: dict[str, Any] = {} if alike is None else {ALIKE: alike}
    thresholds = thresholds_from(evaluation.records, how.threshold, how.group, alike)
    if thresholds is not None:
        print_of_split = how.fingerprints.get(how.protocol.split)
        write_thresholds(target, thresholds, {"model": str(checkpoint), "dataset_fingerprint": print_of_split})
    slices = slices_of_an_evaluation(evaluation.records, Asked(how.slices, how.group), alike)
    found |= {SLICES: slices} if slices else {}
    return write_metrics(target / METRICS, evaluation, str(checkpoint), how, found | dict(extra or {}))


def write_metrics(
    path: Path, evaluation: Evaluation, model: str, how: Measurement, extra: Mapping[str, Any]
) -> MetricsFile:
    """Write an evaluation as metrics.json and read it back.

    Args:
        path: The file.
        evaluation: What was measured.
        model: The checkpoint, as the reader knows it.
        how: What it was measured on.
        extra: Further keys.
    """
    task, protocol, confusion = how.task, asdict(evaluation.protocol), evaluation.confusion
    split = str(protocol.pop("split"))
    custom, failures = measure_custom(evaluation.records)
    tied = tied_range(evaluation.records, task.primary_metric)
    of_ties = [tie_warning(tied, task.primary_metric, "the model")] if tied else []
    missing = why_no_threshold(evaluation.records)
    if missing and how.threshold != F1:  # the default was not asked for
        failures.append(f"{THRESHOLD}={how.threshold} {missing}")
    content = {
        "model": model,
        "data": str(how.dataset.yaml),
        # its images are named from here
        "dataset_root": str(how.dataset.root),
        "split": split,
        "task": task.name,
        **evaluation.metrics,
        "fitness": evaluation.fitness,
        "fitness_definition": task.fitness,
        "primary_metric": task.primary_metric,
        "directions": {metric.name: metric.direction for metric in task.metrics},
        "names": {str(index): name for index, name in evaluation.names.items()},
        "per_class": {
            str(values["name"]): {"index": index, **{key: value for key, value in values.items() if key != "name"}}
            for index, values in evaluation.per_class.items()
        },
        "protocol": protocol | {"ultralytics": evaluation.ultralytics},
        "protocol_changes": evaluation.changes,
        "warnings": [*evaluation.warnings, *failures, *of_ties],
        **({TIES: {task.primary_metric: list(tied)}} if tied else {}),
        **({CUSTOM: custom} if custom else {}),
        **({"group": how.group} if how.group else {}),
        "dataset_fingerprint": how.fingerprints.get(split),
        "train_fingerprint": how.fingerprints.get("train"),
        "speed_ms": evaluation.speed_ms,
        **({} if evaluation.timing is None else {TIMING: asdict(evaluation.timing)}),
        **({"threads": evaluation.threads} if evaluation.threads else {}),
        # rows are predicted, columns true
        "confusion": None
        if confusion is None
        else {"labels": confusion.labels, "matrix": confusion.matrix, "confidence": confusion.confidence},
        **extra,
    }
    write_json(path, content, METRICS_VERSION)
    return read_metrics(path)


def whole_evaluation(folder: Path) -> MetricsFile | None:
    """Return the numbers of an evaluation when both of its files are there and can be read, else None.

    Of the records the header is read: a cut archive has none.
    """
    try:
        parse_json(read_arrays(folder / PREDICTIONS, ("header",))["header"].tobytes(), PREDICTIONS)
        return read_metrics(folder / METRICS)
    except (InputError, ValueError):  # also what is no JSON and no archive of arrays
        return None


def keep_newest(metrics: MetricsFile, newest: Path) -> None:
    """Copy an evaluation's numbers, records and thresholds to where the newest one is found."""
    for name in (PREDICTIONS, THRESHOLDS):
        copy_file(metrics.path.parent / name, newest.parent / name)
    copy_file(metrics.path, newest)


def fingerprint_splits(dataset: Dataset, train: TrainArguments, task: str) -> dict[str, str]:
    """Return the content hash of each split that is there.

    Args:
        dataset: The dataset.
        train: The training's arguments: `single_cls` and `classes` change labels, so they enter the hash.
        task: What the labels are for.
    """
    return {
        split: fingerprint_split(dataset, split, single_cls=train.single_cls, classes=train.class_ids, task=task)
        for split, places in dataset.splits.items()
        if all(place.exists() for place in places)
    }
