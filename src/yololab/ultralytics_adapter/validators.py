"""The validator of each task and model family: Ultralytics' own, with our recording before it."""

from __future__ import annotations

from ultralytics.models.rtdetr.val import RTDETRValidator
from ultralytics.models.yolo.detect.val import DetectionValidator
from ultralytics.models.yolo.obb.val import OBBValidator
from ultralytics.models.yolo.pose.val import PoseValidator
from ultralytics.models.yolo.segment.val import SegmentationValidator

from yololab.errors import InputError, Problem
from yololab.ultralytics_adapter.recording import DetectionRecording, RecordingMixin


class DetectValidator(DetectionRecording, DetectionValidator):
    """Detection with YOLO."""


class RTDETRDetectValidator(DetectionRecording, RTDETRValidator):
    """Detection with RT-DETR."""


class SegmentValidator(DetectionRecording, SegmentationValidator):
    """Instance segmentation."""

    label_parts = ("segments",)


class KeypointValidator(DetectionRecording, PoseValidator):
    """Boxes with keypoints."""

    label_parts = ("keypoints",)


class RotatedValidator(DetectionRecording, OBBValidator):
    """Rotated boxes."""

    box_columns = 5
    label_parts = ("segments",)


# (task, family) → validator.
VALIDATORS: dict[tuple[str, str], type[RecordingMixin]] = {
    ("detect", "yolo"): DetectValidator,
    ("detect", "rtdetr"): RTDETRDetectValidator,
    ("segment", "yolo"): SegmentValidator,
    ("pose", "yolo"): KeypointValidator,
    ("obb", "yolo"): RotatedValidator,
}


def validator_for(task: str, family: str) -> type[RecordingMixin]:
    """Return the validator of a task and family.

    Raises:
        InputError: There is none.
    """
    if (task, family) not in VALIDATORS:
        allowed = ", ".join(f"{known} ({kind})" for known, kind in VALIDATORS)
        raise InputError(Problem("model", f"a {family} model for {task!r} cannot be evaluated", allowed))
    return VALIDATORS[task, family]
