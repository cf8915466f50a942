"""Studies: sampling, pruning, seeds and storages, with the fake body of a trial."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import optuna
import pytest
from sweep_contract import BODY, MAP, settings_of

from yololab.errors import InputError
from yololab.host.signals import StopSignal
from yololab.sweep.engines.registry import make_executor
from yololab.sweep.loop import TrialLoop
from yololab.sweep.planning.space import read_space
from yololab.sweep.planning.storage import absolute_url, journal_url
from yololab.sweep.planning.strategies import SAMPLERS
from yololab.sweep.planning.study_source import StudySource
from yololab.sweep.progress import SweepProgress
from yololab.sweep.state import Objective, SweepFolder, TrialEntry
from yololab.terminal.screen import Screen

pytestmark = pytest.mark.process

RATES = ("lr0=interval(0.0,1.0)",)


def run(path: Path, **changes) -> tuple[list[TrialEntry], optuna.Study]:
    """Run a sweep of fake trials and return its trials and its study."""
    folder = SweepFolder(path)
    path.mkdir(exist_ok=True)
    if not folder.is_sweep():
        folder.write_settings(settings_of(changes.pop("name", path.name), **changes))
    settings = folder.read_settings()
    space = read_space(settings.arguments, discrete=settings.search.sampler == "grid")

    def freeze(number: int, overrides: Sequence[str]) -> None:
        if "lr0=0.13" in overrides:
            raise InputError([])
        folder.trial(number).path.mkdir(exist_ok=True)

    executor = make_executor(settings.engine, settings.engine_settings, settings.resources, BODY)
    source = StudySource(folder, settings, space, freeze)
    progress = SweepProgress(folder, settings, Screen(), source.planned, 2)
    with progress.shown():
        TrialLoop(folder, source, executor, settings.objectives, (progress,), poll_seconds=0.05).run(StopSignal())
    study = optuna.load_study(study_name=settings.name, storage=source._study._storage)
    return folder.trials(), study


@pytest.fixture(scope="module")
def pruned(tmp_path_factory):
    """Twelve trials whose worse ones are given up."""
    search = {"sampler": "tpe", "pruner": "median", "pruner_options": {"n_startup_trials": 2, "n_warmup_steps": 0}}
    return run(tmp_path_factory.mktemp("pruned") / "s", budget=12, search=search, arguments=(*RATES, "epochs=4"))


def test_a_search_tells_its_study_and_gives_up_what_is_worse(pruned):
    entries, study = pruned
    assert [entry.number for entry in entries] == list(range(12))
    states = [str(entry.status) for entry in entries]
    assert states.count("pruned") >= 2
    assert set(states) == {"complete", "pruned"}
    for entry in entries:
        trial = study.trials[entry.study_trial]
        assert trial.params == entry.params
        assert str(trial.state.name).lower() == str(entry.status)
        assert trial.intermediate_values
        if str(entry.status) == "complete":
            assert trial.values == list(entry.objectives)
            assert list(trial.intermediate_values) == [1, 2, 3, 4]
    assert abs(study.best_params["lr0"] - 0.3) < 0.1


@pytest.mark.parametrize("pruner", ["asha", "hyperband"])
def test_halving_gives_up_most(pruner, tmp_path):
    search = {"sampler": "random", "pruner": pruner, "pruner_options": {"min_resource": 1, "reduction_factor": 2}}
    entries, study = run(tmp_path / "s", budget=9, search=search, arguments=(*RATES, "epochs=4"))
    states = [str(entry.status) for entry in entries]
    assert states.count("pruned") >= 2
    assert states.count("failed") == 0
    assert (
        study.best_trial.number
        == max(
            (entry for entry in entries if str(entry.status) == "complete"), key=lambda entry: entry.objectives
        ).study_trial
    )


def test_a_grid_is_tried_once_each_in_its_order(tmp_path):
    entries, study = run(tmp_path / "s", budget=4, search={"sampler": "grid"}, arguments=("lr0=0.1,0.2", "seed=0,1"))
    assert [(entry.params["lr0"], entry.params["seed"]) for entry in entries] == [
        (0.1, 0),
        (0.1, 1),
        (0.2, 0),
        (0.2, 1),
    ]
    assert len(study.trials) == 4
    again, study = run(tmp_path / "s")
    assert again == entries
    assert len(study.trials) == 4


@pytest.mark.parametrize("sampler", [name for name in SAMPLERS if name != "grid"])
def test_the_first_point_is_the_one_that_is_given_and_only_once(sampler, tmp_path):
    arguments = ("lr0=interval(0.0,1.0)", "momentum=interval(0.5,1.0)")
    settings = {"search": {"sampler": sampler}, "arguments": arguments, "first_point": {"lr0": 0.25}}
    entries, study = run(tmp_path / "s", budget=3, keys=("lr0", "momentum"), **settings)
    assert [entry.params["lr0"] == 0.25 for entry in entries] == [True, False, False]
    assert 0.5 <= entries[0].params["momentum"] <= 1.0
    assert f"lr0={0.25}" in entries[0].overrides
    again, study = run(tmp_path / "s")
    assert again == entries
    assert len(study.trials) == 3


def test_a_grid_may_join_the_study_of_a_search_that_queued_its_first_point(tmp_path):
    shared = {"name": "shared", "storage": journal_url(tmp_path / "study.log"), "arguments": ("lr0=0.1,0.2,0.3",)}
    run(tmp_path / "a", budget=1, search={"sampler": "random"}, first_point={"lr0": 0.2}, **shared)
    entries, _ = run(tmp_path / "b", budget=3, search={"sampler": "grid"}, **shared)
    assert [entry.params["lr0"] for entry in entries] == [0.1, 0.3]


def test_failures_spend_budget_and_the_sampler_goes_on(tmp_path):
    arguments = ("do=raise,nan,ok",)
    entries, study = run(tmp_path / "s", budget=3, search={"sampler": "grid"}, arguments=arguments)
    assert [str(entry.status) for entry in entries] == ["failed", "failed", "complete"]
    assert [trial.state.name for trial in study.trials] == ["FAIL", "FAIL", "COMPLETE"]


def test_a_point_that_cannot_be_composed_is_a_failed_trial(tmp_path):
    entries, study = run(tmp_path / "s", budget=3, search={"sampler": "grid"}, arguments=("lr0=0.1,0.13,0.2",))
    assert [str(entry.status) for entry in entries] == ["complete", "failed", "complete"]
    assert (tmp_path / "s/1/experiment_log.json").is_file()
    assert study.trials[1].state.name == "FAIL"


def test_a_small_space_is_not_tried_twice(tmp_path):
    entries, study = run(tmp_path / "s", budget=20, search={"sampler": "random"}, arguments=("lr0=0.1,0.2,0.3",))
    assert sorted(entry.params["lr0"] for entry in entries) == [0.1, 0.2, 0.3]
    assert len(study.trials) > 3, "the repeats were told to the study without being run"


def test_several_objectives(tmp_path):
    objectives = (*MAP, Objective("speed_ms.inference", "minimize"))
    entries, study = run(tmp_path / "s", objectives=objectives, search={"sampler": "nsga2"}, arguments=RATES, budget=5)
    assert all(len(entry.objectives) == 2 for entry in entries)
    assert study.best_trials


def test_points_with_several_seeds_are_judged_by_their_mean(tmp_path):
    search = {"sampler": "tpe", "pruner": "wilcoxon", "seeds": 4, "pruner_options": {"p_threshold": 0.3}}
    entries, study = run(tmp_path / "s", search=search, arguments=RATES, budget=5)
    by_point: dict[int, list[TrialEntry]] = {}
    for entry in entries:
        by_point.setdefault(entry.study_trial, []).append(entry)
    assert set(by_point) == set(range(5))
    for number, of_point in by_point.items():
        assert [entry.params["seed"] for entry in of_point] == list(range(len(of_point)))
        assert all(f"seed={entry.params['seed']}" in entry.overrides for entry in of_point)
        values = [entry.objectives[0] for entry in of_point]
        assert study.trials[number].value == pytest.approx(sum(values) / len(values))
        assert list(study.trials[number].intermediate_values.values()) == values
    assert any(len(of_point) < 4 for of_point in by_point.values()), (
        "a point that loses is not trained to the last seed"
    )
    assert len(by_point[study.best_trial.number]) == 4


def test_a_shared_storage_holds_both_sweeps(tmp_path):
    storage = absolute_url("journal://common.log", tmp_path)
    first, _ = run(tmp_path / "a", name="both", storage=storage, budget=3, arguments=RATES)
    second, study = run(tmp_path / "b", name="both", storage=storage, budget=5, arguments=RATES)
    assert [len(first), len(second)] == [3, 2], "the budget is the study's"
    assert len({trial.params["lr0"] for trial in study.trials}) == 5


def test_a_study_of_another_space_is_refused(tmp_path):
    storage = absolute_url("sqlite:///common.db", tmp_path)
    run(tmp_path / "a", name="both", storage=storage, budget=1, arguments=("lr0=0.1,0.2",))
    with pytest.raises(InputError, match="another study"):
        run(tmp_path / "b", name="both", storage=storage, budget=2, arguments=("lr0=0.1,0.3",))


def test_a_study_that_knows_nothing_of_the_trials_is_refused(tmp_path):
    """A sweep that was copied without it, or a database that was emptied: its points would all be tried again."""
    run(tmp_path / "s", budget=2, arguments=RATES, search={"sampler": "random"})
    (tmp_path / "s/study.log").unlink()
    with pytest.raises(InputError, match="knows nothing of the trials 0, 1"):
        run(tmp_path / "s")


def test_a_damaged_trial_does_not_end_the_sweep(tmp_path):
    """What it has told the study stays there, and the others are as they were."""
    run(tmp_path / "s", budget=3, arguments=RATES, search={"sampler": "random"})
    (tmp_path / "s/1/trial.json").write_text('{"number": ".."}')
    entries, _ = run(tmp_path / "s")
    assert [str(entry.status) for entry in entries] == ["complete", "failed", "complete"]
    assert entries[1].damaged
