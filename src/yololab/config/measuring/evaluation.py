"""The settings of the pinned protocol."""

from dataclasses import dataclass
from enum import StrEnum

from yololab.config.settings import same_as, setting
from yololab.config.special import read_group, read_slices, read_threshold
from yololab.config.train_arguments.arguments import USER_ARGUMENTS


class Definition(StrEnum):
    """Whose rules pair detections with labels, and whose formula gives the AP."""

    ULTRALYTICS = "ultralytics"
    COCO = "coco"


class Split(StrEnum):
    """A split of a dataset."""

    TRAIN = "train"
    VAL = "val"
    TEST = "test"


@dataclass
class EvaluationConfig:
    """The pinned protocol: how every model is measured, whatever its training did.

    Attributes:
        split: The split that is measured.
        group: What is independent of each other in a comparison, where it is not the images (films, patients, tiles):
            `folder` for the folder of an image, `alike` for images that look alike, `file.csv:column` (the first column
            names images), or a regular expression on the image's path. The evaluation keeps it; `compare` takes it for
            saved ones as well.
        definition: Whose mAP `compare` shows and tests: Ultralytics', or COCO's as pycocotools computes it (of boxes;
            saved evaluations are measured again from theirs). Trainings and `evaluate` keep Ultralytics'.
        slices: By what images and objects are told apart, to show where a model is weak or worse: `size` (of the
            objects, COCO's three), `brightness`, `blur` (variance of the Laplacian), `crowding` (objects an image),
            `group` (what `evaluation.group` names, else `folder`), `file.csv:column` (the first column names images); a
            list of them. Null takes the first four, as far as they are known; none takes nothing.
        threshold: The rule that chooses the confidence from which a detection counts, for all classes and for each:
            `f1` (the highest F1), a quoted `'recall>=0.9'` (the surest that finds so much) or `'precision>=0.95'` (the
            least sure that is so often right). `predict` applies it; it changes no metric.
        imgsz: Image size; null takes the training's.
        batch: Images a batch (it decides the padding of rectangular batches).
        conf: Confidence threshold; null takes Ultralytics' default of the task.
        iou: IoU threshold of the suppression.
        max_det: Detections an image at most.
        rect: Rectangular batches.
        quantize: Precision: 16, 32, null for full.
        augment: Test-time augmentation.
        nms: null for the suppression outside the model, false for a head without suppression.
        agnostic_nms: Suppression across classes.
        plots: Draw curves, confusion matrix and samples.
    """

    split: Split = Split.VAL
    group: str | None = setting(None, reader=read_group)
    definition: Definition = Definition.ULTRALYTICS
    slices: list[str] | None = setting(None, reader=read_slices)
    threshold: str = setting("f1", reader=read_threshold)
    imgsz: int | None = setting(None, at_least=32)
    batch: int = setting(16, at_least=1)
    conf: float | None = same_as(USER_ARGUMENTS["conf"])
    iou: float = same_as(USER_ARGUMENTS["iou"])
    max_det: int = same_as(USER_ARGUMENTS["max_det"])
    rect: bool = True
    quantize: int | str | None = same_as(USER_ARGUMENTS["quantize"])
    augment: bool = False
    nms: bool | None = None
    agnostic_nms: bool = False
    plots: bool = True
