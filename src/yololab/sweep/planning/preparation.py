"""Dataset, model and device of every trial, found before the first one starts: none fails for a reason known before."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from yololab.config.hydra.grammar import FREE_PREFIX
from yololab.config.schema import ExperimentConfig
from yololab.errors import InputError, Problem, noting
from yololab.job.prepare import Prepared, prepare_job, refuse_settings_without_effect
from yololab.sweep.planning.plan import PlannedTrial
from yololab.ultralytics_adapter.isolation.devices import Device


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
