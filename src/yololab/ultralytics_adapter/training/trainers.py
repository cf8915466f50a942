"""The trainer of each task and model family: Ultralytics' own, with our mixin before it."""

from typing import Any

from ultralytics.models.rtdetr.train import RTDETRTrainer
from ultralytics.models.yolo.classify.train import ClassificationTrainer
from ultralytics.models.yolo.depth.train import DepthTrainer
from ultralytics.models.yolo.detect.train import DetectionTrainer
from ultralytics.models.yolo.obb.train import OBBTrainer
from ultralytics.models.yolo.pose.train import PoseTrainer
from ultralytics.models.yolo.segment.train import SegmentationTrainer
from ultralytics.models.yolo.semantic.train import SemanticSegmentationTrainer

from yololab.errors import InputError, Problem
from yololab.ultralytics_adapter.training.trainer import TrainerMixin


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


class ClassifyTrainer(TrainerMixin, ClassificationTrainer):
    """Classes of images."""


class SemanticTrainer(TrainerMixin, SemanticSegmentationTrainer):
    """Classes of pixels."""


class _Stripping(DetectionTrainer):
    """What stands behind Ultralytics' depth trainer: it ends as all of ours do, and nothing is evaluated."""

    def final_eval(self) -> None:
        """Strip the checkpoints only."""
        TrainerMixin.final_eval(self)


class DistanceTrainer(TrainerMixin, DepthTrainer, _Stripping):
    """Depth of pixels."""

    def final_eval(self) -> None:
        """Strip the checkpoints, then calibrate their scale on the validation images, as Ultralytics does."""
        DepthTrainer.final_eval(self)


# (task, family) → trainer. A task more is a class and a row more. Ultralytics adds trackers to classes named *Trainer.
TRAINERS: dict[tuple[str, str], type[Any]] = {
    ("detect", "yolo"): DetectTrainer,
    ("detect", "rtdetr"): RTDETRDetectTrainer,
    ("segment", "yolo"): SegmentTrainer,
    ("pose", "yolo"): KeypointTrainer,
    ("obb", "yolo"): RotatedTrainer,
    ("classify", "yolo"): ClassifyTrainer,
    ("semantic", "yolo"): SemanticTrainer,
    ("depth", "yolo"): DistanceTrainer,
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
