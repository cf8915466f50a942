"""The settings of a search: how the trials of a sweep are chosen, what they are after, and when one is given up."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

import yaml

from yololab.config.settings import setting
from yololab.errors import InputError, Problem
from yololab.text import one_of


class Sampler(StrEnum):
    """How the points of a sweep are chosen."""

    NONE = "none"
    GRID = "grid"
    RANDOM = "random"
    TPE = "tpe"
    GP = "gp"
    CMAES = "cmaes"
    QMC = "qmc"
    NSGA2 = "nsga2"


class Pruner(StrEnum):
    """Which rule prunes trials that fall behind."""

    NONE = "none"
    MEDIAN = "median"
    PERCENTILE = "percentile"
    ASHA = "asha"
    HYPERBAND = "hyperband"
    WILCOXON = "wilcoxon"
    FREEZE_THAW = "freeze_thaw"


class FailOn(StrEnum):
    """When a sweep exits with 1."""

    ALL = "all"
    ANY = "any"


class Keep(StrEnum):
    """Whose weights stay on disk."""

    ALL = "all"
    BEST = "best"


# Ready-made spaces, in Hydra's sweep syntax.
SPACES: dict[str, dict[str, str]] = yaml.safe_load(Path(__file__).with_name("spaces.yaml").read_text(encoding="utf-8"))

DIRECTIONS = ("maximize", "minimize")


def _read_space(where: str, value: Any) -> dict[str, str]:
    """Read a space: key → values in Hydra's syntax, or the names of ready-made spaces."""
    if isinstance(value, Mapping):
        return read_values(where, value)
    names = [value] if isinstance(value, str) else value
    if not isinstance(names, (list, tuple)) or any(name not in SPACES for name in names):
        allowed = f"key: values lines, or names of ready-made spaces: {', '.join(SPACES)}"
        raise InputError(Problem(where, f"{value!r}", allowed))
    return {key: text for name in names for key, text in SPACES[name].items()}


def read_values(where: str, value: Mapping[Any, Any]) -> dict[str, str]:
    """Read what varies: key → values, in Hydra's syntax or as a list.

    Raises:
        InputError: Something else stands there.
    """
    bad = [key for key, text in value.items() if isinstance(text, Mapping) or text is None]
    if bad:
        allowed = "values in Hydra's syntax: interval(0.1,0.5)"
        raise InputError(Problem(f"{where}.{key}", f"{value[key]!r}", allowed) for key in bad)
    return {
        str(key): f"choice({','.join(map(_as_text, text))})" if isinstance(text, (list, tuple)) else _as_text(text)
        for key, text in value.items()
    }


def _read_names(where: str, value: Any) -> list[str]:
    """Read one name or several."""
    names = [value] if isinstance(value, str) else value
    if not isinstance(names, (list, tuple)) or not names or not all(isinstance(name, str) for name in names):
        raise InputError(Problem(where, f"{value!r}", "a name, or a list of names"))
    return list(names)


def _read_objectives(where: str, value: Any) -> list[str]:
    names = _read_names(where, value)
    if len(set(names)) < len(names):
        raise InputError(Problem(where, f"{value!r}", "each objective once"))
    return names


def _read_directions(where: str, value: Any) -> list[str]:
    names = _read_names(where, value)
    bad = [name for name in names if name not in DIRECTIONS]
    if bad:
        raise InputError(Problem(where, f"{name!r}", one_of(DIRECTIONS)) for name in bad)
    return names


def _as_text(value: Any) -> str:
    """Return a value as it is written on a command line."""
    if isinstance(value, bool):
        return str(value).lower()
    return repr(value) if isinstance(value, float) else str(value)


