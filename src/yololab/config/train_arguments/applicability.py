"""Which of Ultralytics' train arguments a task and a model family read; the others are named instead of ignored.

Read off the installed sources: the losses in `utils/loss.py` and `models/utils/loss.py` (RT-DETR's gains are fixed),
`v8_transforms` and `classify_augmentations` in `data/augment.py` as the datasets in `data/dataset.py` build them
(`DepthDataset` sets mosaic and its kin to 0), the trainers in `models/*/train.py`, `nn/distill_model.py`. A test holds
the losses and the augmentations of this table against what they do.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from yololab.config.train_arguments.arguments import USER_ARGUMENTS, TrainArguments
from yololab.errors import Problem

_BOXES = frozenset({"detect", "segment", "pose", "obb"})
_TASKS = _BOXES | {"classify", "semantic", "depth"}
_SPATIAL = _TASKS - {"classify"}
_MIXING = _SPATIAL - {"depth"}


@dataclass(frozen=True)
class Scope:
    """Where an argument has an effect.

    Attributes:
        kind: What it is: only arguments of the same kind are offered in its place.
        tasks: The tasks that read it.
        rtdetr: Whether RT-DETR does, where it does the task.
    """

    kind: str
    tasks: frozenset[str]
    rtdetr: bool = True

    def holds(self, task: str, family: str) -> bool:
        """Whether a model of this task and family reads the argument."""
        return task in self.tasks and (self.rtdetr or family != "rtdetr")


_LOSS, _AUGMENTATION, _TRAINING, _DETECTIONS = "loss", "augmentation", "training", "detections"

# What is not in here is read by every task and family.
SCOPES: dict[str, Scope] = {
    name: Scope(kind, frozenset(tasks), rtdetr)
    for kind, tasks, rtdetr, names in (
        # of a model without DFL `dfl` weighs the L1 loss in its place
        (_LOSS, _BOXES, False, "box cls dfl distill_model dis"),
        (_LOSS, _BOXES | {"semantic"}, False, "cls_pw"),
        (_LOSS, {"pose"}, True, "pose kobj rle"),
        (_LOSS, {"obb"}, True, "angle"),
        (_LOSS, {"depth"}, True, "dlog dgrad dlam"),
        (_AUGMENTATION, _SPATIAL, True, "degrees translate shear perspective bgr"),
        (_AUGMENTATION, _MIXING, True, "mosaic close_mosaic mixup cutmix"),
        (_AUGMENTATION, _MIXING - {"pose"}, True, "copy_paste copy_paste_mode"),  # for detect where labels are polygons
        (_AUGMENTATION, {"classify"}, True, "auto_augment erasing"),
        (_TRAINING, {"segment"}, True, "overlap_mask mask_ratio"),
        (_TRAINING, {"classify"}, True, "dropout"),
        (_TRAINING, _BOXES | {"semantic"}, True, "cls_remap classes"),
        (_TRAINING, _SPATIAL, True, "multi_scale"),
        (_TRAINING, _SPATIAL, False, "rect"),
        (_TRAINING, _BOXES | {"classify"}, True, "single_cls"),
        (_DETECTIONS, _BOXES, True, "conf max_det"),
        (_DETECTIONS, _BOXES, False, "iou agnostic_nms nms"),
    )
    for name in names.split()
}
# Read by every task, and offered where another augmentation does nothing.
_EVERYWHERE = {_AUGMENTATION: ("hsv_h", "hsv_s", "hsv_v", "scale", "fliplr", "flipud")}
# Of these false is no "off".
_NO_OFF = frozenset({"overlap_mask", "cls_remap", "nms"})


@dataclass(frozen=True)
class Usage:
    """What the arguments are used for.

    Attributes:
        task: The task.
        family: `yolo` or `rtdetr`.
        head: Name of the model's last module; empty when it is not known.
        data: What the data.yaml holds.
    """

    task: str
    family: str = "yolo"
    head: str = ""
    data: Mapping[str, Any] | None = None

    @property
    def called(self) -> str:
        """The task, with the family where that is not the usual one."""
        return f"{self.task} with RT-DETR" if self.family == "rtdetr" else self.task


def without_effect(train: TrainArguments, usage: Usage) -> dict[str, tuple[str, str]]:
    """Return the arguments that a training would not read, each with the reason and what to do instead.

    Args:
        train: The arguments of the training.
        usage: What they are used for.
    """
    found = {
        name: (f"{usage.called} does not read it", _remedy(scope.kind, usage))
        for name, scope in SCOPES.items()
        if not scope.holds(usage.task, usage.family)
    }
    for name, reason, remedy in _conditions(train, usage):
        found.setdefault(name, (reason, remedy))
    return found


def _conditions(train: TrainArguments, usage: Usage) -> Iterator[tuple[str, str, str]]:
    """Return what other settings, the model or the dataset keep from having an effect."""
    data = usage.data or {}
    if SCOPES["auto_augment"].holds(usage.task, usage.family) and train.auto_augment:
        for name in ("hsv_h", "hsv_s", "hsv_v"):
            policy = f"auto_augment={train.auto_augment}"
            yield name, f"{usage.task} does not read it beside {policy}", "auto_augment=null lets it act"
    if SCOPES["kobj"].holds(usage.task, usage.family):
        if not data.get("flip_idx"):
            for name in ("fliplr", "flipud"):
                yield (
                    name,
                    "the data.yaml has no flip_idx: Ultralytics turns flips off",
                    "add flip_idx to the data.yaml",
                )
        shape = data.get("kpt_shape")
        if shape and shape[-1] == 2:
            yield "kobj", "the keypoints have no visibility (kpt_shape)", "leave it out"
        if usage.head and usage.head != "Pose26":
            yield "rle", f"a model with the head {usage.head} has no such loss", "use a YOLO26 model, or leave it out"
    if data.get("masks_dir"):
        for name in ("copy_paste", "copy_paste_mode"):
            yield name, "labels that are mask images hold no objects to copy", "leave it out"


def _remedy(kind: str, usage: Usage) -> str:
    """Say what has an effect in place of an argument."""
    there = [name for name, scope in SCOPES.items() if scope.kind == kind and scope.holds(usage.task, usage.family)]
    there += _EVERYWHERE.get(kind, ())
    return f"leave it out; for {usage.called} there is {', '.join(there)}" if there else "leave it out"


def refused_settings(train: TrainArguments, overridden: Collection[str], usage: Usage) -> list[Problem]:
    """Return a problem for each argument that somebody set and that has no effect.

    What asks for nothing may stand (`mosaic=0`). A file that writes down nearly every argument, as Ultralytics'
    args.yaml does, has set only what differs from the default.

    Args:
        train: The arguments of the training.
        overridden: The keys that the command line or a sweep set.
        usage: What they are used for.
    """
    whole_file = sum(name in overridden for name in USER_ARGUMENTS) > len(USER_ARGUMENTS) / 2
    problems = []
    for name, (reason, remedy) in without_effect(train, usage).items():
        value = getattr(train, name)
        by_default = value == USER_ARGUMENTS[name].default
        if name in overridden and not _asks_for_nothing(name, value) and not (whole_file and by_default):
            problems.append(Problem(name, f"{value!r}, but {reason}", remedy=remedy))
        # the protocol's own key of the same name
        if f"evaluation.{name}" in overridden and name in SCOPES:
            problems.append(Problem(f"evaluation.{name}", reason, remedy="leave it out"))
    return problems


def idle_settings(train: TrainArguments, usage: Usage) -> list[str]:
    """Return a sentence for each argument that differs from its default, as an option file set it, without an effect.

    Args:
        train: The arguments of the training.
        usage: What they are used for.
    """
    return [
        f"{name}={value} has no effect: {reason}"
        for name, (reason, _) in without_effect(train, usage).items()
        for value in (getattr(train, name),)
        if not _asks_for_nothing(name, value) and value != USER_ARGUMENTS[name].default
    ]


def _asks_for_nothing(name: str, value: Any) -> bool:
    """Return whether a value is an "off", which is what happens anyway."""
    return value is None or (not value and name not in _NO_OFF)
