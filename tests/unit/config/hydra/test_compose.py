"""Groups, composition, the schema and the door."""

from __future__ import annotations

import functools
from pathlib import Path

import pytest
import yaml

from yololab.config.defaults import default_tree
from yololab.config.differences import changed_settings
from yololab.config.folders import conf_dir, group_options
from yololab.config.hydra.compose import Composed, compose_experiment
from yololab.config.hydra.grammar import encode_free
from yololab.config.schema import GROUP_CLASSES
from yololab.config.train_arguments.arguments import TRAIN_ARGUMENTS, USER_ARGUMENTS
from yololab.config.validation import known_keys, training_arguments, validate
from yololab.data.dataset.locate import BUILTIN
from yololab.data.shapes.builtin import VARIANTS
from yololab.errors import InputError
from yololab.ultralytics_adapter.isolation.installed import (
    downloadable_assets,
    package_folder,
    packaged_datasets_folder,
    packaged_model_names,
)


def default_arguments() -> dict:
    """Ultralytics' arguments and their defaults."""
    return yaml.safe_load((package_folder() / "cfg/default.yaml").read_text(encoding="utf-8"))


SEED = {
    "epochs": 100,
    "imgsz": 640,
    "batch": 16,
    "patience": 20,
    "lr0": 0.01,
    "lrf": 0.01,
    "momentum": 0.937,
    "weight_decay": 0.0005,
    "hsv_h": 0.015,
    "hsv_s": 0.7,
    "hsv_v": 0.4,
    "degrees": 0.0,
    "translate": 0.1,
    "scale": 0.5,
    "fliplr": 0.5,
    "mosaic": 1.0,
}

# Everything in which a run without overrides deviates from Ultralytics' default.yaml, and nothing else.
DEVIATIONS = {
    "patience": (100, 20),  # enough for most datasets
    "optimizer": ("auto", "SGD"),  # auto would discard lr0 and momentum
    "verbose": (True, False),  # Ultralytics' lines go to the log
    # null at top level leaves them to their group, whose default is Ultralytics'
    "amp": (True, None),
    "compile": (False, None),
    "workers": (8, None),
    "pretrained": (True, None),
}


def problems_of(*overrides: str) -> dict[str, str]:
    with pytest.raises(InputError) as caught:
        compose_experiment(overrides)
    return {problem.where: str(problem) for problem in caught.value.problems}


@functools.cache
def defaults() -> Composed:
    return compose_experiment([])


OPTIONS = [(group, option) for group, options in group_options(Path("/nowhere")).items() for option in options]


def test_every_group_is_there_with_its_options():
    groups = group_options(Path("/nowhere"))
    own = {"approval", "augmentation", "data", "device", "experiment", "export", "hparams", "model", "search"}
    assert set(groups) == own
    assert len(OPTIONS) == len([f for group in own for f in (conf_dir() / group).rglob("*.yaml")])
    assert {"default", "finetune", "scratch", "quick"} <= set(groups["hparams"])
    assert {"default", "none", "light", "heavy"} <= set(groups["augmentation"])
    assert set(groups["device"]) == {"auto", "cpu", "gpu", "multi_gpu", "mps"}
    assert {f"{family}{size}" for family in ("yolo26", "yolo11") for size in "nsmlx"} <= set(groups["model"])


def content_of(group: str, option: str) -> dict[str, object]:
    return yaml.safe_load((conf_dir() / group / f"{option}.yaml").read_text(encoding="utf-8")) or {}


def shape_of(group: str, option: str) -> tuple[str, ...]:
    """Return what decides how an option composes: its keys and the kinds of their values."""
    return (group, *(f"{key}:{type(value).__name__}" for key, value in sorted(content_of(group, option).items())))


# There are a hundred models and as many datasets, each a name in the same one or two keys: one of a kind is composed.
FIRST_OF_ITS_SHAPE: dict[tuple[str, ...], str] = {}
for _group, _option in OPTIONS:
    FIRST_OF_ITS_SHAPE.setdefault(
        shape_of(_group, _option) if _group in ("model", "data") else (_group, _option), _option
    )


