"""What Hydra calls: everything is read and checked before a folder is made."""

from __future__ import annotations

import os
import subprocess
import sys
from types import SimpleNamespace

import pytest
from omegaconf import OmegaConf, open_dict, read_write
from sweep_contract import settings_of

from yololab.config.defaults import default_tree
from yololab.config.hydra.compose import compose_experiment
from yololab.config.search import Sampler, SearchConfig
from yololab.config.validation import validate
from yololab.errors import InputError
from yololab.files.atomic import _host
from yololab.files.paths import OutputTree
from yololab.sweep import sweeper
from yololab.sweep.leaderboard.rows import read_board
from yololab.sweep.planning.approvals import Agreement
from yololab.sweep.planning.space import read_space
from yololab.sweep.start import start_sweep
from yololab.sweep.state import SweepFolder
from yololab.sweep.sweeper import SweepPlan, first_point, only_estimating
from yololab.sweep.sweeper import _make_folder as make_folder
from yololab.tasks import task_named
from yololab.terminal.screen import Screen


@pytest.mark.torch
@pytest.mark.parametrize("estimating", [False, True])
def test_a_dataset_that_is_not_there_makes_no_sweep(tmp_path, monkeypatch, estimating):
    from yololab.config.hydra.grammar import encode_free

    monkeypatch.chdir(tmp_path)
    overrides = ["lr0=0.1,0.2", f"data={encode_free('./gone.yaml')}", "model.pretrained=false", "approval=auto"]
    with pytest.raises(InputError, match=r"gone\.yaml"):
        if estimating:
            with only_estimating():
                start_sweep(overrides, tmp_path, Screen(quiet=True))
        else:
            start_sweep(overrides, tmp_path, Screen(quiet=True))
    assert not (tmp_path / "multirun").exists()
    assert not (tmp_path / "outputs").exists()


@pytest.mark.parametrize(
    ("search", "first"),
    [
        (SearchConfig(sampler=Sampler.TPE), {"lr0": 0.005}),
        (SearchConfig(sampler=Sampler.TPE, config_first=True), {"lr0": 0.005}),
        (SearchConfig(sampler=Sampler.TPE, config_first=False), {}),
        (SearchConfig(sampler=Sampler.QMC, config_first=True), {}),  # a Sobol sequence has its own order
        (SearchConfig(sampler=Sampler.GRID, config_first=True), {}),
    ],
)
def test_search_config_first_begins_with_the_configs_own_values(search, first, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    space = read_space(["lr0=interval(0.001,0.1)", "hparams=own"], discrete=False)
    options = tmp_path / "conf/hparams"
    options.mkdir(parents=True)
    (options / "own.yaml").write_text("# @package _global_\ndefaults: [default]\nlr0: 0.005\n")
    assert first_point(search, space) == first


@pytest.fixture
def made(tmp_path):
    """Return a function that makes the folder of a small sweep."""

    def make(study=None, **changes):
        multirun = SimpleNamespace(tree=SimpleNamespace(multirun=tmp_path / "multirun"))
        plan = SweepPlan(
            settings_of(study or "", search={"sampler": "grid"}, working_directory=str(tmp_path), **changes),
            read_space(["lr0=0.1,0.2"], discrete=True),
            [SimpleNamespace(experiment=validate(default_tree()), choices={})],
            [SimpleNamespace(task=task_named("detect"), paths=multirun)],
            None,
        )
        return make_folder(plan, compose_experiment([]).config, Agreement((), (), {}))

    return make


@pytest.mark.parametrize("study", [None, "shared by two"])
def test_search_study_names_the_study_else_the_folder_does(study, made):
    folder, settings = made(study)
    assert settings.name == (study or folder.path.name)
    assert OmegaConf.load(folder.multirun).hydra.sweep.dir == str(folder.path)


def test_a_sweeps_folder_is_one_from_its_first_moment_or_is_not_there(made, tmp_path, monkeypatch):
    seen = []
    write = SweepFolder.write_settings

    def interrupted(folder, settings):
        write(folder, settings)
        seen.extend(path.name for path in (tmp_path / "multirun").iterdir() if not path.name.startswith("."))
        raise KeyboardInterrupt

    monkeypatch.setattr(SweepFolder, "write_settings", interrupted)
    with pytest.raises(KeyboardInterrupt):
        made()
    assert seen == []
    assert list((tmp_path / "multirun").iterdir()) == []
    monkeypatch.undo()
    folder, _ = made()
    assert list(read_board(OutputTree(tmp_path), None).sweeps) == [f"multirun/{folder.path.name}"]


@pytest.mark.process
def test_what_a_killed_parent_has_left_goes_when_the_next_one_starts(made, tmp_path):
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    debris = tmp_path / "multirun" / f".x.{_host()}-{dead.pid}-0123abcd.tmp"
    (debris / "0").mkdir(parents=True)
    living = tmp_path / "multirun" / f".x.{_host()}-{os.getpid()}-0123abcd.tmp"
    living.mkdir()
    made()
    assert not debris.exists()
    assert living.exists()


def test_a_study_of_the_project_is_named_from_the_sweeps_place(made, tmp_path):
    _, settings = made(storage=f"sqlite:///{tmp_path}/studies/s.db")
    assert settings.storage == "sqlite:///../../studies/s.db"


class PlannedError(Exception):
    """Ends a sweep where its planning would begin."""


def test_trials_get_the_environment_that_hydra_is_asked_for(monkeypatch):
    def plan(*_):
        raise PlannedError(os.environ["A_LETTER"])

    monkeypatch.setattr(sweeper, "_plan_sweep", plan)
    monkeypatch.delenv("A_LETTER", raising=False)
    config = compose_experiment(["+hydra.job.env_set.A_LETTER=b"]).config
    with pytest.raises(PlannedError, match="b"):
        sweeper.run_sweep(None, config, "local", {}, ())
    monkeypatch.delenv("A_LETTER")


def test_a_sweep_refuses_what_it_would_not_obey_before_it_is_planned(monkeypatch):
    monkeypatch.setattr(sweeper, "_plan_sweep", lambda *_: pytest.fail("planned"))
    composed = compose_experiment([]).config
    with read_write(composed.hydra), open_dict(composed.hydra):
        composed.hydra.sweep.subdir = "mine"
        composed.hydra.overrides.hydra = ["hydra.sweep.subdir=mine"]
    with pytest.raises(InputError, match="trials are numbered folders"):
        sweeper.run_sweep(None, composed, "local", {}, ())
