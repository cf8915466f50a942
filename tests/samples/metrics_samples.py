"""A metrics.json as an evaluation writes it."""

from __future__ import annotations

from pathlib import Path

from yololab.files.metrics import MetricsFile

PROTOCOL = {"imgsz": 640, "batch": 16, "iou": 0.7, "single_cls": False, "classes": None, "ultralytics": "8.4.190"}


def metrics(value: float = 0.5, **changes) -> MetricsFile:
    content = {
        "task": "detect",
        "model": "best.pt",
        "split": "val",
        "mAP50": 0.7,
        "mAP50-95": value,
        "precision": 0.8,
        "recall": 0.6,
        "names": {"0": "cat", "1": "dog"},
        "per_class": {"cat": {"AP50-95": value}, "dog": {"AP50-95": None}},
        "protocol": dict(PROTOCOL),
        "dataset_fingerprint": "f" * 64,
        "train_fingerprint": "a" * 64,
    }
    return MetricsFile(Path("metrics.json"), content | changes)
