"""Files and values in two layers give what Hydra gives in one."""

from __future__ import annotations

import pytest
from hydra import compose, initialize_config_dir
from omegaconf import DictConfig, OmegaConf

from yololab.config.folders import conf_dir
from yololab.config.hydra import layers
from yololab.config.hydra.compose import compose_experiment, parse_overrides
from yololab.config.hydra.keys import CONFIG_NAME
from yololab.config.hydra.layers import (
    APPLICATION,
    chooses_files,
    compose_files,
    is_missing_option,
    note_overrides,
    set_value,
)
from yololab.errors import InputError


def by_hydra(overrides: list[str]) -> DictConfig:
    with initialize_config_dir(version_base="1.3", config_dir=str(conf_dir().resolve()), job_name=APPLICATION):
        return compose(CONFIG_NAME, overrides, return_hydra_config=True)


@pytest.mark.parametrize(
    "overrides",
    [
        [],
        ["epochs=3", "lr0=0.02", "hparams=finetune", "augmentation=heavy", "model=yolo11n", "seed=7"],
        ["hydra.run.dir=a", "epochs=2", "hydra/launcher=local", "hydra.mode=MULTIRUN", "hydra.job.num=3"],
        ["lrf=0.1", "experiment=demo", "patience=4", "hydra.job.name=mine", "name=other"],
        ["model={weights:a.pt}", "model.weights=b.pt", "data={source:x}"],
        ["++search.space={lr0:'0.1,0.2'}", "+search.sampler_options={n: 1}", "search=tpe", "search.trials=7"],
        ["tracking=[mlflow]", "freeze=[0,1]", "lrf='${lr0}'", "paths.root='a b'", "+hydra.job.env_set.A=b"],
        ["~verbose", "lr0=1e-3", "lr0=2e-3", "notes='a=b, c'"],
    ],
)
def test_two_layers_are_what_hydra_composes_in_one(overrides):
    parsed = parse_overrides(overrides)
    config, whole = compose_files([x.input_line for x in parsed if chooses_files(x)]), by_hydra(overrides)
    for override in parsed:
        if not chooses_files(override):
            set_value(config, override)
    note_overrides(config, parsed)
    assert OmegaConf.to_container(config) == OmegaConf.to_container(whole)
    assert list(config) == list(whole)  # the order that is written to .hydra/config.yaml
    assert OmegaConf.is_struct(config)


def test_the_files_are_composed_once(monkeypatch):
    calls = []
    monkeypatch.setattr(layers, "compose", lambda *args, **kwargs: calls.append(args) or compose(*args, **kwargs))
    layers._composed.cache_clear()
    for rate in (0.1, 0.2, 0.3):
        assert compose_experiment([f"lr0={rate}", "hparams=finetune"]).experiment.train.lr0 == rate
    assert len(calls) == 1


@pytest.mark.heavy
def test_a_file_that_changes_is_read_again(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "conf/hparams/mine.yaml"
    file.parent.mkdir(parents=True)
    for rate in (0.25, 0.5, 0.125):
        file.write_text(f"# @package _global_\ndefaults: [default, _self_]\nlr0: {rate}\n")
        assert compose_experiment(["hparams=mine"]).experiment.train.lr0 == rate


def test_a_composed_config_is_the_callers_own():
    compose_files([]).lr0 = 0.5
    assert compose_files([]).lr0 == 0.01


@pytest.mark.parametrize(
    ("override", "files", "missing"),
    [
        ("model=yolo26n", True, False),
        ("model=yolo26n.yaml", True, False),
        ("model=yolo99", True, True),
        (f"model={'x' * 5000}", True, True),
        ("model=free+a.pt", True, False),
        ("model=null", True, False),
        ("~model", True, False),
        ("model={weights:a}", False, False),
        ("model.weights=a", False, False),
        ("model@here=yolo26n", True, False),
        ("hydra.job.name=a", False, False),
        ("hydra.job.env_copy=[A]", True, False),
        ("~hydra.job.name", True, False),
        ("hydra=1", True, False),
        ("hydra/launcher=nothing", True, False),
        ("experiment='${name}'", True, False),
        ("lr0=0.1", False, False),
        (f"{'k' * 5000}=1", False, False),
    ],
)
def test_what_chooses_files_is_told_from_values(override, files, missing):
    (parsed,) = parse_overrides([override])
    assert chooses_files(parsed) is files
    assert is_missing_option(parsed) is missing


def test_a_line_full_of_mistakes_composes_once(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    calls = []
    monkeypatch.setattr(layers, "compose", lambda *args, **kwargs: calls.append(args) or compose(*args, **kwargs))
    layers._composed.cache_clear()
    with pytest.raises(InputError) as caught:
        compose_experiment(
            ["model=yolo99", "lr1=3", "epoch=abc", "data=nothing", "hparams=x", "+device.extra=1", "imgsz=0"]
        )
    assert len(caught.value.problems) == 7
    assert len(calls) == 1
