"""A run as Hydra's job, from the config that was composed and checked before."""

from __future__ import annotations

import os

import pytest
import yaml
from hydra._internal.config_loader_impl import ConfigLoaderImpl
from hydra.core.hydra_config import HydraConfig

from yololab.config.frozen import freeze, thaw
from yololab.config.hydra import layers
from yololab.config.hydra.app import run_config, run_in
from yololab.config.hydra.compose import compose_experiment, plain_settings
from yololab.files.paths import RunFolder


def test_a_run_is_composed_once(tmp_path, monkeypatch):
    composed = []
    load = ConfigLoaderImpl.load_configuration
    monkeypatch.setattr(
        ConfigLoaderImpl, "load_configuration", lambda *given, **named: composed.append(1) or load(*given, **named)
    )
    layers._composed.cache_clear()
    run_in(tmp_path / "run", compose_experiment(["lr0=0.02"]), lambda config: None)
    assert len(composed) == 1


def test_the_job_gets_the_config_and_hydras_files_lie_in_its_folder(tmp_path):
    folder = tmp_path / "a run"
    composed = compose_experiment(["lr0=0.02", "notes='a note'", "+hydra.job.env_set.A_LETTER=b"])

    def task(config):
        assert HydraConfig.get().runtime.output_dir == str(folder)
        return config.lr0, os.environ["A_LETTER"]

    settings = plain_settings(run_config(composed, folder).hydra)
    freeze(RunFolder(folder), composed.tree, settings, composed.hydra.overrides.task)
    assert run_in(folder, composed, task) == (0.02, "b")
    assert "A_LETTER" not in os.environ
    written = thaw(folder)
    assert written.tree == composed.tree
    assert written.overrides == ("lr0=0.02", "notes='a note'")
    assert written.choices == composed.choices
    node = yaml.safe_load((folder / ".hydra/hydra.yaml").read_text())["hydra"]
    assert node["mode"] == "RUN"
    assert node["runtime"]["output_dir"] == str(folder)


def test_what_the_job_raises_is_raised_again(tmp_path):
    def task(config):
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        run_in(tmp_path, compose_experiment([]), task)


def test_no_password_is_frozen(tmp_path):
    overrides = ["search.storage='mysql://me:secretword@host/db'", "+hydra.job.env_set.WANDB_API_KEY=secretword"]
    composed = compose_experiment(overrides)
    folder = RunFolder(tmp_path / "run")
    run_in(
        folder.path,
        composed,
        lambda _: freeze(folder, composed.tree, plain_settings(composed.hydra), composed.overrides),
    )
    files = list((folder.path / ".hydra").iterdir())
    assert len(files) == 3
    assert not any("secretword" in file.read_text() for file in files)
    assert composed.experiment.search.storage == "mysql://me:secretword@host/db"
    assert thaw(folder.path).experiment.search.storage == "mysql://me:***@host/db"