@dataclass
class SearchConfig:
    """A search; with `-m` only.

    Attributes:
        sampler: none and grid (every combination), random, tpe, gp, cmaes, qmc, nsga2.
        trials: How many points; null for every combination of a grid, and 50 otherwise.
        config_first: Whether the first point has the config's own values, where they lie in the space; a grid and a
            Sobol sequence (qmc) have their own order.
        space: Key → values in Hydra's sweep syntax, beside the command line's; or the names of ready-made spaces.
        objective: A number of metrics.json, or several; null for the task's primary metric.
        direction: maximize or minimize, one for each objective; null where it is known.
        pruner: none, median, percentile, asha, hyperband; wilcoxon over seeds; freeze_thaw pauses each trial, and
            the best of those that are paused go on.
        budget_epochs: With freeze_thaw the epochs of all trials together at most; null for those of six trainings.
        warm_start: Folders of earlier sweeps on the same data; their best points come before the config's own.
        seeds: Trainings of each point, with seeds counted up from `seed`; their mean is its result.
        sequential: Whether a grid over seeds stops as soon as it is clear which recipe is best: from the third round of
            seeds on it is looked at, and all looks share one α of 0.05.
        futility: Below which chance of an answer, were the difference as large as it looks, such a grid ends without
            one; 0 trains on.
        seed: Where the sampler's random numbers start.
        retries: How often a trial that was killed, or ended by its limits, is started again.
        timeout_minutes: When the last trial is started at the latest.
        fail_on: all (exit 1 when no trial completed) or any (when one failed).
        keep: Whose weights stay: all, or only the best trial's.
        storage: Where the study is kept: null for a file in the sweep's folder, or a URL, which others can share.
        study: The study's name in its storage; null for the sweep's.
        sampler_options: Arguments of Optuna's sampler.
        pruner_options: Arguments of Optuna's pruner.
    """

    sampler: Sampler = Sampler.NONE
    trials: int | None = setting(None, at_least=1)
    config_first: bool = True
    space: dict[str, str] | None = setting(None, reader=_read_space)
    objective: list[str] | None = setting(None, reader=_read_objectives)
    direction: list[str] | None = setting(None, reader=_read_directions)
    pruner: Pruner = Pruner.NONE
    budget_epochs: int | None = setting(None, at_least=1)
    warm_start: list[str] | None = setting(None, reader=_read_names)
    seeds: int = setting(1, at_least=1)
    sequential: bool = False
    futility: float = setting(0.1, at_least=0, at_most=1)
    seed: int = setting(0, at_least=0)
    retries: int = setting(0, at_least=0)
    timeout_minutes: float | None = setting(None, at_least=0)
    fail_on: FailOn = FailOn.ALL
    keep: Keep = Keep.ALL
    storage: str | None = None
    study: str | None = None
    sampler_options: dict[str, Any] | None = None
    pruner_options: dict[str, Any] | None = None


# Points of a search that names no number.
DEFAULT_TRIALS = 50
# The space of a search that names none.
DEFAULT_SPACE = "optimizer"
# Samplers that know only one objective.
_SINGLE = (Sampler.CMAES,)
# Samplers that go with freeze_thaw: the others learn from complete trials, of which it has few.
_FROZEN = (Sampler.NONE, Sampler.GRID, Sampler.RANDOM, Sampler.QMC)


def search_contradictions(search: SearchConfig) -> Iterator[Problem]:
    """What does not go together."""
    objectives, directions = search.objective or [], search.direction or []
    several = len(objectives) > 1
    if directions and len(directions) != max(1, len(objectives)):
        yield Problem("search.direction", f"{len(directions)} of them", "as many as search.objective")
    if several and search.pruner is not Pruner.NONE:
        remedy = "leave the pruner out, or seek one objective"
        yield Problem("search.pruner", f"{search.pruner} with several objectives", "pruner=none", remedy)
    if several and search.sampler in _SINGLE:
        yield Problem("search.sampler", f"{search.sampler} with several objectives", "nsga2, tpe, gp, random, qmc")
    if search.sequential and (search.sampler not in (Sampler.NONE, Sampler.GRID) or search.pruner is not Pruner.NONE):
        found = f"true with {search.sampler} and {search.pruner}"
        yield Problem("search.sequential", found, "a grid without a pruner", "search=seeds is one")
    if (search.pruner is Pruner.WILCOXON) and search.seeds < 2:
        remedy = "search.seeds=5 trains each point five times at most"
        yield Problem("search.pruner", "wilcoxon with one seed a point", "search.seeds of at least 2", remedy)
    if search.pruner is Pruner.FREEZE_THAW and search.sampler not in _FROZEN:
        remedy = "search=freeze_thaw, which spreads its points and then stays near the best one"
        yield Problem("search.sampler", f"{search.sampler} with freeze_thaw", "random, qmc, or a grid", remedy)
    if search.warm_start and search.sampler in (Sampler.NONE, Sampler.GRID, Sampler.QMC):
        remedy = "search=tpe, search=freeze_thaw, or leave it out"
        yield Problem(
            "search.warm_start", f"set with search.sampler={search.sampler}", "a sampler without order", remedy
        )
    if search.budget_epochs is not None and search.pruner is not Pruner.FREEZE_THAW:
        remedy = "search=freeze_thaw, or search.timeout_minutes"
        yield Problem("search.budget_epochs", f"set with search.pruner={search.pruner}", "freeze_thaw", remedy)
    if search.seeds > 1 and search.pruner not in (Pruner.NONE, Pruner.WILCOXON):
        yield Problem("search.pruner", f"{search.pruner} with several seeds a point", "wilcoxon, or none")
