"""What the reader of a command line knows of commands: ours, as their table says, and those of `yolo`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from yololab.errors import Problem
from yololab.text import counted, one_of

_PROTOCOL_ARGUMENTS = frozenset(
    {"agnostic_nms", "augment", "batch", "conf", "iou", "max_det", "nms", "plots", "quantize", "rect"}
)


@dataclass(frozen=True)
class Syntax:
    """How one command of ours is written.

    Attributes:
        usage: The command with its arguments, for messages.
        operands: How few and how many operands it takes; None for a command that takes only settings, like `train`.
        text_operand: The operand that is free text, whatever stands in it.
        mode: The mode of `yolo` that the command stands for.
        multirun: Whether it takes `-m`.
        json: Whether it takes `--json`.
        flags: Its other flags.
        filters: Whether its operands are filters: `key=value` is one of them, and no setting.
        own: What it reads as `key=value` that is no setting of an experiment; of a command without operands these are
            all the operands that it has.
    """

    usage: str = "yololab [key=value …]"
    operands: tuple[int, int] | None = None
    text_operand: int | None = None
    mode: str | None = None
    multirun: bool = False
    json: bool = False
    flags: frozenset[str] = frozenset()
    filters: bool = False
    own: frozenset[str] = frozenset()

    @property
    def protocol(self) -> frozenset[str]:
        """Arguments that are not read at top level, since the pinned protocol lies under `evaluation.*`."""
        return _PROTOCOL_ARGUMENTS if self.mode == "val" else frozenset()


# The tasks of Ultralytics, each with the model that `yolo <task> train` takes when none is named; None is our default.
TASK_MODELS: dict[str, str | None] = {
    "detect": None,
    "segment": "yolo26n-seg.pt",
    "semantic": "yolo26n-sem.pt",
    "depth": "yolo26n-depth.pt",
    "classify": "yolo26n-cls.pt",
    "pose": "yolo26n-pose.pt",
    "obb": "yolo26n-obb.pt",
}

MODES: dict[str, str] = {
    "train": "use `yololab train …`",
    "val": "use `yololab evaluate model=… data=…`",
    "predict": "use `yololab predict SOURCE model=…`",
    "export": "use `yolo export …`; a run exports its best model by export=<option>",
    "track": "use `yolo track …`",
    "benchmark": "use `yolo benchmark …`",
}

# `yolo` takes the singular of these as well; `check` is a command of ours.
_SPECIAL = ("checks", "settings", "setting", "cfg", "login", "logout", "copy-cfg", "solutions", "solution")
SPECIAL_COMMANDS: dict[str, str] = {name: f"use `yolo {name}`" for name in _SPECIAL}


def mode_problem(mode: object) -> Problem:
    """Return the problem of a mode that the command does not stand for."""
    if mode in MODES:
        return Problem(f"mode {mode}", "not a mode of this command", remedy=MODES[str(mode)])
    return Problem("mode", f"{mode!r}", one_of(MODES))


def flag_problem(flag: str, takers: Mapping[str, bool]) -> Problem:
    """Return the problem of a flag that the command does not take.

    Args:
        flag: The flag.
        takers: Each command with whether it takes the flag.
    """
    names = ", ".join(name for name, takes in takers.items() if takes)
    return Problem(flag, "not a flag of this command", f"with {names}")


def count_problem(name: str, syntax: Syntax, operands: Sequence[str]) -> Problem | None:
    """Return the problem of a wrong number of operands, or None."""
    if syntax.operands is None or syntax.operands[0] <= len(operands) <= syntax.operands[1]:
        return None
    found = counted(len(operands), "operand")
    given = f": {' '.join(operands)}" if operands else ""
    return Problem(name, found + given, syntax.usage, f"`yololab {name} --help` explains them")
