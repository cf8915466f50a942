"""One evaluation under the pinned protocol, written as metrics.json and predictions.npz."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from yololab.config.schema import EvaluationConfig
from yololab.files.json_files import write_json
from yololab.files.metrics import METRICS_VERSION, MetricsFile, read_metrics
from yololab.tasks import Task
from yololab.ultralytics_adapter.validation.evaluation import Evaluation, Protocol


def make_protocol(config: EvaluationConfig, train: Mapping[str, Any], task: Task) -> Protocol:
    """Return the protocol of a job's evaluation.

    Args:
        config: `evaluation.*`.
        train: The training's arguments: its image size where the protocol names none, and what it does to labels.
        task: The row of the model's task.
    """
    classes = train["classes"]
    if classes is not None:
        classes = tuple(classes) if isinstance(classes, (list, tuple)) else (int(classes),)
    return Protocol(
        imgsz=config.imgsz or int(train["imgsz"]),
        batch=config.batch,
        conf=task.confidence if config.conf is None else config.conf,
        iou=config.iou,
        max_det=config.max_det,
        rect=config.rect,
        quantize=config.quantize,
        augment=config.augment,
        nms=config.nms,
        agnostic_nms=config.agnostic_nms,
        single_cls=bool(train["single_cls"]),
        classes=classes,
        split=config.split.value,
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
        "warnings": evaluation.warnings,
        "dataset_fingerprint": fingerprints.get(split),
        "train_fingerprint": fingerprints.get("train"),
        "speed_ms": evaluation.speed_ms,
        "confusion": _confusion(evaluation),
        **(extra or {}),
    }
    write_json(path, content, METRICS_VERSION)
    return read_metrics(path)


def _confusion(evaluation: Evaluation) -> dict[str, Any] | None:
    """Return the confusion matrix with its labels: rows are predicted, columns true."""
    found = evaluation.confusion
    return None if found is None else {"labels": found.labels, "matrix": found.matrix, "confidence": found.confidence}
