"""From one command line with sweeps to what varies, and to trials that are composed, checked and frozen."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from hydra.core.config_loader import ConfigLoader
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.types import RunMode

from yololab.config.arguments.overrides import Assignment, override_of
from yololab.config.folders import group_options
from yololab.config.frozen import freeze
from yololab.config.hydra.compose import compose_experiment
from yololab.config.hydra.grammar import FREE_PREFIX, decode_free
from yololab.config.hydra.recompose import Recomposer
from yololab.config.schema import ExperimentConfig
from yololab.config.search import DEFAULT_SPACE, SPACES, Sampler, SearchConfig, read_values
from yololab.errors import InputError, Problem, noting
from yololab.files.paths import RunFolder
from yololab.files.record_content import FOLD
from yololab.job.prepare import Prepared, prepare_job, refuse_settings_without_effect
from yololab.sweep.planning.space import Scale, Space, Value, read_space
from yololab.text import flattened
from yololab.ultralytics_adapter.isolation.devices import Device

GRIDS = (Sampler.NONE, Sampler.GRID)
_OF_THE_SWEEP = ("search", "hydra", "approval", "paths", "dry_run")


@dataclass(frozen=True)
class PlannedTrial:
    """A trial before it starts.

    Attributes:
        number: Its number, which is also the name of its folder.
        overrides: Its overrides.
        experiment: Its typed config.
        tree: Its config as a plain tree.
        hydra: Hydra's own settings for it.
    """

    number: int
    overrides: tuple[str, ...]
    experiment: ExperimentConfig
    tree: dict[str, Any]
    hydra: dict[str, Any]

    @property
    def choices(self) -> dict[str, str]:
        """The chosen option of each config group."""
        return {str(group): str(option) for group, option in self.hydra["runtime"]["choices"].items()}


def plan_space(
    arguments: Sequence[str],
    working_directory: Path,
    config_loader: ConfigLoader | None = None,
    params: Mapping[str, Any] | None = None,
) -> tuple[Space, SearchConfig]:
    """Return what varies, and how its points are chosen: the command line, and with it the space of the search file.

    Args:
        arguments: The overrides of the command line, sweeps among them.
        working_directory: Where the user's own options lie.
        config_loader: Hydra's, which `glob(…)` asks for the options of a group.
        params: `hydra.sweeper.params`: Hydra's own way to keep a sweep in a file.

    Raises:
        InputError: What cannot be read, or what varies cannot vary.
    """
    as_written = read_space(arguments, discrete=True, config_loader=config_loader)
    # What does not vary names the search; what is wrong with the rest is found when trials are composed.
    naming = [item for item in as_written.fixed if _key(item).partition(".")[0] in ("experiment", "search")]
    search = compose_experiment(naming).experiment.search
    given = {_key(argument) for argument in arguments}
    wanted: Mapping[str, str] = read_values("hydra.sweeper.params", params or {}) | (search.space or {})
    if not as_written.dimensions and not wanted and search.sampler not in GRIDS:
        wanted = SPACES[DEFAULT_SPACE]
    problems: list[Problem] = []
    added = []
    for key in (key for key in wanted if key not in given):  # the command line counts
        try:
            override = override_of(Assignment(key, wanted[key]), group_options(working_directory), multirun=True)
            added += [override] if override is not None else []
        except InputError as error:
            problems += [
                replace(problem, where=f"{_space_of(key, search)}.{problem.where}") for problem in error.problems
            ]
    space = read_space([*arguments, *added], discrete=search.sampler in GRIDS, config_loader=config_loader)
    for key in space.keys:
        if key.partition(".")[0] in _OF_THE_SWEEP:
            problems.append(Problem(key, "several values", "one value", "it belongs to the sweep, not to a trial"))
    if FOLD in space.keys and search.sampler not in GRIDS:
        found = f"several folds, and search={search.sampler.value}"
        remedy = "leave the search out: every fold of every combination is run"
        problems.append(Problem(FOLD, found, "one fold, or a grid: no fold is better than another", remedy))
    if search.sequential and FOLD in space.keys:
        remedy = "leave search.sequential out: every fold is part of the result"
        problems.append(Problem("search.sequential", "a sweep over folds", "a grid over seeds alone", remedy))
    if search.sequential and "seed" not in space.keys:
        found, remedy = "true, and the seed does not vary", "search=seeds, or seed=range(0,5)"
        problems.append(Problem("search.sequential", found, "a grid over seeds", remedy))
    if search.seeds > 1 and "seed" in space.keys:
        remedy = "leave out one of the two"
        problems.append(Problem("search.seeds, seed", "both vary the seed", "one of the two", remedy))
    if problems:
        raise InputError(problems)
    return space, search


def _space_of(key: str, search: SearchConfig) -> str:
    """Return where it stands that a key varies."""
    return "search.space" if key in (search.space or {}) else "hydra.sweeper.params"


def config_point(space: Space) -> dict[str, Value]:
    """Return the config's own values of what varies, those that lie in the space.

    Args:
        space: What varies, and what does not.
    """
    try:
        planned = plan_trial(0, space.fixed)
    except InputError:  # it is complete only with a value of what varies
        return {}
    values = {dimension: _value_of(planned, dimension.key) for dimension in space.dimensions}
    return {
        dimension.key: int(value) if dimension.scale is Scale.INT else value
        for dimension, value in values.items()
        if dimension.holds(value)
    }


def plan_trial(number: int, overrides: Sequence[str], composer: Recomposer | None = None) -> PlannedTrial:
    """Compose and check a trial.

    Args:
        number: Its number.
        overrides: Its overrides.
        composer: What has composed others of the same files; None composes it by itself.

    Raises:
        InputError: Its problems.
    """
    composed = (composer or Recomposer()).compose(overrides)
    job = composed.hydra["job"]
    own = {"job": job | {"num": number, "id": f"{job['name']}_{number}"}, "mode": RunMode.MULTIRUN.name}
    return PlannedTrial(number, tuple(overrides), composed.experiment, composed.tree, composed.hydra | own)


def _value_of(trial: PlannedTrial, key: str) -> Any:
    """Return a key's value as a person reads it: the option of a group, else what stands in the config."""
    option = trial.choices.get(key)
    if option is not None:
        return decode_free(option) if option.startswith(FREE_PREFIX) else option
    return dict(flattened(trial.tree)).get(key)


