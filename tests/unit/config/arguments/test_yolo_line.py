"""The tokens of a line, by `yolo`'s rules or as the operands of a command."""

from __future__ import annotations

import pytest

from yololab.config.arguments.commands import Syntax
from yololab.config.arguments.flags import take_flags
from yololab.config.arguments.yolo_line import read_line

COMMANDS = {
    "train": Syntax(mode="train", multirun=True),
    "compare": Syntax("yololab compare CURRENT [BASELINE]", (1, 2), json=True),
    "note": Syntax('yololab note RUN "text"', (2, 2), text_operand=1),
}
GROUPS = {"model": ["yolo26n"], "device": ["cpu"]}


def line_of(*argv: str):
    return read_line(take_flags(argv), COMMANDS, GROUPS)


def settings_of(*argv: str) -> dict[str, str]:
    line = line_of(*argv)
    assert line.problems == []
    return {target: assignment.text for target, assignment in line.assignments.items()}


@pytest.mark.parametrize(
    ("argv", "settings"),
    [
        (("epochs", "=", "3"), {"epochs": "3"}),
        (("epochs=", "3"), {"epochs": "3"}),
        (("--epochs", "3"), {"epochs": "3"}),
        (("--epochs=3,", "lr0=0.1,"), {"epochs": "3", "lr0": "0.1"}),
        (("cos_lr",), {"cos_lr": "True"}),
        (("--cos_lr", "--lr0", "0.1"), {"cos_lr": "True", "lr0": "0.1"}),
        (("--cos_lr", "False"), {"cos_lr": "False"}),
        (("lr0=1", "lr0=2"), {"lr0": "2"}),
        (("scale=[0.3,", "0.7]"), {"scale": "[0.3,0.7]"}),
        (("notes=a = b, ", "x.y=1"), {"notes": "a = b, ", "x.y": "1"}),
    ],
)
def test_settings_are_read_as_yolo_reads_them(argv, settings):
    assert settings_of(*argv) == settings


def test_task_mode_and_files_stand_anywhere():
    line = line_of("segment", "train", "cfg=a.yaml", "mode=val", "cfg=b.yaml", "~lr0")
    assert (line.task, line.command, line.mode) == ("segment", "train", "val")
    assert line.files == ["a.yaml", "b.yaml"]
    assert line.deletions == ["~lr0"]


def test_operands_are_told_from_settings_and_free_text_is_neither():
    line = line_of("compare", "a", "b=c/metrics.json", "baseline.gate=none")
    assert line.operands == ["a"]
    assert line.assignments.keys() == {"b", "baseline.gate"}
    assert line_of("note", "run", "lr0=0.1 was too much").operands == ["run", "lr0=0.1 was too much"]


@pytest.mark.parametrize(
    ("argv", "says"),
    [
        (("train", "note"), "comes first"),
        (("best.pt",), "write model=best.pt"),
        (("data.yaml",), "write data=data.yaml"),
        (("epochs",), "write epochs=<value>"),
        (("model",), "write model=<value>"),
        (("trian",), "did you mean train"),
        (("=3",), "no key before"),
        (("scale=[1",), "bracket"),
        (("task=walk",), "task"),
        (("settings",), "yolo settings"),
        (("compare",), "compare CURRENT [BASELINE]"),
        (("compare", "a", "--force"), "no flag of compare"),
    ],
)
def test_what_means_nothing_says_what_might(argv, says):
    assert any(says in str(problem) for problem in line_of(*argv).problems)


def test_help_on_a_command():
    line = line_of("help", "note")
    assert (line.command, line.help) == ("note", True)
    assert line_of("note", "help").help
