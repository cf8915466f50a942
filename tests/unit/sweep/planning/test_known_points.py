"""What a parent knows of the points of its study: what all of them say, without a walk through them for each trial."""

from __future__ import annotations

import random

import optuna
import pytest
from optuna.trial import TrialState

from yololab.sweep.planning.known_points import DUPLICATE_ATTRIBUTE, KnownPoints
from yololab.sweep.planning.storage import open_study

RATE = {"lr0": optuna.distributions.CategoricalDistribution(tuple(range(6)))}


@pytest.fixture
def study(tmp_path):
    return open_study(f"journal://{tmp_path}/study.log", "points", ["maximize"], optuna.samplers.RandomSampler(seed=0))


def walked(study: optuna.Study) -> list[optuna.trial.FrozenTrial]:
    """Return the points that have used up budget, from all of them."""
    every = study.get_trials(deepcopy=False)
    return [t for t in every if t.state is not TrialState.WAITING and DUPLICATE_ATTRIBUTE not in t.user_attrs]


def test_it_is_what_a_walk_through_all_points_finds(study):
    """Points are queued, begun, ended and found to be known already in any order, as several sweeps of a study do."""
    ours: set[int] = set()
    points, rng = KnownPoints(study, ours.__contains__), random.Random(0)
    for _ in range(120):
        running = [trial.number for trial in study.get_trials(deepcopy=False, states=(TrialState.RUNNING,))]
        if (does := rng.random()) < 0.2:
            study.enqueue_trial({"lr0": rng.randrange(6)})
        elif does < 0.7 or not running:
            points.catch_up()
            [*points.unclaimed()]
            known = walked(study)
            asked = study.ask(RATE)
            twin = next((other for other in known if other.params == asked.params), None)
            assert points.twin_of(points[asked.number]) == twin
            if twin is not None:
                asked.set_user_attr(DUPLICATE_ATTRIBUTE, twin.number)
                study.tell(asked.number, state=TrialState.FAIL)
            elif rng.random() < 0.5:
                ours.add(asked.number)
        else:
            study.tell(rng.choice(running), rng.random())
        points.catch_up()
        unclaimed = [trial.number for trial in points.unclaimed()]
        every = study.get_trials(deepcopy=False)
        assert unclaimed == [t.number for t in every if t.state is TrialState.RUNNING and t.number not in ours]
        assert (len(points), points.spent) == (len(every), len(walked(study)))
        assert points.any_waiting == any(trial.state is TrialState.WAITING for trial in every)
    assert points.spent == KnownPoints(study, ours.__contains__).spent == 6


def test_a_point_that_another_sweep_finds_to_be_known_uses_up_no_budget(study):
    points = KnownPoints(study, lambda number: False)
    asked = study.ask(RATE)
    points.catch_up()
    assert points.spent == 1
    asked.set_user_attr(DUPLICATE_ATTRIBUTE, 0)
    study.tell(asked.number, state=TrialState.FAIL)
    assert ([*points.unclaimed()], points.spent) == ([], 0)


def test_a_point_is_asked_for_alone(study, monkeypatch):
    """However many there are: a list of ten thousand a trial is what made a long sweep slow."""
    for _ in range(6):
        study.tell(study.ask(RATE), 1.0)
    points = KnownPoints(study, lambda number: False)
    monkeypatch.setattr(type(study._storage), "get_all_trials", None)
    points.catch_up()
    assert points[5].state is TrialState.COMPLETE
    with pytest.raises(KeyError):
        points[6]
