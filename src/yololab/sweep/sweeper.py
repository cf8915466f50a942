"""A sweep: every trial composed and checked first, approved once, run one after another, summarised at the end."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from hydra.core.utils import JobReturn
from hydra.types import HydraContext
from omegaconf import DictConfig, OmegaConf, open_dict, read_write

from yololab.config.hydra_text import FREE_PREFIX
from yololab.errors import InputError, JobError, Problem
from yololab.preparation import Prepared, prepare_job
from yololab.record import Status
from yololab.runfolder import create_folder
from yololab.screen import Screen
from yololab.stages.approve import Gatekeeper, terminal_asker
from yololab.sweep.approvals import agree, save_agreement
from yololab.sweep.plan import PlannedTrial, grid, plan_trials, swept_keys
from yololab.sweep.summary import summarise_sweep

Launch = Callable[[Sequence[Sequence[str]], int], Sequence[JobReturn]]


def run_sweep(hydra_context: HydraContext, config: DictConfig, launch: Launch, arguments: Sequence[str]) -> int:
    """Run a sweep.

    Args:
        hydra_context: Hydra's loader of configs.
        config: The master config.
        launch: Runs jobs with the given overrides, counted from the given number.
        arguments: The overrides of the command line, sweeps included.

    Returns:
        0 when a trial completed.

    Raises:
        InputError: A trial's config, dataset or model is not right; nothing was started.
        ApprovalError: Somebody declined, or nobody was there to ask.
        JobError: No trial completed.
        InterruptedRunError: The sweep was asked to stop.
    """
    jobs = grid(arguments, hydra_context.config_loader)
    trials = plan_trials(hydra_context.config_loader, config, jobs)
    prepared = _prepare_all(trials)
    screen = Screen(verbose=bool(trials[0].experiment.train["verbose"]))
    keys = swept_keys(arguments)
    screen.stage("sweep", f"{len(trials)} trials over {', '.join(keys) or 'nothing: one trial'}")
    gatekeeper = Gatekeeper(trials[0].experiment.approval, terminal_asker(screen.ask))
    agreement = agree(trials, prepared, gatekeeper, screen)
    folder = create_folder(prepared[0].paths.tree.multirun, sweep_name(trials))
    with read_write(config.hydra), open_dict(config.hydra):
        config.hydra.sweep.dir = str(folder)
    OmegaConf.save(config, folder / "multirun.yaml")
    save_agreement(folder, agreement)
    screen.detail(f"sweep folder: {folder}")
    try:
        launch([trial.overrides for trial in trials], 0)
    finally:
        rows = summarise_sweep(folder, [trial.overrides for trial in trials], keys, screen)
    if not any(row["status"] == Status.COMPLETE for row in rows):
        raise JobError(f"none of {len(rows)} trials completed; each folder in {folder} says why")
    return 0


def sweep_name(trials: Sequence[PlannedTrial]) -> str:
    """Return the first part of the sweep folder's name: `name=…`, the recipe's, else the model's."""
    first = trials[0]
    name = first.experiment.train["name"]
    recipe = first.choices.get("experiment")
    if name:
        return str(name)
    if recipe and recipe != "None":
        return recipe
    return Path(first.experiment.model.weights).stem


def _prepare_all(trials: Sequence[PlannedTrial]) -> list[Prepared]:
    """Look at every dataset, model and device that occurs, so that no trial fails for a reason known before."""
    seen: dict[Any, Prepared] = {}
    problems: dict[Problem, None] = {}
    found = []
    for trial in trials:
        experiment = trial.experiment
        key = tuple(
            str(part)
            for part in (
                experiment.model,
                experiment.train["pretrained"],
                experiment.data,
                experiment.device.id,
                experiment.evaluation.split,
                experiment.paths,
                experiment.baseline,
                experiment.tracking,
            )
        )
        if key not in seen:
            option = trial.choices.get("data", "")
            try:
                seen[key] = prepare_job(experiment, Path.cwd(), None if option.startswith(FREE_PREFIX) else option)
            except InputError as error:
                problems |= dict.fromkeys(error.problems)
                continue
        found.append(seen[key])
    if problems:
        raise InputError(problems)
    return found
