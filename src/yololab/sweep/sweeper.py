"""From Hydra's call to a sweep that is agreed to: what varies is read and checked, and asked about once.

What follows, running it, is the same for a sweep that starts and for one that is resumed: `run.py`.
"""

import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

from hydra.types import HydraContext
from omegaconf import DictConfig, OmegaConf, open_dict, read_write

from yololab.config.folders import copy_config
from yololab.config.hydra.compose import refuse_hydra_keys
from yololab.config.hydra.keys import asked_folder
from yololab.config.hydra.layers import APPLICATION
from yololab.config.search import DEFAULT_TRIALS, Pruner, Sampler, SearchConfig
from yololab.errors import ApprovalError, InputError, Problem, noting
from yololab.files.atomic import new_folder, new_named_folder, write_text
from yololab.files.record import now
from yololab.job.gatekeeper import Gatekeeper, terminal_asker
from yololab.job.measure import fingerprint_splits
from yololab.job.prepare import Prepared
from yololab.masking import mask_secrets
from yololab.sweep.engines.registry import LOCAL, keep_secrets, make_executor, remote_device, split_settings
from yololab.sweep.executor import Executor
from yololab.sweep.planning.approvals import Agreement, Gates, agree, save_agreement, save_rejected
from yololab.sweep.planning.freeze_thaw.earlier import Earlier, earlier_points
from yololab.sweep.planning.freeze_thaw.limits import budget_of, freeze_thaw_problems, most_points
from yololab.sweep.planning.objectives import plan_objectives
from yololab.sweep.planning.plan import GRIDS, PlannedTrial, config_point, plan_space, plan_trials, prepare_trials
from yololab.sweep.planning.space import Space, canonical
from yololab.sweep.planning.storage import absolute_url, relative_url, take_password
from yololab.sweep.planning.strategies import SEQUENCES, FreezeThaw, make_pruner, make_sampler
from yololab.sweep.run import run_trials
from yololab.sweep.state import Objective, SweepFolder, SweepSettings
from yololab.terminal.screen import Screen, current_screen, shown_path
from yololab.text import counted, number
from yololab.ultralytics_adapter.isolation.devices import resolve_device

_ONLY_ESTIMATE: ContextVar[dict[str, Any] | None] = ContextVar("only_estimate", default=None)
_MADE: ContextVar[list[Path]] = ContextVar("made")


@contextmanager
def only_estimating() -> Iterator[dict[str, Any]]:
    """Let `run_sweep`, which Hydra calls, end with the estimate: nobody is asked, and no trial is started.

    Yields:
        What somebody would be asked with, when the block has run.
    """
    facts: dict[str, Any] = {}
    token = _ONLY_ESTIMATE.set(facts)
    try:
        yield facts
    finally:
        _ONLY_ESTIMATE.reset(token)


@contextmanager
def noting_folder() -> Iterator[list[Path]]:
    """Note the folder of the sweep that `run_sweep`, which Hydra calls, makes while the block runs."""
    token = _MADE.set([])
    try:
        yield _MADE.get()
    finally:
        _MADE.reset(token)


@dataclass(frozen=True)
class SweepPlan:
    """A sweep that is read and checked, and not yet agreed to.

    Attributes:
        settings: What a resume needs to know; nameless when the study is named after the folder, which comes later.
        space: What varies, and what does not.
        trials: The trials; when a sampler chooses them, some that span the space.
        prepared: Dataset, model and device of each.
        executor: The engine.
    """

    settings: SweepSettings
    space: Space
    trials: Sequence[PlannedTrial]
    prepared: Sequence[Prepared]
    executor: Executor

    @property
    def trainings(self) -> int:
        """How many trainings there will be at most."""
        return self.settings.budget * self.settings.search.seeds

    def new_folder(self, config: DictConfig, fill: Callable[[Path, Path], object]) -> Path:
        """Make the sweep's folder: `name=…`, else the recipe's name, else the model's, and the time.

        Args:
            config: The master config; its `hydra.sweep.dir` counts.
            fill: Given a hidden folder to fill, and the place that it will have: it appears whole or not at all.
        """
        first, parent = self.trials[0], self.prepared[0].paths.tree.multirun
        recipe = first.choices.get("experiment")
        job = str(config.hydra.job.name)
        named = first.experiment.train.name or next((x for x in (job, recipe) if x not in (APPLICATION, "None")), None)
        name = str(named or Path(first.experiment.model.weights).stem)
        asked = asked_folder(config, "sweep", parent, Path.cwd())
        if asked is None:
            return new_named_folder(parent, name, fill)
        with new_folder(asked) as hidden:
            fill(hidden, asked)
        return asked


