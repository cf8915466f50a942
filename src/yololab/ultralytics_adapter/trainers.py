"""The trainer of each task and model family: Ultralytics' own, with our mixin before it."""

from __future__ import annotations

from typing import Any

from ultralytics.models.rtdetr.train import RTDETRTrainer
from ultralytics.models.yolo.detect.train import DetectionTrainer
from ultralytics.models.yolo.obb.train import OBBTrainer
from ultralytics.models.yolo.pose.train import PoseTrainer
from ultralytics.models.yolo.segment.train import SegmentationTrainer

from yololab.errors import InputError, Problem
from yololab.ultralytics_adapter.trainer import TrainerMixin


class DetectTrainer(TrainerMixin, DetectionTrainer):
    """Detection with YOLO."""


class RTDETRDetectTrainer(TrainerMixin, RTDETRTrainer):
    """Detection with RT-DETR."""


class SegmentTrainer(TrainerMixin, SegmentationTrainer):
    """Instance segmentation."""


class KeypointTrainer(TrainerMixin, PoseTrainer):
    """Boxes with keypoints."""


class RotatedTrainer(TrainerMixin, OBBTrainer):
    """Rotated boxes."""


# (task, family) → trainer. A task more is a class and a row more. Ultralytics adds trackers to classes named *Trainer.
TRAINERS: dict[tuple[str, str], type[Any]] = {
    ("detect", "yolo"): DetectTrainer,
    ("detect", "rtdetr"): RTDETRDetectTrainer,
    ("segment", "yolo"): SegmentTrainer,
    ("pose", "yolo"): KeypointTrainer,
    ("obb", "yolo"): RotatedTrainer,
}


def trainer_for(task: str, family: str) -> type[Any]:
    """Return the trainer of a task and family.

    Raises:
        InputError: There is none.
    """
    if (task, family) not in TRAINERS:
        allowed = ", ".join(f"{known} ({kind})" for known, kind in TRAINERS)
        raise InputError(Problem("model", f"a {family} model for {task!r} cannot be trained", allowed))
    return TRAINERS[task, family]