def together() -> list[dict[str, str]]:
    """Return rows of one option a group, so that each option is in one: composing takes most of the time here.

    A recipe chooses options itself, and is composed alone.
    """
    columns: dict[str, list[str]] = {}
    for (group, *_), option in FIRST_OF_ITS_SHAPE.items():
        columns.setdefault(group, []).append(option)
    recipes = [{"experiment": option} for option in columns.pop("experiment")]
    most = max(len(options) for options in columns.values())
    return recipes + [{g: options[row] for g, options in columns.items() if row < len(options)} for row in range(most)]


ROWS = together()


@functools.cache
def composed_row(number: int) -> Composed:
    return compose_experiment([f"{group}={option}" for group, option in ROWS[number].items()])


def composed_with(group: str, option: str) -> Composed:
    return composed_row(next(number for number, row in enumerate(ROWS) if row.get(group) == option))


@pytest.mark.parametrize("number", range(len(ROWS)), ids=[",".join(row.values()) for row in ROWS])
def test_every_option_composes_and_is_valid(number):
    composed = composed_row(number)
    assert {group: composed.choices[group] for group in ROWS[number]} == ROWS[number]
    assert composed.experiment.train.optimizer != "auto"


@pytest.mark.parametrize("option", group_options(Path("/nowhere"))["model"])
def test_every_model_is_one_that_the_installed_package_has(option):
    """Pretrained where it lists the weights, from scratch where it has only the architecture."""
    model = content_of("model", option)
    assert model["pretrained"] is (f"{option}.pt" in downloadable_assets())
    assert model["weights"] == f"{option}.{'pt' if model['pretrained'] else 'yaml'}"
    assert f"{option}.yaml" in packaged_model_names()


def test_every_size_of_every_task_is_an_option():
    sizes, tasks = "nsmlx", ("", "-seg", "-pose", "-obb", "-cls", "-sem", "-depth")
    named = {f"{f}{s}{t}" for f in ("yolo26", "yolo11", "yolo12", "yolov8") for s in sizes for t in tasks}
    there = {name for name in named if f"{name}.yaml" in packaged_model_names()} | {"rtdetr-l", "rtdetr-x"}
    assert set(group_options(Path("/nowhere"))["model"]) == there
    assert len(there) == 5 * (7 + 5 + 5 + 5) + 2


@pytest.mark.parametrize("option", group_options(Path("/nowhere"))["data"])
def test_every_dataset_is_one_that_the_installed_package_has(option):
    source = str(content_of("data", option)["source"])
    if source.startswith(BUILTIN):
        assert source.removeprefix(BUILTIN) in VARIANTS
    elif source.endswith(".yaml"):
        assert (packaged_datasets_folder() / source).is_file()
    else:  # a classification dataset has no file; the package names it where it lists a dataset for each task
        assert f'"classify": "{source}"' in (packaged_datasets_folder().parent / "__init__.py").read_text()


def test_every_dataset_of_the_package_is_an_option():
    options = group_options(Path("/nowhere"))["data"]
    sources = {content_of("data", option)["source"] for option in options}
    shipped = {file.name for file in packaged_datasets_folder().glob("*.yaml")}
    # a classification dataset is a folder; this file holds the names of its classes only
    assert shipped - sources == {"ImageNet.yaml"}
    assert {f"{BUILTIN}{variant}" for variant in VARIANTS} <= sources


def test_the_documented_values_are_the_defaults():
    train = vars(defaults().experiment.train)
    assert {key: train[key] for key in SEED} == SEED


@pytest.mark.heavy
def test_defaults_are_those_of_ultralytics_but_for_a_listed_few():
    train = vars(defaults().experiment.train)
    found = {
        name: (default_arguments()[name], train[name])
        for name in train
        if train[name] != default_arguments()[name] and not (train[name] is None and name == "channels_last")
    }
    assert found == DEVIATIONS
    device = defaults().experiment.device
    assert {n: getattr(device, n) for n in ("amp", "compile", "workers", "channels_last")} == {
        n: default_arguments()[n] for n in ("amp", "compile", "workers", "channels_last")
    }


