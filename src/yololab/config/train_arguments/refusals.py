"""Why a key is refused that Ultralytics takes, and what to use instead."""

from dataclasses import dataclass
from typing import Any

from yololab.config.train_arguments.arguments import TRAIN_ARGUMENTS
from yololab.errors import Problem


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
    for row in TRAIN_ARGUMENTS.values()
    if row.owner == "export"
}
_REFUSALS |= {
    row.name: _Refusal("no training reads it", f"leave it out, or use `yolo predict … {row.name}=…`", (row.default,))
    for row in TRAIN_ARGUMENTS.values()
    if row.owner == "predict"
}


def refusal(name: str, value: Any) -> Problem | None:
    """Return why `name=value` is refused, with the replacement, or None when it may stand.

    A refused key may carry the one value that asks for nothing, such as `save=True` or `mode=train`.
    """
    refused = _REFUSALS.get(name)
    if refused is None or any(type(value) is type(item) and value == item for item in refused.harmless):
        return None
    return Problem(name, f"{value!r} cannot be set: {refused.reason}", remedy=refused.remedy)
