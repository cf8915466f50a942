"""Ultralytics' train arguments, typed: name, kind, default, range, and what each of them means.

They follow the installed `ultralytics/cfg/default.yaml` and the key sets of `ultralytics/cfg/__init__.py`; a test holds
them to those. They are written out so that a config can be checked without importing Ultralytics and torch.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from yololab.config.reading import read
from yololab.config.settings import Kind, Setting, setting, settings_of

OPTIMIZERS = ("SGD", "MuSGD", "Adam", "Adamax", "AdamW", "NAdam", "RAdam", "RMSprop", "auto")
COMPILE_MODES = ("default", "reduce-overhead", "max-autotune", "max-autotune-no-cudagraphs")
# Groups whose files hold Ultralytics' arguments themselves.
TOP_LEVEL_GROUPS = ("hparams", "augmentation", "experiment")
LARGEST_SEED = 2**32 - 1  # numpy's generator takes no larger one


def _switch(default: bool | None) -> Any:
    return setting(default, kind=Kind.BOOL)


def _number(default: float | None) -> Any:
    return setting(default, kind=Kind.FLOAT)


def _fraction(default: float | None) -> Any:
    return setting(default, kind=Kind.FLOAT, at_least=0.0, at_most=1.0)


def _count(default: int, at_least: int | None = None) -> Any:
    return setting(default, kind=Kind.INT, at_least=at_least)


def _left_to(group: str, default: Any, **rules: Any) -> Any:
    """Return the field of an argument that a group of ours has as well; `default` is that of the group."""
    return field(default=None, metadata={"default": default, "group": group, "optional": False, **rules})


@dataclass
class Training:
    """How long, on what and with what a training runs.

    Attributes:
        epochs: Epochs at most.
        time: Hours that the training takes; it overrides `epochs`, and makes the result depend on the hardware.
        patience: Epochs without a better fitness after which the training stops; 0 never stops it.
        batch: Images a step; -1 takes what fits, a number between 0 and 1 fills that part of the GPU's memory.
        imgsz: Side of the square training images in px, rounded up to a multiple of the stride.
        save_period: Epochs between checkpoints that stay besides best.pt and last.pt; below 1 none do.
        cache: Hold the decoded images in memory (true, `ram`) or as files in `paths.cache` (`disk`).
        workers: Data loader processes; null leaves it to `device.workers`.
        name: First part of the run folder's name; null takes the model's.
        pretrained: Start from weights: true, false, or the path of a checkpoint; null leaves it to `model.pretrained`.
        cls_remap: Move the pretrained classes' weights to the dataset's classes of the same names.
        optimizer: The optimizer; `auto` chooses one with its own lr0 and momentum, and ignores those given.
        verbose: Print every line of Ultralytics.
        seed: Where the random numbers start.
        deterministic: Use deterministic operations only: reproducible, and slower on a GPU.
        single_cls: Treat all classes as one.
        rect: Batches of images of like shape, padded as little as possible; turns shuffling off.
        cos_lr: Lower the learning rate along a cosine instead of a line.
        close_mosaic: Epochs at the end that are trained without mosaic; 0 keeps it to the end.
        amp: Mixed precision; null leaves it to `device.amp`.
        fraction: Part of the images: a ratio or a number, the first in the order of their names; a list for each split.
        profile: Measure the speeds of ONNX and TensorRT during training.
        freeze: Layers that do not learn: the first so many, or a list of their numbers and module names.
        multi_scale: Vary the image size from step to step by this part of `imgsz`.
        compile: torch.compile; null leaves it to `device.compile`.
        channels_last: NHWC memory layout; null leaves it to `device.channels_last`.
        overlap_mask: One mask for all objects of an image, the smaller in front (segment).
        mask_ratio: How much smaller than the image the training masks are (segment).
        dropout: Dropout of the classification head (classify).
        classes: Classes that are trained and measured, by their ids; null for all.
    """

    epochs: int = _count(100, 1)
    time: float | None = _number(None)
    patience: int = _count(100, 0)
    batch: int | float = setting(16, kind=Kind.BATCH)
    imgsz: int = setting(640, kind=Kind.IMGSZ, at_least=1)
    save_period: int = _count(-1)
    cache: bool | str | None = setting(False, kind=Kind.SWITCH, choices=("ram", "disk"))
    workers: int | None = _left_to("device", 8, kind=Kind.INT)
    name: str | None = setting(None, kind=Kind.NAME)
    pretrained: bool | str | None = _left_to("model", True, kind=Kind.SWITCH, optional=True)
    cls_remap: bool = _switch(True)
    optimizer: str = setting("auto", kind=Kind.STR, choices=OPTIMIZERS)
    verbose: bool = _switch(True)
    seed: int = setting(0, kind=Kind.INT, at_least=0, at_most=LARGEST_SEED)
    deterministic: bool = _switch(True)
    single_cls: bool = _switch(False)
    rect: bool = _switch(False)
    cos_lr: bool = _switch(False)
    close_mosaic: int = _count(10)
    amp: bool | str | None = _left_to("device", True, kind=Kind.SWITCH, choices=("fp16", "bf16", "fp32"))
    fraction: int | float | list[int | float] = setting(1.0, kind=Kind.SUBSET)
    profile: bool = _switch(False)
    freeze: int | list[int | str] | None = setting(None, kind=Kind.FREEZE)
    multi_scale: float = _fraction(0.0)
    compile: bool | str | None = _left_to("device", False, kind=Kind.SWITCH, choices=COMPILE_MODES)
    channels_last: bool | None = _left_to("device", None, kind=Kind.BOOL, optional=True)
    overlap_mask: bool = _switch(True)
    mask_ratio: int = _count(4, 1)
    dropout: float = _fraction(0.0)
    classes: int | list[int] | None = setting(None, kind=Kind.CLASSES)


@dataclass
class Validation:
    """Validation during the training; how the finished model is measured is set in the group `evaluation`.

    Attributes:
        val: Validate after each epoch; without it the last epoch is the best.
        save_json: Write the predictions as a JSON file (COCO).
        conf: Confidence threshold; null takes 0.001 (0.01 for obb).
        iou: IoU threshold of the suppression.
        max_det: Detections an image at most.
        quantize: Precision: 8 trains quantization-aware, 16 validates in half precision.
        plots: Draw curves, batches and labels.
        nms: null for the suppression outside the model, false for a head without suppression.
        visualize: Draw true and false positives and what was missed.
        augment: Test-time augmentation.
        agnostic_nms: Suppression across classes.
        save_txt: Write the predictions as label files.
        save_conf: Write the confidences into these files.
        show_labels: Write the class names into the drawings.
        show_conf: Write the confidences into the drawings.
    """

    val: bool = _switch(True)
    save_json: bool = _switch(False)
    conf: float | None = _fraction(None)
    iou: float = _fraction(0.7)
    max_det: int = _count(300, 1)
    quantize: int | str | None = setting(None, kind=Kind.QUANTIZE)
    plots: bool = _switch(True)
    nms: bool | None = _switch(None)
    visualize: bool = _switch(False)
    augment: bool = _switch(False)
    agnostic_nms: bool = _switch(False)
    save_txt: bool = _switch(False)
    save_conf: bool = _switch(False)
    show_labels: bool = _switch(True)
    show_conf: bool = _switch(True)


@dataclass
class Hyperparameters:
    """How a step learns: the optimizer's numbers and the weights of the losses.

    Attributes:
        lr0: Learning rate at the start (usual: 0.01 with SGD, 0.001 with Adam and AdamW).
        lrf: Learning rate at the end, as a part of lr0.
        momentum: Momentum of SGD, beta1 of Adam and its kin.
        weight_decay: Weight decay (L2).
        warmup_epochs: Epochs, or parts of one, over which the learning rate rises.
        warmup_momentum: Momentum at the start of the warm-up.
        warmup_bias_lr: Learning rate of the biases at the start of the warm-up.
        distill_model: Checkpoint of a teacher model to distill from.
        dis: Weight of the distillation loss.
        box: Weight of the box loss.
        cls: Weight of the classification loss.
        cls_pw: How much rare classes weigh more: 0 not at all, 1 by the inverse of their frequency.
        dfl: Weight of the distribution focal loss, or of the L1 loss of models without one.
        pose: Weight of the keypoints' positions (pose).
        kobj: Weight of the keypoints' visibility (pose).
        rle: Weight of the residual log-likelihood loss (pose, YOLO26).
        angle: Weight of the angle's loss (obb).
        dlog: Weight of the scale-invariant log loss (depth).
        dgrad: Weight of the loss of the depth's gradient (depth).
        dlam: Variance focus of the log loss: 1 is scale-invariant, 0 the plain log-RMSE (depth).
        nbs: Nominal batch size: gradients of so many images make one step of the optimizer.
    """

    lr0: float = _fraction(0.01)
    lrf: float = _fraction(0.01)
    momentum: float = _fraction(0.937)
    weight_decay: float = _fraction(0.0005)
    warmup_epochs: float = _number(3.0)
    warmup_momentum: float = _fraction(0.8)
    warmup_bias_lr: float = _fraction(0.1)
    distill_model: str | None = setting(None, kind=Kind.STR)
    dis: float = _number(6.0)
    box: float = _number(7.5)
    cls: float = _number(0.5)
    cls_pw: float = _fraction(0.0)
    dfl: float = _number(1.5)
    pose: float = _number(12.0)
    kobj: float = _number(1.0)
    rle: float = _number(1.0)
    angle: float = _number(1.0)
    dlog: float = _number(1.0)
    dgrad: float = _number(0.5)
    dlam: float = _fraction(1.0)
    nbs: int = _count(64, 1)


@dataclass
class Augmentation:
    """How training images are varied; probabilities and parts lie between 0 and 1.

    Attributes:
        hsv_h: Hue, varied by up to this part.
        hsv_s: Saturation, varied by up to this part.
        hsv_v: Brightness, varied by up to this part.
        degrees: Rotation by up to so many degrees to either side.
        translate: Shift by up to this part of the image.
        scale: Size, varied by up to this part; or a pair: the smallest and the largest factor.
        shear: Shear by up to so many degrees.
        perspective: Perspective distortion; 0.001 is much.
        flipud: Probability of an upside-down image.
        fliplr: Probability of a mirrored image.
        bgr: Probability of swapped red and blue channels.
        mosaic: Probability of four images in one.
        mixup: Probability of two images blended into one.
        cutmix: Probability of a part of one image cut into another.
        copy_paste: Part of the objects that are copied into other places (segment, semantic, obb).
        copy_paste_mode: Where copied objects come from: the mirrored image (`flip`) or another one (`mixup`).
        auto_augment: Policy of automatic augmentation; null for none (classify).
        erasing: Probability of an erased rectangle (classify).
    """

    hsv_h: float = _fraction(0.015)
    hsv_s: float = _fraction(0.7)
    hsv_v: float = _fraction(0.4)
    degrees: float = _number(0.0)
    translate: float = _fraction(0.1)
    scale: float | list[float] = setting(0.5, kind=Kind.SCALE, at_least=0.0, at_most=1.0)
    shear: float = _number(0.0)
    perspective: float = _fraction(0.0)
    flipud: float = _fraction(0.0)
    fliplr: float = _fraction(0.5)
    bgr: float = _fraction(0.0)
    mosaic: float = _fraction(1.0)
    mixup: float = _fraction(0.0)
    cutmix: float = _fraction(0.0)
    copy_paste: float = _fraction(0.0)
    copy_paste_mode: str = setting("flip", kind=Kind.STR, choices=("flip", "mixup"))
    auto_augment: str | None = setting("randaugment", kind=Kind.STR, choices=("randaugment", "autoaugment", "augmix"))
    erasing: float = _fraction(0.4)


@dataclass
class TrainArguments(Augmentation, Hyperparameters, Validation, Training):
    """Every argument of a training that a user sets, under Ultralytics' names, as it was asked for."""

    @property
    def class_ids(self) -> list[int] | None:
        """The classes that the training is limited to; None for all."""
        return [self.classes] if isinstance(self.classes, int) else self.classes


def read_argument(name: str, value: Any) -> Any:
    """Read the value of an argument as Ultralytics would.

    Raises:
        InputError: It is of a wrong type or out of range.
    """
    return read(TRAIN_ARGUMENTS[name], name, value)


_OTHERS = yaml.load(Path(__file__).with_name("not_the_users.yaml").read_text(encoding="utf-8"), yaml.CSafeLoader)
_NOT_THE_USERS = [
    Setting(name, Kind[kind], default, optional=default is None, owner=owner, **dict(*limits))
    for owner, rows in _OTHERS.items()
    for name, (kind, default, *limits) in rows.items()
]

USER_ARGUMENTS: dict[str, Setting] = settings_of(TrainArguments)
TRAIN_ARGUMENTS: dict[str, Setting] = USER_ARGUMENTS | {row.name: row for row in _NOT_THE_USERS}
# Unset at top level, they are left to the group that has them too; set, they win over it.
OWNED_BY_GROUP = tuple(name for name, row in USER_ARGUMENTS.items() if row.group)