def test_every_argument_of_ultralytics_is_the_users_or_is_refused_with_a_reason():
    assert set(TRAIN_ARGUMENTS) == set(default_arguments())
    tree = default_tree()
    for name in default_arguments():
        if name in USER_ARGUMENTS:
            assert name in tree
        elif name not in GROUP_CLASSES:
            assert name not in tree
            with pytest.raises(InputError) as caught:
                validate(tree | {name: "x"})
            assert "unknown" not in str(caught.value), name


def settings_of(hparams):
    """What a file says, over the one that it starts from."""
    own = yaml.safe_load((conf_dir() / "hparams" / f"{hparams}.yaml").read_text())
    before, *_ = own.pop("defaults", ["default"])
    return own if before in ("default", "_self_") else settings_of(before) | own


@pytest.mark.parametrize("option", group_options(Path("/nowhere"))["hparams"])
def test_swapping_hparams_loses_nothing_that_the_new_file_does_not_name(option):
    own = settings_of(option)
    train = vars(composed_with("hparams", option).experiment.train)
    default = yaml.safe_load((conf_dir() / "hparams/default.yaml").read_text())
    for key, value in default.items():
        assert train[key] == own.get(key, value)


@pytest.mark.parametrize("option", group_options(Path("/nowhere"))["augmentation"])
def test_swapping_augmentation_loses_nothing(option):
    own = yaml.safe_load((conf_dir() / "augmentation" / f"{option}.yaml").read_text()) or {}
    train = vars(composed_with("augmentation", option).experiment.train)
    for key in ("hsv_h", "hsv_s", "hsv_v", "degrees", "translate", "scale", "fliplr", "mosaic"):
        assert train[key] == own.get(key, SEED[key])


def test_override_reaches_the_training_arguments():
    arguments = training_arguments(compose_experiment(["lr0=0.005", "freeze=[0,1]"]).experiment)
    assert arguments["lr0"] == 0.005
    assert arguments["freeze"] == [0, 1]
    assert type(arguments["freeze"]) is list


def test_top_level_wins_over_the_device_group():
    assert training_arguments(compose_experiment(["workers=2", "amp=false"]).experiment)["workers"] == 2
    assert training_arguments(compose_experiment(["device.workers=3"]).experiment)["workers"] == 3
    assert training_arguments(compose_experiment(["device=cpu"]).experiment)["amp"] is True
    assert training_arguments(compose_experiment(["device=cpu", "amp=bf16"]).experiment)["amp"] == "bf16"


@pytest.mark.parametrize("setting", ["lr0=0.005", "lr0=0.01", "momentum=0.9", "hparams=finetune"])
def test_optimizer_auto_with_a_rate_of_ones_own_is_an_error(setting):
    assert any("optimizer=auto" in text for text in problems_of("optimizer=auto", setting).values())


def test_optimizer_auto_alone_is_allowed():
    assert compose_experiment(["optimizer=auto"]).experiment.train.optimizer == "auto"


def test_all_problems_at_once_with_the_nearest_names():
    found = problems_of("lrO=0.1", "epochs=abc", "model=yolo26nn", "device.thraeds=3", "batch=0", "evaluation.iou=2")
    assert set(found) == {"lrO", "epochs", "model", "device.thraeds", "batch", "evaluation.iou"}
    assert "lr0" in found["lrO"]
    assert "yolo26n" in found["model"]
    assert "device.threads" in found["device.thraeds"]


@pytest.mark.parametrize(
    ("override", "where"),
    [
        ("baseline.tolerance=-1", "baseline.tolerance"),
        ("baseline.gate=maybe", "baseline.gate"),
        ("approval.cpu=perhaps", "approval.cpu"),
        ("device.threads=0", "device.threads"),
        ("data.subset=1.5", "data.subset"),
        ("data.source=[a.yaml,b.yaml]", "data.source"),
        ("tracking=[neptune]", "tracking"),
        ("evaluation.split=dev", "evaluation.split"),
        ("model.pretrained=3", "model.pretrained"),
        ("+device.extra=1", "device.extra"),
        ("+nonsense=1", "nonsense"),
    ],
)
def test_bad_settings_are_named(override, where):
    assert where in problems_of(override)


def test_contradictions_are_named():
    assert problems_of("pretrained=false", "model.pretrained=true")
    assert problems_of("baseline.path=a", "baseline.model=b.pt")
    assert problems_of("fraction=0.5", "data.subset=0.5")


