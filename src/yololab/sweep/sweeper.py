"""A sweep: what varies is read and checked first, approved once, run by the loop, and summarised at the end."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Any

from hydra.types import HydraContext
from omegaconf import DictConfig, OmegaConf, open_dict, read_write

from yololab.config.folders import composing_from, copy_config
from yololab.config.hydra_text import FREE_PREFIX
from yololab.config.schema import ExperimentConfig
from yololab.config.search import DEFAULT_TRIALS, FailOn, Pruner, SearchConfig
from yololab.errors import ApprovalError, InputError, JobError, Problem
from yololab.files.json_files import plain
from yololab.files.paths import create_folder
from yololab.files.record import now
from yololab.host.signals import StopSignal
from yololab.job.gatekeeper import Approval, Gatekeeper, terminal_asker
from yololab.job.prepare import Prepared, prepare_job, refuse_settings_without_effect
from yololab.sweep.engines.registry import LOCAL, make_executor, split_settings
from yololab.sweep.engines.remote_device import remote_device
from yololab.sweep.executor import Executor
from yololab.sweep.loop import TrialLoop
from yololab.sweep.planning.approvals import agree, save_agreement, save_rejected
from yololab.sweep.planning.objectives import plan_objectives
from yololab.sweep.planning.plan import (
    GRIDS,
    PlannedTrial,
    config_point,
    freeze_trial,
    plan_space,
    plan_trial,
    plan_trials,
)
from yololab.sweep.planning.space import canonical, read_space
from yololab.sweep.planning.storage import absolute_url
from yololab.sweep.planning.strategies import SEQUENCES, make_pruner, make_sampler
from yololab.sweep.planning.study_source import StudySource
from yololab.sweep.progress import SweepProgress
from yololab.sweep.results.finalize import finalize_sweep
from yololab.sweep.state import SweepFolder, SweepSettings, TrialEntry, TrialStatus
from yololab.terminal.screen import Screen
from yololab.ultralytics_adapter.isolation.devices import Device, resolve_device

_ONLY_ESTIMATE: ContextVar[bool] = ContextVar("only_estimate", default=False)


@contextmanager
def only_estimating() -> Iterator[None]:
    """Let `run_sweep`, which Hydra calls, end with the estimate: nobody is asked, and no trial is started."""
    token = _ONLY_ESTIMATE.set(True)
    try:
        yield
    finally:
        _ONLY_ESTIMATE.reset(token)


def run_sweep(
    hydra_context: HydraContext,
    config: DictConfig,
    engine: str,
    launcher: Mapping[str, Any],
    arguments: Sequence[str],
) -> int:
    """Run a sweep.

    Args:
        hydra_context: Hydra's loader of configs.
        config: The master config.
        engine: The engine's name.
        launcher: Its settings and resources.
        arguments: The overrides of the command line, sweeps included.

    Returns:
        0 when a trial completed.

    Raises:
        InputError: A trial's config, dataset or model is not right; nothing was started.
        ApprovalError: Somebody declined, or nobody was there to ask.
        JobError: No trial completed, or with `search.fail_on=any` one has failed.
        InterruptedRunError: The sweep was asked to stop.
    """
    working_directory = Path.cwd()
    space, search = plan_space(arguments, working_directory, hydra_context.config_loader)
    is_grid = search.sampler in GRIDS
    points = space.grid()[: search.trials] if is_grid else space.representatives()
    trials = plan_trials([space.overrides(point) for point in points])
    own, resources = split_settings(launcher)
    find_device = resolve_device if engine == LOCAL else partial(remote_device, resources=resources, settings=own)
    prepared = _prepare_all(trials, find_device)
    _one_task(prepared)
    objectives = plan_objectives(search, prepared[0].task.name, prepared[0].dataset.names)
    epochs = max(trial.experiment.train.epochs for trial in trials)
    _check_strategies(search, epochs)
    own = _without_slots(engine, own, trials, prepared)
    executor = make_executor(engine, own, resources)
    budget = len(points) if is_grid else search.trials or DEFAULT_TRIALS
    planned = budget * search.seeds
    screen = Screen(verbose=trials[0].experiment.train.verbose)
    first = {} if is_grid or search.sampler in SEQUENCES or not search.config_first else config_point(space)
    screen.stage("sweep", f"{planned} trials over {', '.join(space.keys) or 'nothing: one trial'}")
    _announce(screen, search, executor, engine, [item.metric for item in objectives])
    if first:
        values = ", ".join(f"{key}={value}" for key, value in first.items())
        screen.detail(f"first point: the config's own {values} (search.config_first=false samples it)")
    on_this_cpu = engine == LOCAL and all(item.device.kind == "cpu" for item in prepared)
    approvals: list[Approval] = []
    asker = Gatekeeper(trials[0].experiment.approval, terminal_asker(screen.ask))
    try:
        agreement = agree(
            trials,
            prepared,
            None if _ONLY_ESTIMATE.get() else asker,
            screen,
            planned=planned,
            # Trials that share the cores of one machine are each slower.
            parallel=1 if on_this_cpu else executor.capacity,
            elsewhere=None if engine == LOCAL else engine,
            approvals=approvals,
        )
    except ApprovalError:
        save_rejected(create_folder(prepared[0].paths.tree.multirun, sweep_name(trials)), approvals)
        raise
    if _ONLY_ESTIMATE.get():
        return 0
    if not is_grid or search.seeds > 1:  # what was timed are not the trials themselves
        agreement = replace(agreement, estimates=())
    storage = None if search.storage is None else absolute_url(search.storage, working_directory)
    folder = SweepFolder(create_folder(prepared[0].paths.tree.multirun, sweep_name(trials)))
    with read_write(config.hydra), open_dict(config.hydra):
        config.hydra.sweep.dir = str(folder.path)
    OmegaConf.save(config, folder.multirun)
    copy_config(folder.config, working_directory)
    save_agreement(folder.path, agreement)
    settings = SweepSettings(
        name=search.study or folder.path.name,
        storage=storage,
        arguments=canonical(space),
        keys=space.keys,
        objectives=objectives,
        search=plain(asdict(search)) | {"sampler": "grid" if is_grid else search.sampler.value},
        budget=budget,
        engine=engine,
        engine_settings=own,
        resources=resources,
        working_directory=str(working_directory),
        task=prepared[0].task.name,
        epochs=epochs,
        seed=trials[0].experiment.train.seed,
        command=("yololab", *sys.argv[1:]),
        created=now(),
        first_point=first,
    )
    folder.write_settings(settings)
    screen.detail(f"sweep folder: {folder.path}")
    return run_trials(folder, settings, executor, screen)


def run_trials(
    folder: SweepFolder,
    settings: SweepSettings,
    executor: Executor,
    screen: Screen,
    adopted: Sequence[TrialEntry] = (),
) -> int:
    """Run what is missing of a sweep, and summarise it.

    Args:
        folder: The sweep's folder.
        settings: What was asked for.
        executor: The engine.
        screen: Where to print.
        adopted: Trials of an earlier parent that still run.

    Returns:
        0 when a trial completed.

    Raises:
        JobError: No trial completed, or with `search.fail_on=any` one has failed.
        InterruptedRunError: The sweep was asked to stop.
    """
    space = read_space(settings.arguments, discrete=settings.search["sampler"] == "grid")

    def freeze(number: int, overrides: Sequence[str]) -> None:
        freeze_trial(plan_trial(number, overrides), folder.trial(number))

    stop = StopSignal()
    minutes = settings.search["timeout_minutes"]
    with composing_from(folder.config), screen.logging_to(folder.log):
        source = StudySource(folder, settings, space, freeze)
        source.catch_up()
        ended = False
        try:
            with SweepProgress(
                folder,
                screen,
                settings.objectives,
                source.planned,
                settings.task,
                executor.capacity,
                settings.epochs,
            ) as progress:
                loop = TrialLoop(
                    folder=folder,
                    source=source,
                    executor=executor,
                    objectives=settings.objectives,
                    observer=progress,
                    retries=int(settings.search["retries"]),
                    adopted=adopted,
                    timeout_seconds=None if minutes is None else 60 * float(minutes),
                )
                with stop.listening(), stop.waiting_for_batch():
                    loop.run(stop)
                ended = True
        finally:
            if folder.numbers():
                finalize_sweep(folder, screen, finish=ended)
    return _verdict(folder, settings)


def _verdict(folder: SweepFolder, settings: SweepSettings) -> int:
    """Return 0, or raise when too much has failed."""
    entries = folder.trials()
    failed = [entry for entry in entries if entry.status is TrialStatus.FAILED]
    if not all(entry.status.finished for entry in entries):
        return 0  # another parent is at work on the rest, and will say
    if not any(entry.status is TrialStatus.COMPLETE for entry in entries):
        raise JobError(f"none of {len(entries)} trials completed; each folder in {folder.path} says why")
    if failed and settings.search["fail_on"] == FailOn.ANY:
        numbers = ", ".join(str(entry.number) for entry in failed)
        raise JobError(f"search.fail_on=any, and of {len(entries)} trials these have failed: {numbers}")
    return 0


def sweep_name(trials: Sequence[PlannedTrial]) -> str:
    """Return the first part of the sweep folder's name: `name=…`, the recipe's, else the model's."""
    first = trials[0]
    name = first.experiment.train.name
    recipe = first.choices.get("experiment")
    if name:
        return str(name)
    if recipe and recipe != "None":
        return recipe
    return Path(first.experiment.model.weights).stem


