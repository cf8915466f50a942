"""The validator of each task and model family: Ultralytics' own, with our recording before it."""

from ultralytics.models.rtdetr.val import RTDETRValidator
from ultralytics.models.yolo.classify.val import ClassificationValidator
from ultralytics.models.yolo.depth.val import DepthValidator
from ultralytics.models.yolo.detect.val import DetectionValidator
from ultralytics.models.yolo.obb.val import OBBValidator
from ultralytics.models.yolo.pose.val import PoseValidator
from ultralytics.models.yolo.segment.val import SegmentationValidator
from ultralytics.models.yolo.semantic.val import SemanticSegmentationValidator

from yololab.errors import InputError, Problem
from yololab.ultralytics_adapter.validation.detections import DetectionRecording, RecordingMixin
from yololab.ultralytics_adapter.validation.whole_images import ClassRecording, DepthRecording, PixelRecording


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


class ClassifyValidator(ClassRecording, ClassificationValidator):
    """Classes of images."""


class SemanticValidator(PixelRecording, SemanticSegmentationValidator):
    """Classes of pixels."""


class DistanceValidator(DepthRecording, DepthValidator):
    """Depth of pixels."""


# (task, family) → validator.
VALIDATORS: dict[tuple[str, str], type[RecordingMixin]] = {
    ("detect", "yolo"): DetectValidator,
    ("detect", "rtdetr"): RTDETRDetectValidator,
    ("segment", "yolo"): SegmentValidator,
    ("pose", "yolo"): KeypointValidator,
    ("obb", "yolo"): RotatedValidator,
    ("classify", "yolo"): ClassifyValidator,
    ("semantic", "yolo"): SemanticValidator,
    ("depth", "yolo"): DistanceValidator,
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