def test_free_values_of_groups():
    overrides = [
        f"model={encode_free('runs/my best (v2).pt')}",
        f"data={encode_free('/data/my set/ünï=1.yaml')}",
        f"device={encode_free('0,1')}",
    ]
    experiment = compose_experiment(overrides).experiment
    assert experiment.model.weights == "runs/my best (v2).pt"
    assert experiment.data.source == "/data/my set/ünï=1.yaml"
    assert experiment.device.id == "0,1"


@pytest.mark.heavy
def test_a_mistake_inside_an_option_names_the_option_and_what_was_meant_in_it(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "conf/experiment/mine.yaml"
    file.parent.mkdir(parents=True)
    file.write_text("# @package _global_\ndefaults:\n  - override /hparms: finetune\n")
    with pytest.raises(InputError) as caught:
        compose_experiment(["experiment=mine"])
    (problem,) = caught.value.problems
    assert problem.where == "experiment=mine"
    assert "hparms" in problem.found
    assert problem.remedy == "did you mean hparams?"


def test_a_users_conf_adds_and_overrides_options_and_its_config_is_never_read(tmp_path, monkeypatch):
    for name, text in {
        "hparams/mine.yaml": "# @package _global_\ndefaults: [default, _self_]\nlr0: 0.002\n",
        "model/yolo26n.yaml": "weights: other.pt\n",
        "config.yaml": "defaults: [nonsense]\n",
        "schema.yaml": "epochs: 7\n",
    }.items():
        (tmp_path / "conf" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "conf" / name).write_text(text)
    monkeypatch.chdir(tmp_path)
    experiment = compose_experiment(["hparams=mine"]).experiment
    assert (experiment.train.lr0, experiment.train.momentum) == (0.002, 0.937)
    assert experiment.model.weights == "other.pt"
    assert experiment.train.epochs == 100
    assert "mine" in group_options(tmp_path)["hparams"]


def test_a_users_option_with_an_unknown_key_is_named(tmp_path, monkeypatch):
    file = tmp_path / "conf/hparams/typo.yaml"
    file.parent.mkdir(parents=True)
    file.write_text("# @package _global_\ndefaults: [default, _self_]\nlearning_rate: 0.1\nproject: x\n")
    monkeypatch.chdir(tmp_path)
    found = problems_of("hparams=typo")
    assert "unknown key" in found["learning_rate"]
    assert "project" in found


def test_command_line_wins_over_a_recipe():
    assert compose_experiment(["experiment=demo"]).experiment.model.pretrained is False
    assert compose_experiment(["experiment=demo", "epochs=1"]).experiment.train.epochs == 1
    assert compose_experiment(["experiment=demo", "model=yolo11n"]).experiment.model.weights == "yolo11n.pt"


def test_changed_settings_are_told():
    changed = {key: value for key, value, _ in changed_settings(compose_experiment(["lr0=0.005"]).experiment)}
    assert changed == {"lr0": 0.005}
    assert changed_settings(defaults().experiment) == []


@pytest.mark.heavy
def test_every_setting_of_ours_is_read_somewhere():
    source = "\n".join(
        path.read_text() for path in (Path(__file__).parents[4] / "src").rglob("*.py") if path.name != "schema.py"
    )
    for key in known_keys():
        group, _, name = key.rpartition(".")
        read_whole = any(f"{function}(config.{group})" in source for function in ("asdict", "vars"))
        if group and not read_whole and not key.startswith("check.severity."):
            assert f".{name}" in source or f'"{name}"' in source, f"nothing reads {key}"


def test_an_option_file_without_its_package_line_is_explained(tmp_path, monkeypatch):
    file = tmp_path / "conf/hparams/mine.yaml"
    file.parent.mkdir(parents=True)
    file.write_text("lr0: 0.1\n")
    monkeypatch.chdir(tmp_path)
    assert "@package _global_" in problems_of("hparams=mine")["hparams"]


@pytest.mark.parametrize("override", ["tracking=5", "lr0='${nope}'", "device.id=true"])
def test_values_of_a_strange_kind_are_problems(override):
    assert problems_of(override)
