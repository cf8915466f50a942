"""From one command line with sweeps to the trials: their overrides, and their composed and checked configs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from hydra._internal.core_plugins.basic_sweeper import BasicSweeper
from hydra.core.config_loader import ConfigLoader
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import HydraException
from omegaconf import DictConfig, open_dict, read_write

from yololab.config.compose import COMPOSING_ERRORS, compose_experiment, overridden_keys, plain_tree
from yololab.config.door import through_the_door
from yololab.config.schema import ExperimentConfig
from yololab.errors import InputError, Problem


@dataclass(frozen=True)
class PlannedTrial:
    """A trial before it starts.

    Attributes:
        number: Its number, which is also the name of its folder.
        overrides: Its overrides.
        experiment: Its typed config.
        tree: Its config as a plain tree.
        hydra: Hydra's own node for it.
    """

    number: int
    overrides: tuple[str, ...]
    experiment: ExperimentConfig
    tree: dict[str, Any]
    hydra: DictConfig

    @property
    def choices(self) -> dict[str, str]:
        """The chosen option of each config group."""
        return {str(group): str(option) for group, option in self.hydra.runtime.choices.items()}


def grid(arguments: Sequence[str], config_loader: ConfigLoader | None = None) -> list[list[str]]:
    """Expand the sweeps in `arguments` to the overrides of each trial, the last one varying fastest.

    Raises:
        InputError: A sweep that is not a list of values (`interval(…)` needs a search strategy).
    """
    try:
        parsed = OverridesParser.create(config_loader=config_loader).parse_overrides(list(arguments))
    except HydraException as error:
        remedy = "values are written lr0=0.001,0.01 or range(…) or choice(…)"
        raise InputError(Problem("command line", str(error).splitlines()[0], remedy=remedy)) from None
    problems = [
        Problem(item.input_line or "", "a continuous sweep", "values: lr0=0.001,0.01 or lr0=range(…) or choice(…)")
        for item in parsed
        if item.is_sweep_override() and not item.is_discrete_sweep()
    ]
    if problems:
        raise InputError(problems)
    batches: list[list[list[str]]] = BasicSweeper.split_arguments(parsed, max_batch_size=None)
    return batches[0]


def swept_keys(arguments: Sequence[str]) -> list[str]:
    """Return the keys that vary between the trials."""
    parsed = OverridesParser.create().parse_overrides(list(arguments))
    return [item.key_or_group for item in parsed if item.is_sweep_override()]


def plan_trials(
    config_loader: ConfigLoader, master: DictConfig, jobs: Sequence[Sequence[str]], first_number: int = 0
) -> list[PlannedTrial]:
    """Compose and check every trial before the first one starts.

    Raises:
        InputError: The problems of all trials, each once.
    """
    trials: list[PlannedTrial] = []
    problems: dict[Problem, None] = {}
    for number, overrides in enumerate(jobs, first_number):
        try:
            config = config_loader.load_sweep_config(master, list(overrides))
            with read_write(config.hydra), open_dict(config.hydra):
                config.hydra.job.num = number
                config.hydra.job.id = f"{config.hydra.job.name}_{number}"
            tree = plain_tree(config)
            experiment = through_the_door(tree, overridden_keys(overrides))
            trials.append(PlannedTrial(number, tuple(overrides), experiment, tree, config.hydra))
        except InputError as error:
            problems |= dict.fromkeys(error.problems)
        except COMPOSING_ERRORS as error:
            problems |= dict.fromkeys(_problems_of(overrides, error))
    if problems:
        raise InputError(problems)
    return trials


def _problems_of(overrides: Sequence[str], error: Exception) -> tuple[Problem, ...]:
    """Return what is wrong with the overrides of a trial, each with its place and remedy."""
    try:
        compose_experiment(overrides)
    except InputError as found:
        return found.problems
    return (Problem(" ".join(overrides), str(error).splitlines()[0]),)