def _announce(screen: Screen, search: SearchConfig, executor: Executor, engine: str, metrics: Sequence[str]) -> None:
    """Say how the sweep is going to look."""
    words = [f"search: {search.sampler}"]
    words += [f"pruner: {search.pruner}"] if search.pruner is not Pruner.NONE else []
    words += [f"objective: {', '.join(metrics)}", f"engine: {engine}, {executor.capacity} at a time"]
    screen.detail("; ".join(words))
    if executor.capacity > 1 and any(metric.startswith("speed_ms.") for metric in metrics):
        screen.warn("trials that run at the same time slow each other down: speeds are rough with more than one job")


def _check_strategies(search: SearchConfig, epochs: int) -> None:
    """Find out whether sampler and pruner take their options.

    Raises:
        InputError: They do not.
    """
    problems: list[Problem] = []
    name = "grid" if search.sampler in GRIDS else search.sampler.value
    for make in (
        lambda: make_sampler(name, search.seed, search.sampler_options or {}),
        lambda: make_pruner(search.pruner.value, search.pruner_options or {}, epochs),
    ):
        try:
            make()
        except InputError as error:
            problems += error.problems
    if problems:
        raise InputError(problems)


def _one_task(prepared: Sequence[Prepared]) -> None:
    """Refuse trials of different tasks: their results cannot be ranked.

    Raises:
        InputError: There are several.
    """
    tasks = sorted({item.task.name for item in prepared})
    if len(tasks) > 1:
        raise InputError(Problem("model", f"trials of several tasks: {', '.join(tasks)}", "models of one task"))