def run_sweep(
    hydra_context: HydraContext, config: DictConfig, engine: str, launcher: Mapping[str, Any], arguments: Sequence[str]
) -> int:
    """Plan a sweep, have it approved, and run it.

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
    # Trials get the environment of their sweep, on every engine.
    os.environ.update({name: str(value) for name, value in config.hydra.job.env_set.items()})
    refuse_hydra_keys(config)
    screen = current_screen()
    with screen.working("start", "looking for data, models and devices"):
        plan = _plan_sweep(hydra_context, config, engine, launcher, arguments)
    screen.verbose = plan.trials[0].experiment.train.verbose
    _announce(screen, plan)
    # Trials that share the cores of one machine are each slower: as many at a time take as long as one after the other.
    on_this_cpu = engine == LOCAL and all(item.device.kind == "cpu" for item in plan.prepared)
    only_estimate = _ONLY_ESTIMATE.get()
    gatekeeper = Gatekeeper(plan.trials[0].experiment.approval, terminal_asker(screen))
    gates = Gates(gatekeeper if only_estimate is None else None, screen)
    try:
        agreement = agree(
            plan.trials,
            plan.prepared,
            gates,
            planned=plan.trainings,
            parallel=1 if on_this_cpu else plan.executor.capacity,
            remote=None if engine == LOCAL else engine,
            timeout_seconds=None if (limit := plan.settings.search.timeout_minutes) is None else 60 * limit,
            budget_epochs=plan.settings.budget_epochs,
        )
    except ApprovalError:
        asked = [str(mask_secrets(argument)) for argument in arguments]
        plan.new_folder(config, lambda hidden, _place: save_rejected(hidden, gates.approvals, asked))
        raise
    if only_estimate is not None:
        only_estimate.update(gates.facts)
        return 0
    folder, settings = _make_folder(plan, config, agreement)
    _MADE.get([]).append(folder.path)
    screen.place("sweep folder", folder.path)
    return run_trials(folder, settings, plan.executor, screen)


def _plan_sweep(
    hydra_context: HydraContext, config: DictConfig, engine: str, launcher: Mapping[str, Any], arguments: Sequence[str]
) -> SweepPlan:
    """Read and check everything that can be known before anything is spent.

    Raises:
        InputError: Something is not right.
    """
    working_directory = Path.cwd()
    sweeper: Any = OmegaConf.to_container(config.hydra.sweeper)
    space, search = plan_space(arguments, working_directory, hydra_context.config_loader, sweeper.get("params"))
    is_grid = search.sampler in GRIDS
    points = space.grid()[: search.trials] if is_grid else space.representatives()
    trials = plan_trials([space.overrides(point) for point in points])
    engine_settings, resources = split_settings(launcher)
    remote = partial(remote_device, resources=resources, settings=engine_settings)
    prepared = prepare_trials(trials, working_directory, resolve_device if engine == LOCAL else remote)
    sampler, task = Sampler.GRID if is_grid else search.sampler, prepared[0].task.name
    objectives = plan_objectives(search, task, prepared[0].dataset.names)
    epochs = max(trial.experiment.train.epochs for trial in trials)
    problems: list[Problem] = []
    with noting(problems):
        make_sampler(sampler, search.seed, search.sampler_options or {})
    with noting(problems):
        pruner = make_pruner(search.pruner, search.pruner_options or {}, epochs)
    budget = len(points) if is_grid else search.trials or DEFAULT_TRIALS
    problems += freeze_thaw_problems(search, trials) if search.pruner is Pruner.FREEZE_THAW else ()
    earlier: list[Earlier] = []
    with noting(problems):
        earlier = _earlier_points(search, space, objectives[0], trials[0], prepared[0])
    if problems:
        raise InputError(problems)
    # The GPUs are left to trials that name theirs, or use none: the local engine then hands none out.
    named = {trial.experiment.device.id for trial in trials} - {None, "0"}
    on_gpu = any(item.device.kind == "cuda" for item in prepared)
    if engine == LOCAL and engine_settings.get("gpu_ids") is None and (named or not on_gpu):
        engine_settings |= {"gpu_ids": []}
    if engine == LOCAL and on_gpu:
        engine_settings |= {"warm": False}  # CUDA wants a fresh process, also where trials name their GPU themselves
    budget_epochs = None
    if isinstance(pruner, FreezeThaw):
        budget_epochs = budget_of(search, epochs, budget)
        budget = most_points(budget, budget_epochs, epochs, pruner.first_epochs)
    settings = SweepSettings(
        name=search.study or "",
        storage=None if search.storage is None else take_password(absolute_url(search.storage, working_directory)),
        arguments=mask_secrets(canonical(space)),
        keys=space.keys,
        objectives=objectives,
        search=replace(search, sampler=sampler, storage=mask_secrets(search.storage)),
        budget=budget,
        engine=engine,
        engine_settings=keep_secrets(engine_settings),
        resources=resources,
        working_directory=str(working_directory),
        task=task,
        epochs=epochs,
        seed=trials[0].experiment.train.seed,
        command=mask_secrets(("yololab", *sys.argv[1:])),
        first_point=first_point(search, space),
        budget_epochs=budget_epochs,
        warm_points=tuple(item.values for item in earlier),
        warm_from=tuple(item.trial for item in earlier),
    )
    return SweepPlan(settings, space, trials, prepared, make_executor(engine, engine_settings, resources))


def _earlier_points(
    search: SearchConfig, space: Space, objective: Objective, trial: PlannedTrial, prepared: Prepared
) -> list[Earlier]:
    """Return the points of earlier sweeps that this one begins with; none unless they are named.

    Raises:
        InputError: One that is named cannot be used.
    """
    if not search.warm_start:
        return []
    folders = [(Path.cwd() / Path(name).expanduser()).resolve() for name in search.warm_start]
    prints = fingerprint_splits(prepared.dataset, trial.experiment.train, prepared.task.name)
    return earlier_points(folders, space, objective, prints, trial.experiment.evaluation.split.value)


def first_point(search: SearchConfig, space: Space) -> dict[str, Any]:
    """Return the values of the first point: the config's own; empty when it is sampled like the others."""
    sampled = search.sampler in (*GRIDS, *SEQUENCES) or not search.config_first
    return {} if sampled else config_point(space)


