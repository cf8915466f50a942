"""Optuna's samplers and pruners by our names, and a sampler that never repeats its points."""

import inspect
import warnings
from collections.abc import Callable, Mapping
from typing import Any

import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.pruners import BasePruner, NopPruner
from optuna.samplers import BaseSampler
from optuna.trial import FrozenTrial

from yololab.errors import InputError, Problem
from yololab.sweep.planning.space import Dimension, Scale


class FreezeThaw(NopPruner):
    """Prunes nothing by itself: the parent of the sweep pauses trials and goes on with them.

    Args:
        first_epochs: Epochs after which a point is paused.
        first_round: Points that are begun before the first one goes on.
        later_rounds: Points that are begun after each trial that has come to its end.
        whole: How many of the first points are not paused: good guesses, which few epochs would tell little of.
    """

    def __init__(self, first_epochs: int, first_round: int = 4, later_rounds: int = 3, whole: int = 1) -> None:
        super().__init__()
        counts = {"first_epochs": first_epochs, "first_round": first_round, "later_rounds": later_rounds}
        bad = [f"{name}={value}" for name, value in counts.items() if not isinstance(value, int) or value < 1]
        if bad:
            raise ValueError(f"{', '.join(bad)}: whole numbers from 1 on")
        if not isinstance(whole, int) or whole < 0:
            raise ValueError(f"whole={whole}: a whole number from 0 on")
        self.first_epochs, self.first_round, self.later_rounds = first_epochs, first_round, later_rounds
        self.whole = whole


# Name → sampler. `grid` takes its points from a queue, so what samples behind it is never asked.
SAMPLERS: dict[str, type[BaseSampler]] = {
    "grid": optuna.samplers.RandomSampler,
    "random": optuna.samplers.RandomSampler,
    "tpe": optuna.samplers.TPESampler,
    "gp": optuna.samplers.GPSampler,
    "cmaes": optuna.samplers.CmaEsSampler,
    "qmc": optuna.samplers.QMCSampler,
    "nsga2": optuna.samplers.NSGAIISampler,
}
PRUNERS: dict[str, type[BasePruner]] = {
    "none": optuna.pruners.NopPruner,
    "median": optuna.pruners.MedianPruner,
    "percentile": optuna.pruners.PercentilePruner,
    "asha": optuna.pruners.SuccessiveHalvingPruner,
    "hyperband": optuna.pruners.HyperbandPruner,
    "wilcoxon": optuna.pruners.WilcoxonPruner,
    "freeze_thaw": FreezeThaw,
}
# A sequence is one only with the seed that it began with, and when no point of another kind takes the place of its own.
SEQUENCES = ("qmc",)


class SeededSampler(BaseSampler):
    """A sampler whose random numbers depend on a seed and the number of the trial alone.

    A sampler that is merely seeded draws its first points again after a resume, or in a second process.

    Args:
        make: Makes the sampler with a seed.
        seed: The seed.
        steady: Use the seed itself for every trial.
    """

    def __init__(self, make: Callable[[int], BaseSampler], seed: int, *, steady: bool = False) -> None:
        self._make, self._seed, self._steady = make, seed, steady
        self._sampler = make(seed)

    def before_trial(self, study: optuna.Study, trial: FrozenTrial) -> None:
        """Make the trial's sampler."""
        self._sampler = self._make(self._seed if self._steady else self._seed + trial.number)
        self._sampler.before_trial(study, trial)

    def infer_relative_search_space(self, *arguments: Any, **named: Any) -> dict[str, BaseDistribution]:
        """Ask the trial's sampler."""
        return self._sampler.infer_relative_search_space(*arguments, **named)

    def sample_relative(self, *arguments: Any, **named: Any) -> dict[str, Any]:
        """Ask the trial's sampler."""
        return self._sampler.sample_relative(*arguments, **named)

    def sample_independent(self, *arguments: Any, **named: Any) -> Any:
        """Ask the trial's sampler."""
        return self._sampler.sample_independent(*arguments, **named)

    def after_trial(self, *arguments: Any, **named: Any) -> None:
        """Let the trial's sampler learn from it."""
        self._sampler.after_trial(*arguments, **named)


def make_sampler(name: str, seed: int, options: Mapping[str, Any]) -> SeededSampler:
    """Return a sampler.

    Args:
        name: One of `SAMPLERS`.
        seed: The seed.
        options: Its keyword arguments.

    Raises:
        InputError: An option is unknown or wrong.
    """
    cls = SAMPLERS[name]

    def make(number: int) -> BaseSampler:
        given: dict[str, Any] = {"seed": number % 2**32, **options}
        if "warn_independent_sampling" in inspect.signature(cls).parameters:
            given.setdefault("warn_independent_sampling", False)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return cls(**given)

    _check_options("search.sampler_options", cls, options)
    try:
        return SeededSampler(make, seed, steady=name in SEQUENCES)
    except (TypeError, ValueError, ImportError) as error:
        raise InputError(Problem("search.sampler_options", str(error))) from None


def make_pruner(name: str, options: Mapping[str, Any], epochs: int) -> BasePruner:
    """Return a pruner.

    Args:
        name: One of `PRUNERS`.
        options: Its keyword arguments.
        epochs: Epochs of the longest training, from which what is not given follows.

    Raises:
        InputError: An option is unknown or wrong.
    """
    cls = PRUNERS[name]
    _check_options("search.pruner_options", cls, options)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that a strategy is experimental
            return cls(**{**_pruner_defaults(name, epochs), **options})
    except (TypeError, ValueError, ImportError) as error:
        raise InputError(Problem("search.pruner_options", str(error))) from None


def _pruner_defaults(name: str, epochs: int) -> dict[str, Any]:
    """Return the options that follow from the length of a training: nothing is pruned in its first eighth."""
    first = max(1, epochs // 8)
    table: dict[str, dict[str, Any]] = {
        "median": {"n_warmup_steps": first},
        "percentile": {"percentile": 25.0, "n_warmup_steps": first},
        "asha": {"min_resource": first, "reduction_factor": 3},
        "hyperband": {"min_resource": first, "max_resource": max(1, epochs), "reduction_factor": 3},
        "freeze_thaw": {"first_epochs": first},
    }
    return table.get(name, {})


def _check_options(where: str, cls: type[Any], options: Mapping[str, Any]) -> None:
    """Refuse options that a strategy does not have.

    Raises:
        InputError: Each of them.
    """
    known = [
        name
        for name, parameter in inspect.signature(cls).parameters.items()
        if name != "seed" and parameter.kind in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY)
    ]
    unknown = [name for name in options if name not in known]
    if unknown:
        found, allowed = f"no option of {cls.__name__}", f"one of {', '.join(known) or 'none'}"
        raise InputError(Problem(f"{where}.{name}", found, allowed) for name in unknown)


def distribution_of(dimension: Dimension) -> BaseDistribution:
    """Return a dimension as Optuna knows it."""
    if dimension.scale is Scale.CHOICE:
        return CategoricalDistribution(dimension.values)
    if dimension.scale is Scale.INT:
        step = int(dimension.step or 1)
        return IntDistribution(int(dimension.low), int(dimension.high), log=dimension.log, step=step)
    return FloatDistribution(dimension.low, dimension.high, log=dimension.log, step=dimension.step)