def _without_slots(
    engine: str, settings: dict[str, Any], trials: Sequence[PlannedTrial], prepared: Sequence[Prepared]
) -> dict[str, Any]:
    """Leave the GPUs to the trials when they name theirs, or use none: the local engine then hands none out."""
    named = {trial.experiment.device.id for trial in trials} - {None, "0"}
    on_gpu = any(item.device.kind == "cuda" for item in prepared)
    if engine == LOCAL and settings.get("gpu_ids") is None and (named or not on_gpu):
        return settings | {"gpu_ids": []}
    return settings


def _prepare_all(
    trials: Sequence[PlannedTrial], find_device: Callable[[str | None], Device] = resolve_device
) -> list[Prepared]:
    """Look at every dataset, model and device that occurs, so that no trial fails for a reason known before."""
    seen: dict[Any, Prepared] = {}
    problems: dict[Problem, None] = {}
    found = []
    for trial in trials:
        key = _ingredients(trial.experiment)
        option = trial.choices.get("data", "")
        choice = None if option.startswith(FREE_PREFIX) else option
        try:
            if key not in seen:
                seen[key] = prepare_job(trial.experiment, Path.cwd(), choice, find_device=find_device)
            refuse_settings_without_effect(trial.experiment, seen[key])
        except InputError as error:
            problems |= dict.fromkeys(error.problems)
            continue
        found.append(seen[key])
    if problems:
        raise InputError(problems)
    return found


def _ingredients(experiment: ExperimentConfig) -> tuple[str, ...]:
    """Return what decides whether two trials need the same things."""
    return tuple(
        str(part)
        for part in (
            experiment.model,
            experiment.train.pretrained,
            experiment.data,
            experiment.device.id,
            experiment.evaluation.split,
            experiment.paths,
            experiment.baseline,
            experiment.tracking,
        )
    )
