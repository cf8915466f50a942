"""Planning a sweep: what varies, what it is after, and what is refused before the first trial."""

from __future__ import annotations

from pathlib import Path

import pytest

from yololab.config.folders import composing_from, copy_config
from yololab.config.search import SPACES, Pruner, Sampler, SearchConfig
from yololab.config.train_arguments.arguments import TRAIN_ARGUMENTS
from yololab.errors import InputError
from yololab.files.metrics import number_in
from yololab.files.paths import RunFolder
from yololab.job.gatekeeper import Answer, Approval, GateName
from yololab.sweep.planning.approvals import Agreement, answered_by_parent, estimated_by_parent, save_agreement
from yololab.sweep.planning.objectives import plan_objectives
from yololab.sweep.planning.plan import config_point, freeze_trial, plan_space, plan_trial, plan_trials
from yololab.sweep.planning.space import Dimension, Scale, canonical, read_space


def grid(*arguments: str) -> list[tuple[str, ...]]:
    space = read_space(arguments, discrete=True)
    return [space.overrides(point) for point in space.grid()]


def test_grid_is_every_combination_with_the_last_key_fastest():
    assert grid("lr0=0.1,0.2", "model=yolo26n,yolo26s", "epochs=1") == [
        ("epochs=1", "lr0=0.1", "model=yolo26n"),
        ("epochs=1", "lr0=0.1", "model=yolo26s"),
        ("epochs=1", "lr0=0.2", "model=yolo26n"),
        ("epochs=1", "lr0=0.2", "model=yolo26s"),
    ]
    assert read_space(["lr0=0.1,0.2", "epochs=1"], discrete=True).keys == ("lr0",)
    assert grid("epochs=1") == [("epochs=1",)], "nothing varies: one trial"


def test_hydras_sweep_functions_work():
    assert grid("batch=range(2,8,2)") == [("batch=2",), ("batch=4",), ("batch=6",)]
    assert grid("lr0=choice(0.1,0.2)") == [("lr0=0.1",), ("lr0=0.2",)]
    assert grid("model=free+best.pt,yolo26n") == [("model=free+best.pt",), ("model=yolo26n",)]
    assert grid("freeze=[0,1],[2]") == [("freeze=[0,1]",), ("freeze=[2]",)]


def test_a_continuous_range_needs_a_search():
    with pytest.raises(InputError, match="search=tpe"):
        grid("lr0=interval(0.1,0.2)")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("lr0=tag(log,interval(1e-4,1e-1))", Dimension("lr0", "lr0", Scale.FLOAT, low=1e-4, high=0.1, log=True)),
        ("momentum=interval(0,1)", Dimension("momentum", "momentum", Scale.FLOAT, low=0.0, high=1.0)),
        ("close_mosaic=interval(0,10)", Dimension("close_mosaic", "close_mosaic", Scale.INT, low=0, high=10)),
        ("imgsz=range(320,672,32)", Dimension("imgsz", "imgsz", Scale.INT, low=320, high=640, step=32)),
        ("scale=range(0.1,0.5,0.1)", Dimension("scale", "scale", Scale.FLOAT, low=0.1, high=0.4, step=0.1)),
        ("+x.y=int(interval(1,4))", Dimension("x.y", "+x.y", Scale.INT, low=1, high=4)),
        ("amp=true,false", Dimension("amp", "amp", Scale.CHOICE, (True, False), ("true", "false"))),
        (
            "model=free+a%2Fb.pt,yolo26n",
            Dimension("model", "model", Scale.CHOICE, ("a/b.pt", "yolo26n"), ("free+a%2Fb.pt", "yolo26n")),
        ),
    ],
)
def test_dimensions(text, expected):
    space = read_space([text, "epochs=1"], discrete=False)
    (found,) = space.dimensions
    if expected.scale is Scale.CHOICE:
        assert found.values == expected.values
        assert [item.lower() for item in found.texts] == [item.lower() for item in expected.texts]
    else:
        assert found == expected
    again = read_space(canonical(space), discrete=False)
    assert again.dimensions[0].corners() == found.corners()
    assert again.fixed == ("epochs=1",)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("lr0=interval(0.2,0.1)", "low < high"),
        ("lr0=tag(log,interval(0,0.1))", "above 0"),
        ("lr0=tag(cold,interval(0.1,0.2))", "cold"),
        ("lr0=interval(0.1", "interval"),
    ],
)
def test_sweeps_that_cannot_be_read(text, says):
    with pytest.raises(InputError, match=says):
        read_space([text], discrete=False)


def test_representatives_hold_each_end_and_each_choice():
    space = read_space(["lr0=interval(0.1,0.2)", "model=a,b,c", "mosaic=0.0,1.0"], discrete=False)
    points = space.representatives()
    assert len(points) == 3
    assert {point["model"] for point in points} == {"a", "b", "c"}
    assert {point["lr0"] for point in points} == {0.1, 0.2}
    assert {point["mosaic"] for point in points} == {0.0, 1.0}


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


def test_objectives_know_their_direction():
    names = {0: "cat", 1: "st. bernard"}
    found = plan_objectives(SearchConfig(objective=["mAP50", "speed_ms.inference"]), "detect", names)
    assert [(item.metric, item.direction) for item in found] == [
        ("mAP50", "maximize"),
        ("speed_ms.inference", "minimize"),
    ]
    assert plan_objectives(SearchConfig(), "detect", names)[0].metric == "mAP50-95"
    assert (
        plan_objectives(SearchConfig(objective=["per_class.st. bernard.AP50"]), "detect", names)[0].direction
        == "maximize"
    )
    for wrong in ("mAP", "per_class.dog.AP50", "speed_ms.flight"):
        with pytest.raises(InputError, match=r"search\.objective"):
            plan_objectives(SearchConfig(objective=[wrong]), "detect", names)
    with pytest.raises(InputError, match="each epoch"):
        plan_objectives(SearchConfig(objective=["speed_ms.inference"], pruner=Pruner.MEDIAN), "detect", names)


def test_numbers_under_dotted_names():
    content = {"mAP50": 0.5, "per_class": {"st. bernard": {"AP50": 0.4}}, "speed_ms": {"inference": 2}, "x": None}
    assert number_in(content, "mAP50") == 0.5
    assert number_in(content, "per_class.st. bernard.AP50") == 0.4
    assert number_in(content, "speed_ms.inference") == 2.0
    assert number_in(content, "x") is None
    assert number_in(content, "y") is None
    assert number_in({"x": float("nan")}, "x") is None


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


def test_trials_take_only_what_the_parent_said_yes_to(tmp_path):
    assert answered_by_parent(tmp_path) == {}
    answers = (
        Approval(GateName.CPU, {}, Answer.YES, "user:ada", "now"),
        Approval(GateName.LONG, {}, Answer.NO, "user:ada", "now"),
    )
    save_agreement(tmp_path, Agreement(answers, ({"seconds": 3.0},)))
    assert answered_by_parent(tmp_path) == {"cpu": "sweep, user:ada"}
    assert estimated_by_parent(tmp_path, 0) == {"seconds": 3.0}
    assert estimated_by_parent(tmp_path, 1) is None
