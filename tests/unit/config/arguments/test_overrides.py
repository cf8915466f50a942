"""One `key=value` as an override of Hydra."""

from __future__ import annotations

import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser

from yololab.config.arguments.overrides import Assignment, file_override_of, override_of
from yololab.config.hydra.grammar import decode_free
from yololab.errors import InputError

GROUPS = {"model": ["yolo26n", "yolo26s"], "hparams": ["default", "finetune"]}


def value_of(override: str | None):
    """What Hydra reads."""
    assert override is not None
    (parsed,) = OverridesParser.create().parse_overrides([override])
    return parsed.value()


@pytest.mark.parametrize(
    ("key", "text", "value"),
    [
        ("epochs", "1e2", 100),
        ("lr0", ".005", 0.005),
        ("freeze", "0,1", [0, 1]),
        ("scale", "(0.3, 0.7)", [0.3, 0.7]),
        ("time", "None", None),
        ("name", "None", None),
        ("cos_lr", "true", True),
        ("baseline.gate", "none", "none"),
        ("baseline.guards", "{recall: 0.8}", {"recall": 0.8}),
        ("notes", "a, b = ${c}", "a, b = ${c}"),
    ],
)
def test_values_are_read_by_ultralytics_rules_and_reach_hydra_unchanged(key, text, value):
    found = value_of(override_of(Assignment(key, text), GROUPS, multirun=False))
    assert found == value or str(found).replace("\\", "") == value


def test_marks_and_packages_stay_where_they_were():
    assignment = Assignment("hparams", "finetune", "+", "@x")
    assert override_of(assignment, GROUPS, multirun=False) == "+hparams@x=finetune"
    assert assignment.target == "hparams@x"


def test_a_file_is_packed_into_the_name_of_an_option():
    override = override_of(Assignment("model", "./a b,c.pt"), GROUPS, multirun=False)
    assert decode_free(override.removeprefix("model=")) == "./a b,c.pt"


@pytest.mark.parametrize(
    ("key", "text"), [("lr0", "0.1,0.2"), ("lr0", "interval(0.1,0.2)"), ("hparams", "default,finetune")]
)
def test_several_values_are_a_sweep_only_when_one_is_asked_for(key, text):
    with pytest.raises(InputError, match=r"yololab -m"):
        override_of(Assignment(key, text), GROUPS, multirun=False)
    override = override_of(Assignment(key, text), GROUPS, multirun=True)
    assert OverridesParser.create().parse_overrides([override])[0].is_sweep_override()


@pytest.mark.parametrize(("key", "text"), [("mode", "train"), ("save", "True"), ("exist_ok", "False")])
def test_what_asks_for_nothing_is_left_out(key, text):
    assert override_of(Assignment(key, text), GROUPS, multirun=False) is None


def test_a_file_may_be_a_full_copy_of_ultralytics_own():
    assert file_override_of("format", "torchscript", GROUPS) is None
    assert value_of(file_override_of("lr0", 0.02, GROUPS)) == 0.02
    with pytest.raises(InputError, match=r"export\.format"):
        file_override_of("format", "onnx", GROUPS)
    with pytest.raises(InputError, match="did you mean epochs"):
        file_override_of("epoch", 3, GROUPS)
