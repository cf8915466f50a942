"""What a freeze-thaw search may spend, and what it refuses."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from yololab.config.schema import Speed
from yololab.config.search import Pruner, Sampler, SearchConfig, search_contradictions
from yololab.sweep.planning.freeze_thaw.limits import budget_of, freeze_thaw_problems, most_points


def trials(*epochs: int, speed: Speed = Speed.EXACT, **train):
    known = [{"epochs": number, "time": None, "val": True, **train} for number in epochs]
    return [SimpleNamespace(experiment=SimpleNamespace(speed=speed, train=SimpleNamespace(**item))) for item in known]


def test_a_budget_is_what_was_said_or_that_of_six_trainings():
    assert budget_of(SearchConfig(budget_epochs=33), 10, 50) == 33
    assert budget_of(SearchConfig(), 10, 50) == 60
    assert budget_of(SearchConfig(), 10, 2) == 20, "never more than all points trained"
    assert most_points(50, budget=9, epochs=9, first_epochs=1) == 1


@pytest.mark.parametrize(
    ("found", "search", "of"),
    [
        ("trainings of 3 to 9 epochs", {}, trials(3, 9)),
        ("time=", {}, trials(9, time=1.0)),
        ("val=false", {}, trials(9, val=False)),
        ("validates few", {}, trials(9, speed=Speed.FAST)),
        ("5, fewer than the 9 epochs", {"budget_epochs": 5}, trials(9)),
        (None, {"budget_epochs": 9}, trials(9, 9)),
    ],
)
def test_what_keeps_curves_from_being_compared_is_refused(found, search, of):
    problems = [problem.found for problem in freeze_thaw_problems(SearchConfig(**search), of)]
    assert len(problems) == (found is not None)
    assert all(found in problem for problem in problems)


def test_settings_that_contradict_it():
    def found(**settings) -> list[str]:
        return [problem.where for problem in search_contradictions(SearchConfig(**settings))]

    assert found(pruner=Pruner.FREEZE_THAW, sampler=Sampler.RANDOM, budget_epochs=20) == []
    assert found(pruner=Pruner.FREEZE_THAW, sampler=Sampler.TPE) == ["search.sampler"]
    assert found(pruner=Pruner.ASHA, sampler=Sampler.TPE, budget_epochs=20) == ["search.budget_epochs"]
    assert found(warm_start=["multirun/a"], sampler=Sampler.GRID) == ["search.warm_start"]
    assert found(warm_start=["multirun/a"], sampler=Sampler.TPE) == []
    assert found(pruner=Pruner.FREEZE_THAW, sampler=Sampler.RANDOM, seeds=3) == ["search.pruner"]
