"""What a training was asked for against what it really used, and why the two differ."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from yololab.errors import Problem

# Where things lie and what they are called is ours; it is no setting of the training.
_OURS = frozenset({"model", "data", "save_dir", "name", "project", "exist_ok", "mode", "task", "resume", "pretrained"})

# A change of these changes what is learnt: such a run is not the experiment that was asked for.
_DECIDES_LEARNING = frozenset(
    {"batch", "imgsz", "epochs", "optimizer", "lr0", "momentum", "warmup_bias_lr", "rect", "mosaic", "mixup", "cutmix"}
)

# What `optimizer=auto` decides by itself.
CHOSEN_BY_AUTO = {"optimizer", "lr0", "momentum", "warmup_bias_lr"}

# What Ultralytics may change while it sets a training up; the checkpoint then holds the changed value.
CHANGED_ON_THE_WAY = (
    _OURS
    | {"batch", "imgsz", "device", "workers", "rect", "amp"}
    | {"cache", "compile", "channels_last", "max_det", "augmentations"}
)

# Task → what Ultralytics sets to 0 for it: nobody who asks for the task asks for these.
_SWITCHED_OFF = {
    "classify": frozenset({"multi_scale"}),
    "depth": frozenset({"mosaic", "mixup", "cutmix", "copy_paste"}),
}


@dataclass(frozen=True)
class Difference:
    """One argument that was not used as it was asked for.

    Attributes:
        name: Ultralytics' name of the argument.
        requested: The value that was asked for.
        effective: The value that was used.
        reason: Why.
        changes_training: Whether it changes what is learnt, and not only how fast or where.
    """

    name: str
    requested: Any
    effective: Any
    reason: str
    changes_training: bool


@dataclass(frozen=True)
class Circumstances:
    """What explains a difference.

    Attributes:
        device: torch's device type.
        halvings: How often the batch was halved because memory ran out.
        optimizer_auto: Whether the optimizer was left to Ultralytics.
        time_limited: Whether a time limit set the number of epochs.
        multi_gpu: Whether several GPUs trained.
        stride: The model's largest stride, px.
        task: The task.
    """

    device: str
    halvings: int = 0
    optimizer_auto: bool = False
    time_limited: bool = False
    multi_gpu: bool = False
    stride: int = 32
    task: str = "detect"


def differences(
    requested: Mapping[str, Any], effective: Mapping[str, Any], circumstances: Circumstances
) -> tuple[Difference, ...]:
    """Return the arguments that were not used as they were asked for, in the order of `requested`.

    An argument that was left open (None) and one that only changes its spelling (`0` → `"0"`, a tuple → a list) is no
    difference.

    Args:
        requested: The arguments as given.
        effective: The arguments as used.
        circumstances: What explains a difference.
    """
    return tuple(
        Difference(
            name,
            value,
            effective[name],
            _reason(name, value, effective, circumstances),
            name in _DECIDES_LEARNING - _SWITCHED_OFF.get(circumstances.task, frozenset()),
        )
        for name, value in requested.items()
        if name not in _OURS and name in effective and value is not None and not same_value(value, effective[name])
    )


def same_value(requested: Any, effective: Any) -> bool:
    """Return whether two values mean the same."""
    if isinstance(requested, (list, tuple)) and isinstance(effective, (list, tuple)):
        return len(requested) == len(effective) and all(map(same_value, requested, effective))
    if isinstance(requested, bool) or isinstance(effective, bool):
        return requested is effective
    if isinstance(requested, (int, float)) and isinstance(effective, (int, float)):
        return float(requested) == float(effective)
    return str(requested).lower() == str(effective).lower()


def _reason(name: str, requested: Any, effective: Mapping[str, Any], circumstances: Circumstances) -> str:
    """Say why an argument was not used as it was asked for."""
    cuda, halvings = circumstances.device == "cuda", circumstances.halvings
    automatic = isinstance(requested, (int, float)) and requested < 1
    rows = (
        (_SWITCHED_OFF.get(circumstances.task, ()), True, f"{circumstances.task} has no such augmentation"),
        ({"batch"}, automatic and cuda, "chosen by auto-batch from the device's memory"),
        ({"batch"}, automatic, "auto-batch needs a GPU; Ultralytics' default is used"),
        ({"batch"}, halvings, f"halved {halvings} time(s) because memory ran out"),
        ({"imgsz"}, True, f"rounded to a multiple of the model's stride, {circumstances.stride} px, for train and val"),
        (CHOSEN_BY_AUTO, circumstances.optimizer_auto, "optimizer=auto chooses the optimizer and its rates by itself"),
        ({"epochs"}, circumstances.time_limited, "a time limit sets the number of epochs"),
        ({"rect"}, circumstances.multi_gpu, "rectangular batches do not work on several GPUs"),
        ({"mosaic", "mixup", "cutmix"}, effective.get("rect"), "rectangular batches switch it off"),
        ({"workers"}, circumstances.device in {"cpu", "mps"}, "no loader processes on a CPU"),
    )
    reasons = (reason for names, holds, reason in rows if name in names and holds)
    return next(reasons, _OTHER_REASONS.get(name, "changed by Ultralytics"))


_OTHER_REASONS = {
    "amp": "mixed precision is for GPUs that pass Ultralytics' check and CPUs with bf16, not for device.precision=fp32",
    "batch": "halved in an earlier attempt, because memory ran out",
    "cache": "the images do not fit in memory or on the disk",
    "channels_last": "only on CUDA and CPUs",
    "compile": "torch.compile is not available for this model or device",
    "max_det": "raised to the most objects in one image of the dataset",
    "warmup_epochs": "the warmup leaves at least the last epoch to regular training",
    "workers": "no more than cores or batches",
}


def freeze_problem(freeze: Any, layers: int, parameters: Sequence[str]) -> Problem | None:
    """Return what is wrong with the layers to freeze; None when each of them is there.

    Args:
        freeze: The first so many, or a list of numbers and names of modules below `model.`; None for none.
        layers: How many layers the model has.
        parameters: Names of its parameters.

    >>> freeze_problem([1, "x"], 3, ["model.1.conv.weight"]).found
    "no such layer or module: 'x'"
    """
    allowed = f"fewer than {layers} layers, numbers from 0 to {layers - 1}, or names of modules such as 22.cv2"
    if isinstance(freeze, int):
        return (
            None if freeze in range(layers) else Problem("freeze", f"{freeze} of the model's {layers} layers", allowed)
        )
    strange = [
        entry
        for entry in freeze or ()
        if not (entry in range(layers) or any(f"model.{entry}." in name for name in parameters))
    ]
    if strange:
        return Problem("freeze", f"no such layer or module: {', '.join(map(repr, strange))}", allowed)
    return None
