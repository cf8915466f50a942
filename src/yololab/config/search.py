"""The settings of a search: how the trials of a sweep are chosen, what they are after, and when one is given up."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from yololab.errors import Problem
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
    """How a trial is found to be hopeless."""

    NONE = "none"
    MEDIAN = "median"
    PERCENTILE = "percentile"
    ASHA = "asha"
    HYPERBAND = "hyperband"
    WILCOXON = "wilcoxon"


class FailOn(StrEnum):
    """When a sweep exits with 1."""

    ALL = "all"
    ANY = "any"


class Keep(StrEnum):
    """Whose weights stay on disk."""

    ALL = "all"
    BEST = "best"


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
        pruner: none, median, percentile, asha, hyperband; wilcoxon over seeds.
        seeds: Trainings of each point, with seeds counted up from `seed`; their mean is its result.
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
    trials: int | None = None
    config_first: bool = True
    space: Any = None
    objective: Any = None
    direction: Any = None
    pruner: Pruner = Pruner.NONE
    seeds: int = 1
    seed: int = 0
    retries: int = 0
    timeout_minutes: float | None = None
    fail_on: FailOn = FailOn.ALL
    keep: Keep = Keep.ALL
    storage: str | None = None
    study: str | None = None
    sampler_options: Any = None
    pruner_options: Any = None


# Ready-made spaces over Ultralytics' hyperparameters, in Hydra's sweep syntax. The ranges are those in which a training
# from pretrained weights still learns; Ultralytics' own tuner searches similar ones.
SPACES: dict[str, dict[str, str]] = {
    "lr": {"lr0": "tag(log,interval(1e-4,5e-2))", "lrf": "tag(log,interval(0.01,1.0))"},
    "optimizer": {
        "lr0": "tag(log,interval(1e-4,5e-2))",
        "lrf": "tag(log,interval(0.01,1.0))",
        "momentum": "interval(0.7,0.98)",
        "weight_decay": "tag(log,interval(1e-5,1e-2))",
        "warmup_epochs": "interval(0.0,5.0)",
    },
    "losses": {
        "box": "interval(2.0,15.0)",
        "cls": "interval(0.2,4.0)",
        "dfl": "interval(0.4,6.0)",
    },
    "augmentation": {
        "hsv_h": "interval(0.0,0.1)",
        "hsv_s": "interval(0.0,0.9)",
        "hsv_v": "interval(0.0,0.9)",
        "degrees": "interval(0.0,45.0)",
        "translate": "interval(0.0,0.5)",
        "scale": "interval(0.0,0.9)",
        "shear": "interval(0.0,10.0)",
        "fliplr": "interval(0.0,1.0)",
        "mosaic": "interval(0.0,1.0)",
        "mixup": "interval(0.0,0.5)",
    },
}

DIRECTIONS = ("maximize", "minimize")
# Points of a search that names no number.
DEFAULT_TRIALS = 50
# The space of a search that names none.
DEFAULT_SPACE = "optimizer"
# Samplers that know only one objective.
_SINGLE = (Sampler.CMAES,)


def read_space_setting(dotted: str, value: Any, problems: list[Problem]) -> dict[str, str]:
    """`search.space`: a mapping, or the names of ready-made spaces."""
    if isinstance(value, Mapping):
        space = {}
        for key, text in value.items():
            if isinstance(text, (list, tuple)):
                space[str(key)] = f"choice({','.join(_word(item) for item in text)})"
            elif isinstance(text, Mapping) or text is None:
                problems.append(Problem(f"{dotted}.{key}", f"{text!r}", "values in Hydra's syntax: interval(0.1,0.5)"))
            else:
                space[str(key)] = _word(text)
        return space
    names = [value] if isinstance(value, str) else value
    if not isinstance(names, (list, tuple)) or any(name not in SPACES for name in names):
        allowed = f"key: values lines, or names of ready-made spaces: {', '.join(SPACES)}"
        problems.append(Problem(dotted, f"{value!r}", allowed))
        return {}
    return {key: text for name in names for key, text in SPACES[name].items()}


def read_objectives(dotted: str, value: Any, problems: list[Problem]) -> list[str]:
    """`search.objective`, `search.direction`: one word or several."""
    words = [value] if isinstance(value, str) else value
    if not isinstance(words, (list, tuple)) or not words or not all(isinstance(word, str) for word in words):
        problems.append(Problem(dotted, f"{value!r}", "a word, or a list of words"))
        return []
    if dotted == "search.direction":
        problems += [Problem(dotted, f"{word!r}", one_of(DIRECTIONS)) for word in words if word not in DIRECTIONS]
    elif len(set(words)) < len(words):
        problems.append(Problem(dotted, f"{value!r}", "each objective once"))
    return list(words)


def read_options(dotted: str, value: Any, problems: list[Problem]) -> dict[str, Any]:
    """`search.sampler_options`, `search.pruner_options`: names with their values."""
    if not isinstance(value, Mapping):
        problems.append(Problem(dotted, f"{value!r}", "name: value lines"))
        return {}
    return {str(key): item for key, item in value.items()}


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
    if (search.pruner is Pruner.WILCOXON) and search.seeds < 2:
        remedy = "search.seeds=5 trains each point five times at most"
        yield Problem("search.pruner", "wilcoxon with one seed a point", "search.seeds of at least 2", remedy)
    if search.seeds > 1 and search.pruner not in (Pruner.NONE, Pruner.WILCOXON):
        yield Problem("search.pruner", f"{search.pruner} with several seeds a point", "wilcoxon, or none")


def _word(value: Any) -> str:
    """Return a value as it is written on a command line."""
    if isinstance(value, bool):
        return str(value).lower()
    return repr(value) if isinstance(value, float) else str(value)
