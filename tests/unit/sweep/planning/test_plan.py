"""Planning a sweep: what varies, what it is after, and what is refused before the first trial."""

from __future__ import annotations

from pathlib import Path

import pytest

from yololab.config.folders import composing_from, copy_config
from yololab.config.search import SPACES, Sampler
from yololab.config.train_arguments.arguments import TRAIN_ARGUMENTS
from yololab.errors import InputError
from yololab.files.paths import RunFolder
from yololab.sweep.planning.plan import config_point, freeze_trial, plan_space, plan_trial, plan_trials
from yololab.sweep.planning.space import read_space


def test_the_command_line_counts_before_the_search_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "conf/search").mkdir(parents=True)
    (tmp_path / "conf/search/mine.yaml").write_text(
        "sampler: tpe\nspace:\n  lr0: tag(log,interval(1e-4,1e-2))\n  mosaic: [0.0, 1.0]\n  model: yolo26n, best.pt\n"
    )
    space, search = plan_space(["search=mine", "lr0=interval(0.1,0.2)"], tmp_path)
    assert search.sampler is Sampler.TPE
    assert space.keys == ("lr0", "mosaic", "model")
    assert space.dimensions[0].low == 0.1
    assert space.dimensions[2].values == ("yolo26n", "best.pt")
    assert "model=free+best.pt" in space.overrides({"lr0": 0.1, "mosaic": 1.0, "model": "best.pt"})
    space, _ = plan_space(["search=mine", "mosaic=0.5"], tmp_path)
    assert space.keys == ("lr0", "model"), "what the command line fixes does not vary"


def test_a_recipe_may_hold_a_search(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "conf/experiment").mkdir(parents=True)
    text = "# @package _global_\ndefaults:\n  - override /search: random\nsearch:\n  space: {mosaic: 'interval(0,1)'}\n"
    (tmp_path / "conf/experiment/ours.yaml").write_text(text)
    space, search = plan_space(["experiment=ours", "search.trials=7"], tmp_path)
    assert (search.sampler, search.trials, space.keys) == (Sampler.RANDOM, 7, ("mosaic",))


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["lr0=tag(log,interval(1e-4,5e-2))", "momentum=interval(0.7,0.98)"], {"lr0": 0.01, "momentum": 0.937}),
        (["lr0=interval(0.001,0.1)", "momentum=interval(0.95,0.98)"], {"lr0": 0.01}),
        (["imgsz=range(320,800,160)", "epochs=int(interval(1,200))"], {"imgsz": 640, "epochs": 100}),
        (["imgsz=range(300,800,100)", "scale=range(0.1,0.9,0.2)"], {"scale": 0.5}),
        (["model=yolo26n,yolo26s", "augmentation=none,default"], {"model": "yolo26n", "augmentation": "default"}),
        (["model=yolo11n.pt,yolo12n", "cos_lr=true,false", "close_mosaic=1,10"], {"cos_lr": False, "close_mosaic": 10}),
        (["model=free+my.pt", "evaluation.plots=true,false"], {"evaluation.plots": True}),
        (["lr0=interval(0.001,0.1)", "nix=3"], {}),
    ],
)
def test_the_configs_own_values_of_what_varies(arguments, expected):
    assert config_point(read_space(arguments, discrete=False)) == expected


@pytest.mark.heavy
def test_a_search_without_a_space_takes_the_ready_made_one(tmp_path):
    assert plan_space(["search=tpe"], tmp_path)[0].keys == tuple(SPACES["optimizer"])
    assert plan_space(["search=tpe", "lr0=interval(0.1,0.2)"], tmp_path)[0].keys == ("lr0",)
    assert plan_space(["search=tpe", "search.space=[lr,losses]"], tmp_path)[0].keys == (
        "lr0",
        "lrf",
        "box",
        "cls",
        "dfl",
    )
    assert plan_space(["search=grid_lr"], tmp_path)[0].dimensions[0].values == (0.0003, 0.001, 0.003, 0.01, 0.03)
    assert plan_space(["search=seeds"], tmp_path)[0].dimensions[0].values == (0, 1, 2, 3, 4)


@pytest.mark.parametrize("name", SPACES)
def test_ready_made_spaces_lie_within_what_ultralytics_takes(name):
    space = read_space([f"{key}={text}" for key, text in SPACES[name].items()], discrete=False)
    plan_trials([space.overrides(point) for point in space.representatives()])
    for dimension in space.dimensions:
        assert dimension.key in TRAIN_ARGUMENTS


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["search.trials=1,2"], "belongs to the sweep"),
        (["search=tpe,random"], "belongs to the sweep"),
        (["search.seeds=3", "seed=0,1"], "both vary the seed"),
        (["search.sequential=true", "lr0=0.1,0.2"], "the seed does not vary"),
        (["search.sequential=true", "seed=0,1,2", "data.fold=0,1"], "every fold is part of the result"),
        (["search=tpe", "lr0=interval(0.1,0.2)", "data.fold=0,1"], "no fold is better than another"),
        (["search=tpe", "search.space={nonsense:interval(0,1)}"], "interval"),
        (["search=wilcoxon"], "no option 'wilcoxon'"),
        (["search=tpe", "search.pruner=wilcoxon"], "at least 2"),
        (["search=nsga2", "search.pruner=median"], "several objectives"),
        (["search=tpe", "search.direction=up"], "maximize"),
    ],
)
def test_searches_that_contradict_themselves(arguments, says, tmp_path):
    with pytest.raises(InputError, match=says):
        plan_space(arguments, tmp_path)


def test_every_problem_of_every_trial_is_named_once():
    with pytest.raises(InputError) as caught:
        plan_trials([("epochs=0", "lr0=7"), ("epochs=0", "lr0=0.1")])
    assert sorted(problem.where for problem in caught.value.problems) == ["epochs", "lr0"]


@pytest.mark.heavy
def test_what_is_edited_later_does_not_change_the_sweep(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "conf/hparams/ours.yaml"
    file.parent.mkdir(parents=True)
    text = "# @package _global_\ndefaults: [default, _self_]\nepochs: {}\n"
    file.write_text(text.format(7))
    copy_config(tmp_path / "sweep/.conf", Path.cwd())
    file.write_text(text.format(9))
    assert plan_trial(0, ["hparams=ours"]).experiment.train.epochs == 9
    with composing_from(tmp_path / "sweep/.conf"):
        trial = plan_trial(3, ["hparams=ours"])
    assert trial.experiment.train.epochs == 7
    freeze_trial(trial, RunFolder(tmp_path / "sweep/3"))
    assert "epochs: 7" in (tmp_path / "sweep/3/.hydra/config.yaml").read_text()
    assert plan_trial(0, ["hparams=ours"]).experiment.train.epochs == 9