def plan_trials(jobs: Sequence[Sequence[str]]) -> list[PlannedTrial]:
    """Compose and check every trial before the first one starts.

    Raises:
        InputError: The problems of all trials, each once.
    """
    trials: list[PlannedTrial] = []
    problems: list[Problem] = []
    for number, overrides in enumerate(jobs):
        with noting(problems):
            trials.append(plan_trial(number, overrides))
    if problems:
        raise InputError(problems)
    return trials


def prepare_trials(
    trials: Sequence[PlannedTrial], working_directory: Path, find_device: Callable[[str | None], Device]
) -> list[Prepared]:
    """Look at every dataset, model and device that occurs, each once.

    Args:
        trials: The trials.
        working_directory: The user's folder.
        find_device: Finds a device, of this machine or of those where the trials run.

    Raises:
        InputError: The problems of all trials, each once; or models of several tasks, whose results cannot be ranked.
    """
    seen: dict[Any, Prepared] = {}
    problems: list[Problem] = []
    found = []
    for trial in trials:
        key = _ingredients(trial.experiment)
        option = trial.choices.get("data", "")
        choice = None if option.startswith(FREE_PREFIX) else option
        with noting(problems):
            if key not in seen:
                seen[key] = prepare_job(trial.experiment, working_directory, choice, find_device=find_device)
            refuse_settings_without_effect(trial.experiment, seen[key])
            found.append(seen[key])
    tasks = sorted({item.task.name for item in found})
    if not problems and len(tasks) > 1:
        problems = [Problem("model", f"trials of several tasks: {', '.join(tasks)}", "models of one task")]
    if problems:
        raise InputError(problems)
    return found


def _ingredients(experiment: ExperimentConfig) -> tuple[str, ...]:
    """Return what decides whether two trials need the same things."""
    groups = (experiment.model, experiment.data, experiment.paths, experiment.baseline, experiment.tracking)
    settings = (experiment.train.pretrained, experiment.device.id, experiment.evaluation.split)
    return tuple(map(str, (*groups, *settings)))


def freeze_trial(trial: PlannedTrial, folder: RunFolder) -> None:
    """Write a trial's config into its folder; what is edited later does not change it."""
    runtime = trial.hydra["runtime"] | {"output_dir": str(folder.path)}
    sweep = trial.hydra["sweep"] | {"dir": str(folder.path.parent)}
    freeze(folder, trial.tree, trial.hydra | {"runtime": runtime, "sweep": sweep}, trial.overrides)


def _key(override: str) -> str:
    """Return the key of an override."""
    return str(OverridesParser.create().parse_overrides([override])[0].key_or_group)
