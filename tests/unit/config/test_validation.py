"""What the validation hands on: each argument of Ultralytics reaches the training under its own name."""

from __future__ import annotations

from typing import Any

import pytest

from yololab.config.defaults import default_tree
from yololab.config.settings import Kind, Setting
from yololab.config.train_arguments.arguments import USER_ARGUMENTS
from yololab.config.validation import training_arguments, validate

# A value of each kind that is nobody's default.
VALUES: dict[Any, Any] = {
    Kind.BATCH: 7,
    Kind.CLASSES: [1, 3],
    Kind.FLOAT: 0.123,
    Kind.FREEZE: 5,
    Kind.IMGSZ: 96,
    Kind.INT: 17,
    Kind.NAME: "mine",
    Kind.QUANTIZE: 8,
    Kind.SCALE: 0.321,
    Kind.SUBSET: 0.5,
}


def another_value(argument: Setting) -> Any:
    if argument.kind in (Kind.BOOL, Kind.SWITCH):
        return argument.default is not True
    if argument.kind is Kind.STR:
        return next((choice for choice in argument.choices if choice != argument.default), "teacher.pt")
    return VALUES[argument.kind]


@pytest.mark.parametrize("name", [name for name in USER_ARGUMENTS if name != "pretrained"])
def test_an_argument_reaches_the_training(name):
    value = another_value(USER_ARGUMENTS[name])
    tree = default_tree() | {"optimizer": "AdamW"}  # auto goes with no lr0 and no momentum of one's own
    usual = training_arguments(validate(tree))
    changed = training_arguments(validate(tree | {name: value}, {name}))
    assert usual[name] != value
    assert changed == usual | {name: value}