def _make_folder(plan: SweepPlan, config: DictConfig, agreement: Agreement) -> tuple[SweepFolder, SweepSettings]:
    """Make the sweep's folder, with all in it that a resume needs to know."""
    wanted = plan.settings
    if wanted.search.sampler is not Sampler.GRID or wanted.search.seeds > 1:
        agreement = replace(agreement, estimates=())  # what was timed are not the trials themselves

    def fill(hidden: Path, place: Path) -> None:
        folder, started_in = SweepFolder(hidden), Path(wanted.working_directory)
        with read_write(config.hydra), open_dict(config.hydra):
            config.hydra.sweep.dir = str(place)
        content = mask_secrets(OmegaConf.to_container(config, enum_to_str=True))
        write_text(folder.multirun, OmegaConf.to_yaml(OmegaConf.create(content)))
        copy_config(folder.config, started_in)
        save_agreement(folder.path, agreement)
        storage = wanted.storage and relative_url(wanted.storage, place, started_in)
        settings = replace(wanted, name=wanted.name or place.name, storage=storage)
        folder.write_settings(replace(settings, created=now(), identity=uuid4().hex))

    folder = SweepFolder(plan.new_folder(config, fill))
    return folder, folder.read_settings()


def _announce(screen: Screen, plan: SweepPlan) -> None:
    """Say how the sweep is going to look."""
    settings, capacity = plan.settings, plan.executor.capacity
    metrics = [item.metric for item in settings.objectives]
    screen.stage("sweep", f"{plan.trainings} trials over {', '.join(settings.keys) or 'nothing: one trial'}")
    parts = [f"search: {settings.search.sampler}"]
    parts += [f"pruner: {settings.search.pruner}"] if settings.search.pruner is not Pruner.NONE else []
    parts += [f"objective: {', '.join(metrics)}", f"engine: {settings.engine}, {capacity} at a time"]
    screen.detail("; ".join(parts))
    if settings.search.sequential and len(settings.keys) > 1:
        screen.detail(
            "a seed of each recipe at a time; from the third on it ends when it is clear which is best, or if"
        )
    if settings.budget_epochs is not None:
        text = "trials pause, and the best ones go on"
        screen.detail(f"{text}: {counted(settings.budget_epochs, 'epoch')} in all at most (search.budget_epochs)")
    for trial in settings.warm_from:
        screen.detail(
            f"begins with the point of {shown_path(Path(trial.folder))}: {trial.metric} {number(trial.value)}"
        )
    if capacity > 1 and any(metric.startswith("speed_ms.") for metric in metrics):
        screen.warn("trials that run at the same time slow each other down: speeds are rough with more than one job")
    if settings.first_point:
        values = ", ".join(f"{key}={value}" for key, value in settings.first_point.items())
        place = "then" if settings.warm_from else "first point"
        screen.detail(f"{place}: the config's own {values} (search.config_first=false samples it)")
