"""Samplers and pruners by our names."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

from yololab.errors import InputError
from yololab.sweep.planning.space import read_space
from yololab.sweep.planning.storage import journal_url, open_study
from yololab.sweep.planning.strategies import SAMPLERS, distribution_of, make_pruner, make_sampler


@pytest.mark.parametrize("name", [name for name in SAMPLERS if name != "grid"])
def test_samplers_do_not_repeat_their_points_after_a_resume(name, tmp_path):
    dimensions = read_space(("a=interval(0.0,1.0)", "b=tag(log,interval(1e-4,1.0))"), discrete=False).dimensions
    distributions = {item.key: distribution_of(item) for item in dimensions}

    def ask(path: Path, counts: Sequence[int]) -> list[dict[str, float]]:
        for count in counts:
            study = open_study(journal_url(path), "s", ["maximize"], make_sampler(name, 3, {}))
            for _ in range(count):
                trial = study.ask(distributions)
                study.tell(trial, -((trial.params["a"] - 0.5) ** 2))
        return [trial.params for trial in study.trials]

    interrupted, whole = ask(tmp_path / "a", (2, 1, 3)), ask(tmp_path / "b", (6,))
    assert len({tuple(point.values()) for point in interrupted}) == 6
    if name not in ("gp", "cmaes"):  # these carry state from one proposal to the next
        assert interrupted == whole


def test_options_of_strategies_are_checked():
    make_sampler("tpe", 0, {"n_startup_trials": 3})
    make_pruner("percentile", {"percentile": 10.0}, 20)
    with pytest.raises(InputError, match="n_startup_trials"):
        make_sampler("tpe", 0, {"startup": 3})
    with pytest.raises(InputError, match="percentile"):
        make_pruner("percentile", {"percentile": 200.0}, 20)
    for name in ("none", "median", "percentile", "asha", "hyperband", "wilcoxon", "freeze_thaw"):
        for epochs in (1, 3, 300):
            make_pruner(name, {}, epochs)


@pytest.mark.parametrize(
    ("override", "expected"),
    [
        ("a=0,1,x", CategoricalDistribution((0, 1, "x"))),
        ("a=range(2,11,4)", IntDistribution(2, 10, step=4)),
        ("a=tag(log,interval(1e-4,1.0))", FloatDistribution(1e-4, 1.0, log=True)),
        ("a=interval(0.0,0.5)", FloatDistribution(0.0, 0.5)),
        ("a=int(interval(1,8))", IntDistribution(1, 8)),
    ],
)
def test_a_dimension_is_the_same_to_optuna(override, expected):
    (dimension,) = read_space((override,), discrete=False).dimensions
    assert distribution_of(dimension) == expected
