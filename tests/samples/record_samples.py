"""Records of two models over the same made-up images, without a model."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from yololab.files.predictions import write_arrays
from yololab.statistics.inference.paired_models import Pair, metrics_of, pair_of
from yololab.statistics.metrics.point_metrics import point_metrics
from yololab.statistics.metrics.ranked_detections import rank_classes
from yololab.statistics.records.arrays import to_arrays
from yololab.statistics.records.base import Records, RecordsHeader
from yololab.statistics.records.detections import DetectionRecords, ImageRecord, pack_records
from yololab.tasks import TASKS

NAMES = ("cat", "dog", "owl")


def records_of(found: float, seed: int = 0, images: int = 60, labels_seed: int = 0, **header) -> DetectionRecords:
    """Return records of a model that finds an object with probability `found`; labels depend on `labels_seed` alone."""
    truth = np.random.default_rng(labels_seed)
    rng = np.random.default_rng(1000 + seed)
    rows = []
    for number in range(images):
        targets = truth.integers(0, 2, truth.integers(1, 5))
        boxes = truth.uniform(0, 300, (len(targets), 2))
        boxes = np.hstack([boxes, boxes + 100]).astype(np.float32)
        hit = rng.random(len(targets)) < found
        extra = int(rng.integers(0, 3))
        classes = np.concatenate([targets[hit], rng.integers(0, 2, extra)])
        confidence = np.concatenate([rng.uniform(0.4, 1, hit.sum()), rng.uniform(0, 0.6, extra)])
        levels = np.concatenate([rng.integers(5, 11, hit.sum()), np.zeros(extra)])
        places = np.concatenate([boxes[hit], np.zeros((extra, 4))])
        order = np.argsort(-confidence, kind="stable")
        flags = np.arange(10) < levels[order][:, None]
        rows.append(
            ImageRecord(
                f"images/{number:04}.jpg",
                (400, 400),
                classes[order],
                confidence[order],
                places[order],
                {"box": flags},
                targets,
                boxes,
            )
        )
    settings = {
        "names": dict(enumerate(NAMES)),
        "task": "detect",
        "split": "val",
        "label_fingerprint": str(labels_seed),
        "protocol": {},
        "ultralytics": "8.4.190",
    }
    return pack_records(rows, RecordsHeader(**settings | header))


def detection_pair(current: DetectionRecords, baseline: DetectionRecords, primary: str = "mAP50-95") -> Pair:
    """Two models of detections, paired."""
    return pair_of(current, baseline, primary)


def write_evaluation(folder: Path, records: DetectionRecords, **changes) -> Path:
    """Write metrics.json and predictions.npz as an evaluation does, and return the metrics' path."""
    points = point_metrics(rank_classes(records))
    values = dict(zip(points.classes, points.ap.mean(axis=1).tolist(), strict=True))
    content = {
        "schema_version": 1,
        "task": "detect",
        "model": str(folder / "weights/best.pt"),
        "split": "val",
        **points.means,
        "names": {str(index): name for index, name in enumerate(NAMES)},
        "per_class": {name: {"AP50-95": values.get(index)} for index, name in enumerate(NAMES)},
        "protocol": {"imgsz": 640, "single_cls": False, "classes": None},
        "dataset_fingerprint": "f" * 64,
        "speed_ms": {"inference": 12.5},
    }
    path = folder / "evaluation/metrics.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content | changes))
    write_arrays(path.parent / "predictions.npz", to_arrays(records))
    return path


def write_run(folder: Path, records: DetectionRecords, config: dict, **changes) -> Path:
    """Write a run folder with its record and its evaluation."""
    write_evaluation(folder, records, **changes)
    (folder / "weights").mkdir(exist_ok=True)
    record = {
        "schema_version": 1,
        "status": "complete",
        "timestamp": "2026-01-17T14:30:00",
        "requested_config": config,
        "dataset": {"name": "animals", "source": "animals.yaml"},
    }
    (folder / "experiment_log.json").write_text(json.dumps(record))
    return folder


def write_task_evaluation(folder: Path, records: Records, **changes) -> Path:
    """Write metrics.json and predictions.npz of any task, and return the metrics' path."""
    task = TASKS[records.task]
    measure = metrics_of(records, task.primary_metric)
    per_class = {name: dict.fromkeys(task.per_class) for name in records.names.values()} if task.per_class else {}
    for metric, points in measure.class_points().items():
        for point in points:
            per_class[records.names[point.index]] |= {metric: point.value, "instances": 5, "images": point.images}
    content = {
        "schema_version": 1,
        "task": task.name,
        "model": str(folder / "weights/best.pt"),
        "split": "val",
        **measure.points(),
        "primary_metric": task.primary_metric,
        "directions": {metric.name: metric.direction for metric in task.metrics},
        "names": {str(index): name for index, name in records.names.items()},
        "per_class": per_class,
        "protocol": {"imgsz": 64, "single_cls": False, "classes": None},
        "dataset_fingerprint": "f" * 64,
        "dataset_root": str(folder),
        "speed_ms": {"inference": 12.5},
    }
    path = folder / "evaluation/metrics.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content | changes))
    write_arrays(path.parent / "predictions.npz", to_arrays(records))
    return path
