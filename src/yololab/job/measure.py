"""Measuring a checkpoint under the pinned protocol: for a run, for `yololab evaluate`, for a baseline model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from yololab.comparison.custom_metrics import CUSTOM, measure_custom
from yololab.config.schema import EvaluationConfig
from yololab.config.train_arguments.arguments import TrainArguments
from yololab.data.dataset.layout import Dataset
from yololab.data.dataset.resolved_yaml import key_root
from yololab.data.identity.fingerprint import fingerprint_split
from yololab.files.atomic import copy_file
from yololab.files.baseline import METRICS, PREDICTIONS
from yololab.files.json_files import write_json
from yololab.files.metrics import METRICS_VERSION, MetricsFile, read_metrics
from yololab.files.predictions import write_arrays
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
class Surroundings:
    """Where and how a measurement runs.

    Attributes:
        device: Ultralytics' device string; None picks one.
        threads: CPU threads; None for all.
        cache: Our cache folder.
        screen: Takes Ultralytics' lines.
    """

    device: str | None
    threads: int | None
    cache: Path
    screen: Screen


def measure_checkpoint(
    checkpoint: Path,
    dataset: Dataset,
    data_yaml: Path,
    task: Task,
    protocol: Protocol,
    fingerprints: Mapping[str, str],
    target: Path,
    around: Surroundings,
    *,
    plots: Path | None = None,
    extra: Mapping[str, Any] | None = None,
) -> MetricsFile:
    """Evaluate a checkpoint and write metrics.json and predictions.npz.

    Args:
        checkpoint: The checkpoint.
        dataset: The dataset.
        data_yaml: The resolved data.yaml for Ultralytics.
        task: The row of the model's task.
        protocol: The protocol.
        fingerprints: Content hash of each split.
        target: The folder of the two files.
        around: Device, threads, cache, screen.
        plots: Where curves, confusion matrix and samples are drawn; None draws none.
        extra: Further keys of metrics.json.
    """
    with ultralytics_log(around.screen.line_of_ultralytics):
        evaluation = evaluate(
            checkpoint,
            data_yaml=data_yaml,
            dataset_root=key_root(dataset, data_yaml),
            protocol=protocol,
            device=around.device,
            threads=around.threads,
            save_dir=plots,
            plots=plots is not None,
            cache=around.cache,
        )
    write_arrays(target / PREDICTIONS, to_arrays(evaluation.records))
    return write_metrics(
        target / METRICS,
        evaluation,
        task,
        model=str(checkpoint),
        data=str(dataset.yaml),
        root=str(dataset.root),
        fingerprints=fingerprints,
        extra=extra,
    )


def write_metrics(
    path: Path,
    evaluation: Evaluation,
    task: Task,
    *,
    model: str,
    data: str,
    root: str,
    fingerprints: Mapping[str, str],
    extra: Mapping[str, Any] | None = None,
) -> MetricsFile:
    """Write an evaluation as metrics.json and read it back.

    Args:
        path: The file.
        evaluation: What was measured.
        task: The row of its task.
        model: The checkpoint, as the reader knows it.
        data: The dataset, as the reader knows it.
        root: The dataset's folder, from which its images are named.
        fingerprints: Content hash of each split.
        extra: Further keys, e.g. whether training kept its settings.
    """
    protocol = asdict(evaluation.protocol)
    custom, failures = measure_custom(evaluation.records)
    split = str(protocol.pop("split"))
    content = {
        "model": model,
        "data": data,
        "dataset_root": root,
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
        "warnings": [*evaluation.warnings, *failures],
        "dataset_fingerprint": fingerprints.get(split),
        "train_fingerprint": fingerprints.get("train"),
        "speed_ms": evaluation.speed_ms,
        "confusion": _confusion(evaluation),
        **({CUSTOM: custom} if custom else {}),
        **(extra or {}),
    }
    write_json(path, content, METRICS_VERSION)
    return read_metrics(path)


def _confusion(evaluation: Evaluation) -> dict[str, Any] | None:
    """Return the confusion matrix with its labels: rows are predicted, columns true."""
    found = evaluation.confusion
    return None if found is None else {"labels": found.labels, "matrix": found.matrix, "confidence": found.confidence}


def keep_newest(metrics: MetricsFile, newest: Path) -> None:
    """Copy an evaluation's numbers and records to where the newest one is found."""
    copy_file(metrics.path.parent / PREDICTIONS, newest.parent / PREDICTIONS)
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
