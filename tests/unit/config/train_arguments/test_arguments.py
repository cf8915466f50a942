"""The table of train arguments against the installed Ultralytics, and our own stricter rules."""

import ast
import copy
import inspect
import math
import re
from types import ModuleType

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from yololab.config.nearest import nearest
from yololab.config.reading import PRECISIONS
from yololab.config.settings import Kind
from yololab.config.train_arguments.arguments import (
    COMPILE_MODES,
    LARGEST_SEED,
    OPTIMIZERS,
    TRAIN_ARGUMENTS,
    USER_ARGUMENTS,
    read_argument,
)
from yololab.config.train_arguments.refusals import refusal
from yololab.errors import InputError, Problem

# Arguments of which Ultralytics takes more before the training than it can use in it, each with such a value.
STRICTER = {
    "auto_augment": "mirror",
    "batch": 1.5,
    "cache": "tape",
    "classes": "person",
    "compile": "fastest",
    "copy_paste_mode": "both",
    "distill_model": 3,
    "freeze": "first",
    "imgsz": (640, 480),
    "name": "../elsewhere",
    "optimizer": "Lion",
    "pretrained": 1,
    "seed": LARGEST_SEED + 1,
}


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> ModuleType:
    """`ultralytics.cfg`, imported with a settings folder of its own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("YOLO_CONFIG_DIR", str(tmp_path_factory.mktemp("settings")))
        import ultralytics.cfg

        return ultralytics.cfg


@pytest.mark.torch
def test_the_table_has_the_names_and_defaults_of_the_installed_default_yaml(reference: ModuleType):
    installed = reference.DEFAULT_CFG_DICT
    assert set(TRAIN_ARGUMENTS) == set(installed)
    ours = {name: (type(row.default), row.default) for name, row in TRAIN_ARGUMENTS.items()}
    assert ours == {name: (type(value), value) for name, value in installed.items()}


@pytest.mark.torch
def test_the_kinds_and_ranges_are_those_of_the_installed_key_sets(reference: ModuleType):
    def names(kind: Kind, **limits: float | None) -> set[str]:
        rows = [row for row in TRAIN_ARGUMENTS.values() if row.kind is kind]
        return {row.name for row in rows if all(getattr(row, limit) == value for limit, value in limits.items())}

    assert names(Kind.FLOAT, at_least=None, at_most=None) | names(Kind.BATCH) == reference.CFG_FLOAT_KEYS
    assert names(Kind.FLOAT, at_least=0.0, at_most=1.0) | names(Kind.SUBSET) == reference.CFG_FRACTION_KEYS
    assert names(Kind.INT) == reference.CFG_INT_KEYS
    assert names(Kind.BOOL) == reference.CFG_BOOL_KEYS
    assert names(Kind.STR) >= reference.CFG_STR_KEYS
    minimums = {name: TRAIN_ARGUMENTS[name].at_least for name in reference.CFG_INT_KEYS}
    assert {name: low for name, low in minimums.items() if low is not None} == reference.CFG_INT_MIN
    assert PRECISIONS == reference.QUANTIZE_ALIASES


@pytest.mark.torch
def test_the_optimizers_are_those_that_the_installed_trainer_builds(reference: ModuleType):
    from ultralytics.engine.trainer import BaseTrainer

    source = inspect.getsource(BaseTrainer.build_optimizer)
    match = re.search(r"optimizers = (\{[^}]*\})", source)
    assert match is not None
    assert set(OPTIMIZERS) == ast.literal_eval(match[1])


def test_the_largest_seed_is_the_largest_that_numpy_takes():
    np.random.RandomState(LARGEST_SEED)
    with pytest.raises(ValueError, match="Seed"):
        np.random.RandomState(LARGEST_SEED + 1)


@pytest.mark.torch
def test_null_is_allowed_where_the_installed_check_allows_it(reference: ModuleType):
    for name, row in USER_ARGUMENTS.items():
        assert row.optional == _accepts(reference, name, None)[0] or name == "imgsz", name


WORDS = [
    "",
    "0.5",
    "1e2",
    "true",
    "auto",
    "ram",
    "FP16",
    "bf16",
    "int8",
    "w8a16",
    "sgd",
    "AdamW",
    "flip",
    "val",
    "default",
]
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 700),
    st.integers(),
    st.floats(-0.5, 1.5),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from([0.0, 1.0, 2.0, 1e2, -1.0]),
    st.sampled_from(WORDS),
    st.text(max_size=5),
)
VALUES = SCALARS | st.lists(SCALARS, max_size=3) | st.lists(st.floats(0, 1) | st.integers(0, 3), min_size=2, max_size=3)


@pytest.mark.torch
@pytest.mark.parametrize("name", sorted(set(USER_ARGUMENTS) - set(STRICTER)))
@settings(max_examples=25, deadline=None)
@given(value=VALUES)
@example(value=1e2)
@example(value=10**400)
def test_a_value_is_accepted_and_read_as_the_installed_check_does(name: str, value: object, reference: ModuleType):
    accepted, expected = _accepts(reference, name, value)
    read, problem = check_value(name, value)
    assert (problem is None) == accepted, f"{name}={value!r}"
    if accepted:
        assert read == expected
        assert isinstance(read, type(expected)) or isinstance(expected, bool)


@pytest.mark.torch
@pytest.mark.parametrize("name", sorted(STRICTER))
@settings(max_examples=25, deadline=None)
@given(value=VALUES)
def test_a_stricter_argument_takes_nothing_that_the_installed_check_refuses(
    name: str, value: object, reference: ModuleType
):
    read, problem = check_value(name, value)
    if problem is None:
        assert _accepts(reference, name, value)[0], f"{name}={value!r}"
        assert _accepts(reference, name, read)[0], f"{name}={read!r}"


@pytest.mark.torch
@pytest.mark.parametrize(("name", "value"), STRICTER.items())
def test_a_stricter_argument_is_stricter(name: str, value: object, reference: ModuleType):
    assert _accepts(reference, name, value)[0]
    problem = check_value(name, value)[1]
    assert problem is not None
    assert problem.where == name
    assert repr(value) in problem.found
    assert problem.allowed


@pytest.mark.parametrize("name", [name for name, row in USER_ARGUMENTS.items() if row.kind is not Kind.NAME])
@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_number_that_is_not_finite_is_refused(name: str, value: float):
    assert check_value(name, value)[1] is not None


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("epochs", 1e2, 100),
        ("epochs", 3.0, 3),
        ("mosaic", False, 0),
        ("amp", "BF16", "bf16"),
        ("amp", True, True),
        ("optimizer", "adamw", "AdamW"),
        ("optimizer", "musgd", "MuSGD"),
        ("cache", "RAM", "ram"),
        ("cache", None, None),
        ("batch", 16.0, 16),
        ("batch", 0.7, 0.7),
        ("batch", -1, -1),
        ("imgsz", [320, 320], 320),
        ("imgsz", [320], 320),
        ("imgsz", "640", 640),
        ("freeze", (0, 1), [0, 1]),
        ("freeze", [0, "23.cv2"], [0, "23.cv2"]),
        ("freeze", 10, 10),
        ("classes", (0, 2), [0, 2]),
        ("classes", 0, 0),
        ("scale", (0.3, 0.7), [0.3, 0.7]),
        ("fraction", (0.8, 1), [0.8, 1.0]),
        ("fraction", 1, 1.0),
        ("fraction", 200, 200),
        ("quantize", "FP16", 16),
        ("name", 7, "7"),
        ("name", "exp 1", "exp 1"),
        ("name", "model", None),
        ("pretrained", "runs/best.pt", "runs/best.pt"),
        ("auto_augment", None, None),
        ("time", 0.5, 0.5),
    ],
)
def test_a_value_becomes_what_ultralytics_would_use(name: str, value: object, expected: object):
    read, problem = check_value(name, value)
    assert problem is None
    assert read == expected
    assert type(read) is type(expected)


@pytest.mark.parametrize(
    ("name", "value", "remedy"),
    [
        ("lr0", "1e-3", "lr0=0.001"),
        ("epochs", "50", "epochs=50"),
        ("optimizer", "AdamX", "optimizer=Adam"),
        ("imgsz", [480, 640], "imgsz=640"),
    ],
)
def test_the_remedy_shows_how_to_write_it(name: str, value: object, remedy: str):
    problem = check_value(name, value)[1]
    assert problem is not None
    assert remedy in problem.remedy


def test_the_message_says_the_range():
    assert [str(check_value(name, value)[1]) for name, value in [("lr0", 3), ("epochs", 0), ("rect", 1)]] == [
        "lr0: 3\n    allowed: a number from 0 to 1",
        "epochs: 0\n    allowed: a whole number of at least 1",
        "rect: 1\n    allowed: true or false",
    ]


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("project", "runs", "paths.root"),
        ("exist_ok", True, "own folder"),
        ("save_dir", "/x", "paths.root"),
        ("resume", True, "yololab resume"),
        ("resume", "last.pt", "yololab resume"),
        ("mode", "val", "yololab evaluate"),
        ("save", False, "leave it out"),
        ("split", "test", "evaluation.split"),
        ("task", "pose", "model"),
        ("cfg", "a.yaml", "keys"),
        ("format", "onnx", "export.format=…"),
        ("format", "torchscript", "export.format=…"),
        ("workspace", 4, "export.workspace=…"),
        ("show", True, "yolo predict"),
        ("source", "a.jpg", "yolo predict"),
        ("tracker", "botsort.yaml", "yolo predict"),
        ("half", True, "quantize=16"),
        ("int8", True, "quantize=8"),
        ("end2end", True, "nms=False"),
    ],
)
def test_a_key_that_is_not_the_users_is_refused_with_its_replacement(name: str, value: object, words: str):
    problem = refusal(name, value)
    assert problem is not None
    assert problem.where == name
    assert repr(value) in problem.found
    assert words in problem.remedy


@pytest.mark.parametrize(
    ("name", "value"),
    [("save", True), ("mode", "train"), ("split", "val"), ("resume", False), ("exist_ok", False), ("project", None)]
    + [(row.name, row.default) for row in TRAIN_ARGUMENTS.values() if row.owner == "predict"],
)
def test_a_value_that_asks_for_nothing_may_stand(name: str, value: object):
    assert refusal(name, value) is None


def test_every_argument_is_the_users_or_a_groups_or_refused():
    for name, row in TRAIN_ARGUMENTS.items():
        if row.owner == "user" or row.owner.startswith("group:"):
            assert refusal(name, "anything") is None
        else:
            assert refusal(name, "anything") is not None, name
    assert {name for name, row in TRAIN_ARGUMENTS.items() if row.owner.startswith("group:")} == {
        "model",
        "data",
        "device",
    }


@pytest.mark.torch
def test_every_spelling_that_the_installed_ultralytics_has_given_up_is_refused(reference: ModuleType):
    source = inspect.getsource(reference._handle_deprecation)
    removed = re.search(r"removed_keys = (\{[^}]*\})", source)
    assert removed is not None
    mapped = re.findall(r'"(\w+)": \("', source)
    popped = re.findall(r'custom\.pop\("(\w+)"', source)
    old = {*mapped, *popped, *ast.literal_eval(removed[1])}
    assert len(old) >= 11
    for name in sorted(old):
        assert name not in TRAIN_ARGUMENTS
        assert refusal(name, True) is not None, name


@pytest.mark.torch
def test_predict_arguments_are_read_by_no_training(reference: ModuleType):
    from ultralytics.engine import trainer, validator
    from ultralytics.models.yolo.detect import train, val

    read = {
        name for module in (trainer, train, val) for name in re.findall(r"\bargs\.(\w+)", inspect.getsource(module))
    }
    read |= set(re.findall(r"\bargs\.(\w+)", inspect.getsource(validator.BaseValidator.__call__)))
    refused = {name for name, row in TRAIN_ARGUMENTS.items() if row.owner == "predict"}
    assert refused & read == {"dnn"}  # of an ONNX file alone, which no training has
    assert {"save_txt", "visualize", "show_labels", "augment"} <= read & set(USER_ARGUMENTS)


@pytest.mark.parametrize(
    ("name", "first"),
    [("epoch", "epochs"), ("lr", "lr0"), ("learning_rate", "lr0"), ("batch_size", "batch"), ("IMGSZ", "imgsz")],
)
def test_nearest_finds_what_was_meant(name: str, first: str):
    assert nearest(name, TRAIN_ARGUMENTS)[0] == first


def test_nearest_finds_nothing_when_nothing_is_near():
    assert nearest("zzzz", TRAIN_ARGUMENTS) == []
    assert nearest("lr", ["patience"]) == []


@pytest.mark.torch
def test_the_modes_of_compile_are_known_to_torch():
    import torch

    for mode in COMPILE_MODES:
        torch.compile(torch.nn.Identity(), mode=mode)
    with pytest.raises(RuntimeError):
        torch.compile(torch.nn.Identity(), mode="fastest")


def check_value(name: str, value: object) -> tuple[object, Problem | None]:
    """What our reader makes of a value, or the problem that it has with it."""
    try:
        return read_argument(name, value), None
    except InputError as error:
        (problem,) = error.problems
        return value, problem


def _accepts(reference: ModuleType, name: str, value: object) -> tuple[bool, object]:
    """What the installed check says of a value, and what it turns it into."""
    config = {name: copy.deepcopy(value)}
    try:
        reference.check_cfg(config, hard=True)
    except (TypeError, ValueError):
        return False, None
    return True, config[name]
