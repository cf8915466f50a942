"""Ultralytics' train arguments in one table: name, kind, default, range, and who may set them.

The table follows the installed `ultralytics/cfg/default.yaml` and the key sets of `ultralytics/cfg/__init__.py`; a test
holds it to them. It is written out so that a config can be checked without importing Ultralytics and torch.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from yololab.config.train_arguments.kinds import Argument, Kind, read
from yololab.errors import Problem

OPTIMIZERS = ("SGD", "MuSGD", "Adam", "Adamax", "AdamW", "NAdam", "RAdam", "RMSprop", "auto")
COMPILE_MODES = ("default", "reduce-overhead", "max-autotune", "max-autotune-no-cudagraphs")
LARGEST_SEED = 2**32 - 1  # numpy's generator takes no larger one


def _bool(name: str, default: bool | None, *, owner: str = "user") -> Argument:
    return Argument(name, Kind.BOOL, default, optional=default is None, owner=owner)


def _number(name: str, default: float | None, *, owner: str = "user") -> Argument:
    return Argument(name, Kind.FLOAT, default, optional=default is None, owner=owner)


def _fraction(name: str, default: float | None) -> Argument:
    return Argument(name, Kind.FLOAT, default, optional=default is None, minimum=0.0, maximum=1.0)


def _count(name: str, default: int | None, minimum: int | None = None, *, owner: str = "user") -> Argument:
    return Argument(name, Kind.INT, default, optional=default is None, minimum=minimum, owner=owner)


_ROWS = (
    Argument("task", Kind.STR, "detect", owner="framework"),
    Argument("mode", Kind.STR, "train", owner="framework"),
    # Training
    Argument("model", Kind.STR, None, optional=True, owner="group:model"),
    Argument("data", Kind.STR, None, optional=True, owner="group:data"),
    _count("epochs", 100, 1),
    _number("time", None),
    _count("patience", 100, 0),
    Argument("batch", Kind.BATCH, 16),
    Argument("imgsz", Kind.IMGSZ, 640, minimum=1),
    _bool("save", True, owner="framework"),
    _count("save_period", -1),
    Argument("cache", Kind.SWITCH, False, optional=True, choices=("ram", "disk")),
    Argument("device", Kind.ANY, None, optional=True, owner="group:device"),
    _count("workers", 8),
    Argument("project", Kind.STR, None, optional=True, owner="framework"),
    Argument("name", Kind.NAME, None, optional=True),
    _bool("exist_ok", False, owner="framework"),
    Argument("pretrained", Kind.SWITCH, True, optional=True),
    _bool("cls_remap", True),
    Argument("optimizer", Kind.STR, "auto", choices=OPTIMIZERS),
    _bool("verbose", True),
    Argument("seed", Kind.INT, 0, minimum=0, maximum=LARGEST_SEED),
    _bool("deterministic", True),
    _bool("single_cls", False),
    _bool("rect", False),
    _bool("cos_lr", False),
    _count("close_mosaic", 10),
    Argument("resume", Kind.SWITCH, False, optional=True, owner="framework"),
    Argument("amp", Kind.SWITCH, True, choices=("fp16", "bf16", "fp32")),
    Argument("fraction", Kind.SUBSET, 1.0),
    _bool("profile", False),
    Argument("freeze", Kind.FREEZE, None, optional=True),
    _fraction("multi_scale", 0.0),
    Argument("compile", Kind.SWITCH, False, choices=COMPILE_MODES),
    _bool("channels_last", None),
    _bool("overlap_mask", True),
    _count("mask_ratio", 4, 1),
    _fraction("dropout", 0.0),
    # Validation during training
    _bool("val", True),
    Argument("split", Kind.STR, "val", choices=("train", "val", "test"), owner="framework"),
    _bool("save_json", False),
    _fraction("conf", None),
    _fraction("iou", 0.7),
    _count("max_det", 300, 1),
    Argument("quantize", Kind.QUANTIZE, None, optional=True),
    _bool("dnn", False, owner="predict"),
    _bool("plots", True),
    _bool("nms", None),
    # Prediction; what validation reads as well is the user's
    Argument("source", Kind.ANY, None, optional=True, owner="predict"),
    _count("vid_stride", 1, 1, owner="predict"),
    _bool("stream_buffer", False, owner="predict"),
    _bool("visualize", False),
    _bool("augment", False),
    _bool("agnostic_nms", False),
    Argument("classes", Kind.CLASSES, None, optional=True),
    _bool("retina_masks", False, owner="predict"),
    Argument("embed", Kind.CLASSES, None, optional=True, owner="predict"),
    _bool("show", False, owner="predict"),
    _bool("save_frames", False, owner="predict"),
    _bool("save_txt", False),
    _bool("save_conf", False),
    _bool("save_crop", False, owner="predict"),
    _bool("show_labels", True),
    _bool("show_conf", True),
    _bool("show_boxes", True, owner="predict"),
    _count("line_width", None, owner="predict"),
    # Export
    Argument("format", Kind.STR, "torchscript", owner="export"),
    _bool("optimize", False, owner="export"),
    _bool("dynamic", False, owner="export"),
    _bool("simplify", True, owner="export"),
    _count("opset", None, owner="export"),
    _number("workspace", None, owner="export"),
    # Hyperparameters
    _fraction("lr0", 0.01),
    _fraction("lrf", 0.01),
    _fraction("momentum", 0.937),
    _fraction("weight_decay", 0.0005),
    _number("warmup_epochs", 3.0),
    _fraction("warmup_momentum", 0.8),
    _fraction("warmup_bias_lr", 0.1),
    Argument("distill_model", Kind.STR, None, optional=True),
    _number("dis", 6.0),
    _number("box", 7.5),
    _number("cls", 0.5),
    _fraction("cls_pw", 0.0),
    _number("dfl", 1.5),
    _number("pose", 12.0),
    _number("kobj", 1.0),
    _number("rle", 1.0),
    _number("angle", 1.0),
    _number("dlog", 1.0),
    _number("dgrad", 0.5),
    _fraction("dlam", 1.0),
    _count("nbs", 64, 1),
    # Augmentation
    _fraction("hsv_h", 0.015),
    _fraction("hsv_s", 0.7),
    _fraction("hsv_v", 0.4),
    _number("degrees", 0.0),
    _fraction("translate", 0.1),
    Argument("scale", Kind.SCALE, 0.5, minimum=0.0, maximum=1.0),
    _number("shear", 0.0),
    _fraction("perspective", 0.0),
    _fraction("flipud", 0.0),
    _fraction("fliplr", 0.5),
    _fraction("bgr", 0.0),
    _fraction("mosaic", 1.0),
    _fraction("mixup", 0.0),
    _fraction("cutmix", 0.0),
    _fraction("copy_paste", 0.0),
    Argument("copy_paste_mode", Kind.STR, "flip", choices=("flip", "mixup")),
    Argument("auto_augment", Kind.STR, "randaugment", optional=True, choices=("randaugment", "autoaugment", "augmix")),
    _fraction("erasing", 0.4),
    Argument("cfg", Kind.STR, None, optional=True, owner="framework"),
    Argument("tracker", Kind.STR, "tracktrack.yaml", owner="predict"),
)

TRAIN_ARGUMENTS: dict[str, Argument] = {row.name: row for row in _ROWS}


@dataclass(frozen=True)
class _Refusal:
    """Why a key cannot be set, what to use instead, and the values that ask for nothing and may stand."""

    reason: str
    remedy: str
    harmless: tuple[Any, ...] = ()


_REFUSALS: dict[str, _Refusal] = {
    "project": _Refusal("runs lie under paths.root", "use paths.root=<folder>, and name=<name> for the run", (None,)),
    "exist_ok": _Refusal("a run is never overwritten", "leave it out: each run gets its own folder", (False, None)),
    "save_dir": _Refusal("yololab gives each run its folder", "use paths.root=<folder> and name=<name>", (None,)),
    "resume": _Refusal(
        "a finished last.pt would start a new training on coco8", "use `yololab resume RUN`", (False, None)
    ),
    "mode": _Refusal("the command is the mode", "use `yololab evaluate` for val, `yolo <mode> …` else", ("train",)),
    "save": _Refusal("a run without checkpoints leaves nothing to evaluate", "leave it out", (True,)),
    "split": _Refusal(
        "choosing the best epoch on another split than val spoils that split",
        "use `yololab evaluate … evaluation.split=<split>` after the training",
        ("val",),
    ),
    "task": _Refusal("the task is the model's", "choose a model of the task, e.g. model=yolo26n-seg.pt"),
    "cfg": _Refusal("a file of arguments is read from the command line only", "write its keys here instead", (None,)),
    "augmentations": _Refusal(
        "Albumentations transforms are Python objects", "use augmentation=<option> and its arguments"
    ),
    # Spellings that Ultralytics has given up
    "half": _Refusal("an old spelling", "use quantize=16 (for exports export.quantize=16)"),
    "int8": _Refusal("an old spelling", "use quantize=8 (for exports export.quantize=8)"),
    "end2end": _Refusal("an old spelling", "use nms=False for end2end=True, and leave nms out for end2end=False"),
    "boxes": _Refusal("an old spelling of show_boxes, which no training reads", "leave it out"),
    "hide_labels": _Refusal("an old spelling", "use show_labels=False"),
    "hide_conf": _Refusal("an old spelling", "use show_conf=False"),
    "line_thickness": _Refusal("an old spelling of line_width, which no training reads", "leave it out"),
    "label_smoothing": _Refusal("Ultralytics has removed it", "leave it out"),
    "save_hybrid": _Refusal("Ultralytics has removed it", "leave it out"),
    "crop_fraction": _Refusal("Ultralytics has removed it", "leave it out"),
    "keras": _Refusal("Ultralytics has removed it", "leave it out"),
}
_REFUSALS |= {
    row.name: _Refusal("exports have their own settings", f"use export.{row.name}=…")
    for row in _ROWS
    if row.owner == "export"
}
_REFUSALS |= {
    row.name: _Refusal("no training reads it", f"leave it out, or use `yolo predict … {row.name}=…`", (row.default,))
    for row in _ROWS
    if row.owner == "predict"
}

# What other trainers call an argument.
_OTHER_NAMES = {
    "batch_size": "batch",
    "image_size": "imgsz",
    "img_size": "imgsz",
    "img": "imgsz",
    "learning_rate": "lr0",
    "lr": "lr0",
    "max_epochs": "epochs",
    "num_epochs": "epochs",
    "num_workers": "workers",
    "early_stopping": "patience",
}


def user_arguments() -> dict[str, Argument]:
    """Return the arguments that a user sets at top level under their own names."""
    return {name: row for name, row in TRAIN_ARGUMENTS.items() if row.owner == "user"}


def check_value(name: str, value: Any) -> tuple[Any, Problem | None]:
    """Read the value of an argument as Ultralytics would.

    Args:
        name: A name of the table.
        value: The value, as YAML or the command line gave it.

    Returns:
        The value as Ultralytics would use it (`1e2` epochs are 100) and None, or the value as it came and the problem.
    """
    argument = TRAIN_ARGUMENTS[name]
    try:
        return read(argument, value), None
    except ValueError:
        return value, Problem(name, f"{value!r}", argument.allowed, _mending(argument, value))


def refusal(name: str, value: Any) -> Problem | None:
    """Return why `name=value` is refused, with the replacement, or None when it may stand.

    A refused key may carry the one value that asks for nothing, such as `save=True` or `mode=train`.
    """
    refused = _REFUSALS.get(name)
    if refused is None or any(type(value) is type(item) and value == item for item in refused.harmless):
        return None
    return Problem(name, f"{value!r} cannot be set: {refused.reason}", remedy=refused.remedy)


def nearest(name: str, candidates: Iterable[str]) -> list[str]:
    """Return at most three of `candidates` that `name` may have meant, the likeliest first.

    Example:
        >>> nearest("epoch", ["epochs", "batch", "patience"])
        ['epochs']
    """
    spelling = {candidate.lower(): candidate for candidate in candidates}
    other = _OTHER_NAMES.get(name.lower())
    close = [spelling[match] for match in get_close_matches(name.lower(), spelling, n=3, cutoff=0.6)]
    first = [other] if other in spelling else []
    return [*first, *(match for match in close if match not in first)][:3]


def _mending(argument: Argument, value: Any) -> str:
    """Return how a refused value could be written, when it shows what was meant."""
    if isinstance(value, str):
        try:
            number = read(argument, float(value))
        except ValueError:
            close = nearest(value, argument.choices)
            return f"did you mean {argument.name}={close[0]}?" if close else ""
        return f"write it as a number: {argument.name}={number}"
    if argument.kind is Kind.IMGSZ and isinstance(value, (list, tuple)) and all(isinstance(x, int) for x in value):
        return f"Ultralytics would train at the larger side: imgsz={max(value, default=argument.default)}"
    return ""
