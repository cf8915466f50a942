"""The sub-commands, and the words of `yolo` that are none of them."""

from __future__ import annotations

from dataclasses import dataclass

from yololab.errors import Problem


@dataclass(frozen=True)
class Command:
    """One sub-command.

    Attributes:
        module: The module below `cli/commands/` that runs it.
        usage: How it is called.
        operands: How few and how many operands it takes; None for a command that takes overrides, like `train`.
        text_operand: The operand that is free text, whatever stands in it.
        mode: The mode of `yolo` that the command stands for.
        sweeps: Whether it takes `-m`.
        protocol: Arguments that the command does not read at top level, since they lie under `evaluation.*`.
    """

    module: str
    usage: str
    operands: tuple[int, int] | None = None
    text_operand: int | None = None
    mode: str | None = None
    sweeps: bool = False
    protocol: frozenset[str] = frozenset()


_PROTOCOL = frozenset(
    {"agnostic_nms", "augment", "batch", "conf", "iou", "max_det", "nms", "plots", "quantize", "rect"}
)

COMMANDS: dict[str, Command] = {
    "train": Command("runs.train", "yololab train [key=value …]", mode="train", sweeps=True),
    "check": Command("data.check", "yololab check data=path/data.yaml"),
    "estimate": Command("runs.estimate", "yololab estimate [key=value …]", sweeps=True),
    "evaluate": Command(
        "models.evaluate", "yololab evaluate model=best.pt data=path/data.yaml", mode="val", protocol=_PROTOCOL
    ),
    "compare": Command("models.compare", "yololab compare CURRENT [BASELINE]", (1, 2)),
    "promote": Command("models.promote", "yololab promote RUN_OR_SWEEP", (1, 1)),
    "runs": Command("project.runs", "yololab runs", (0, 0)),
    "note": Command("project.note", 'yololab note RUN "text"', (2, 2), text_operand=1),
    "resume": Command("runs.resume", "yololab resume RUN_OR_SWEEP", (1, 1)),
    "rerun": Command("runs.rerun", "yololab rerun RUN", (1, 1)),
    "report": Command("project.report", "yololab report RUN_OR_SWEEP", (1, 1)),
    "clean": Command("project.clean", "yololab clean SWEEP_OR_FOLDER", (1, 1)),
}

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
    "predict": "use `yolo predict …`",
    "export": "use `yolo export …`; a run exports its best model by export=<option>",
    "track": "use `yolo track …`",
    "benchmark": "use `yolo benchmark …`",
}

_SPECIAL = ("checks", "settings", "cfg", "login", "logout", "copy-cfg", "solutions")
SPECIAL_WORDS: dict[str, str] = {
    spelling: f"use `yolo {word}`"
    for word in _SPECIAL
    for spelling in (word, word.removesuffix("s"))
    if spelling not in COMMANDS
}


def mode_problem(mode: object) -> Problem:
    """Return the problem of a mode that the command does not stand for."""
    if mode in MODES:
        return Problem(f"mode {mode}", "not a mode of this command", remedy=MODES[str(mode)])
    return Problem("mode", f"{mode!r}", f"one of {', '.join(MODES)}")


def count_problem(name: str, operands: tuple[str, ...]) -> Problem | None:
    """Return the problem of a wrong number of operands, or None."""
    command = COMMANDS[name]
    if command.operands is None:
        return None
    fewest, most = command.operands
    if fewest <= len(operands) <= most:
        return None
    found = f"{len(operands)} operand{'s' if len(operands) != 1 else ''}"
    given = f": {' '.join(operands)}" if operands else ""
    return Problem(name, found + given, command.usage)
