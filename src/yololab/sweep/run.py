"""Running a sweep: the one path on which it starts, and on which it is resumed after whatever has ended it."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from yololab.config.folders import composing_from
from yololab.config.hydra.recompose import Recomposer
from yololab.config.schema import DryRun, ExperimentConfig, Policy
from yololab.config.search import FailOn, Pruner, Sampler
from yololab.errors import ApprovalError, InputError, JobError, Problem
from yololab.files.atomic import ABANDONED_SECONDS, remove_temporaries
from yololab.files.paths import OutputTree, TrackingStore
from yololab.host.signals import StopSignal
from yololab.job.prepare import prepare_dataset, project_paths
from yololab.sweep.engines.registry import make_executor
from yololab.sweep.executor import Executor
from yololab.sweep.loop import TrialLoop, reattach_trials
from yololab.sweep.planning.freeze_thaw.source import FreezeThawSource
from yololab.sweep.planning.plan import freeze_trial, plan_trial
from yololab.sweep.planning.space import Space, read_space
from yololab.sweep.planning.storage import absolute_url, take_password
from yololab.sweep.planning.study_source import StudySource
from yololab.sweep.progress import SweepProgress
from yololab.sweep.results.finalize import finalize_sweep
from yololab.sweep.results.sequential import SequentialSeeds
from yololab.sweep.results.summary_files import SummaryWriter
from yololab.sweep.state import SweepFolder, SweepSettings, TrialStatus
from yololab.terminal.screen import Screen, shown_path
from yololab.text import counted
from yololab.tracking.launch import Trackers

STOPPING = "after the batches that run; Ctrl-C once more stops at once"


def resume_sweep(path: Path, screen: Screen, given: ExperimentConfig | None = None) -> int:
    """Run what is missing of a sweep, with what it was started with; several may do so at once.

    Nobody is asked again: the sweep was agreed to when it was started.

    Args:
        path: The sweep's folder.
        screen: Where to print.
        given: What was said now: `approval=never` refuses to resume, `search.storage` says where the study is now, or
            its password, `data.allow_download` lets the datasets be fetched, which no trial may, and
            `resume.launcher_commands` lets the launcher's lines of shell and variables be used.

    Returns:
        0 when a trial completed.

    Raises:
        InputError: The folder is not a sweep's.
        ApprovalError: `approval=never` was said now.
        JobError: No trial completed, or with `search.fail_on=any` one has failed.
        InterruptedRunError: The sweep was asked to stop.
    """
    if given is not None and given.approval.policy is Policy.NEVER:
        raise ApprovalError("approval=never: the sweep is not resumed, and nothing was spent")
    folder = SweepFolder(path.resolve())
    settings = folder.read_settings()
    _refuse_commands(settings, given)
    if given is not None and given.search.storage is not None:
        settings = replace(settings, storage=absolute_url(given.search.storage, Path.cwd()))
    if settings.storage is not None:
        settings = replace(settings, storage=take_password(settings.storage))
    executor = make_executor(settings.engine, settings.engine_settings, settings.resources)
    if given is not None and given.data.allow_download:
        _fetch_datasets(folder, settings)
    return run_trials(folder, settings, executor, screen)


def _refuse_commands(settings: SweepSettings, given: ExperimentConfig | None) -> None:
    """What runs code is permitted by who resumes: a sweep's folder may be somebody else's, and name anything.

    Raises:
        InputError: The folder names such settings, and nobody has permitted them now.
    """
    named = [name for name in ("setup", "env") if settings.engine_settings.get(name)]
    if named and (given is None or not given.resume.launcher_commands):
        remedy = "when they are what you want, add resume.launcher_commands=true"
        raise InputError(
            Problem(
                f"hydra.launcher.{name}", f"{settings.engine_settings[name]}, as the sweep's folder says", remedy=remedy
            )
            for name in named
        )


def _fetch_datasets(folder: SweepFolder, settings: SweepSettings) -> None:
    """Download the datasets of the trials, where their images are not there.

    Raises:
        InputError: One cannot be found, or its images are not there afterwards.
    """
    space = _space(settings)
    with composing_from(folder.config):
        for point in space.representatives():
            config = plan_trial(0, [*space.overrides(point), "data.allow_download=true"]).experiment
            config.paths, started_in = folder.whereabouts(config.paths)
            prepare_dataset(config, project_paths(config, started_in), None, task=settings.task)


def _space(settings: SweepSettings) -> Space:
    """Return what varies."""
    return read_space(settings.arguments, discrete=settings.search.sampler is Sampler.GRID)


def run_trials(folder: SweepFolder, settings: SweepSettings, executor: Executor, screen: Screen) -> int:
    """Run what is missing of a sweep, which may be all of it, and summarise it.

    Args:
        folder: The sweep's folder.
        settings: What was asked for.
        executor: The engine.
        screen: Where to print.

    Returns:
        0 when a trial completed.

    Raises:
        JobError: No trial completed, or with `search.fail_on=any` one has failed.
        InterruptedRunError: The sweep was asked to stop.
    """
    remove_temporaries(folder.path, ABANDONED_SECONDS)
    still_running = reattach_trials(folder, executor, settings.objectives)
    _show_what_is_there(folder, len(still_running), screen)
    stop = StopSignal()
    minutes = settings.search.timeout_minutes
    with composing_from(folder.config), screen.logging_to(folder.log):
        composer = Recomposer()

        def freeze(number: int, overrides: Sequence[str]) -> None:
            freeze_trial(plan_trial(number, overrides, composer), folder.trial(number))

        seeds = SequentialSeeds(folder, settings, screen)
        seconds = None if minutes is None else 60 * minutes
        source = _source(folder, settings, freeze, seeds, seconds)
        source.catch_up()
        trackers = _start_trackers(folder, settings, screen)
        ended = False
        try:
            progress = SweepProgress(folder, settings, screen, source.planned, executor.capacity)
            with progress.shown():
                observers = (SummaryWriter(folder, settings, screen), progress)
                loop = TrialLoop(
                    folder,
                    source,
                    executor,
                    settings.objectives,
                    observers,
                    retries=settings.search.retries,
                    still_running=still_running,
                    timeout_seconds=None if isinstance(source, FreezeThawSource) else seconds,
                )
                with stop.listening(), stop.waiting_for_batch(lambda: screen.stage("stop", STOPPING)):
                    loop.run(stop)
                if isinstance(source, FreezeThawSource):
                    pruned = source.prune_paused()
                    if pruned:
                        screen.stage("pruned", f"{counted(len(pruned), 'trial')} that were paused: others were better")
                ended = True
        finally:
            if folder.numbers():
                finalize_sweep(folder, screen, finish=ended)
            trackers.finish("sweep")
    return _exit_code(folder, settings)


def _source(
    folder: SweepFolder,
    settings: SweepSettings,
    freeze: Callable[[int, Sequence[str]], None],
    seeds: SequentialSeeds,
    seconds: float | None,
) -> StudySource:
    """Return where the trials come from."""
    if settings.search.pruner is Pruner.FREEZE_THAW:
        return FreezeThawSource(folder, settings, _space(settings), freeze, late_after=seconds)
    return StudySource(folder, settings, _space(settings), freeze, seeds.settled if seeds.looks else None)


def _start_trackers(folder: SweepFolder, settings: SweepSettings, screen: Screen) -> Trackers:
    """Feed the sweep to the trackers that its trials are fed to: as their parent."""
    config = plan_trial(0, _space(settings).overrides(_space(settings).representatives()[0])).experiment
    config.paths, started_in = folder.whereabouts(config.paths)
    tree = OutputTree.of_project(config.paths.root, started_in)
    trackers = Trackers(folder.path, TrackingStore(tree.tracking), screen.warn)
    trackers.start(() if config.dry_run is not DryRun.OFF else config.tracking)
    return trackers


def _show_what_is_there(folder: SweepFolder, running: int, screen: Screen) -> None:
    """Say what earlier parents have left; nothing of a sweep that starts."""
    statuses = [entry.status for entry in folder.trials()]
    if statuses:
        ended, waiting = sum(status.finished for status in statuses), sum(status.startable for status in statuses)
        paused = statuses.count(TrialStatus.PAUSED)
        text = f"{shown_path(folder.path)}: {ended} trials have ended"
        text += f", {waiting} were interrupted" if waiting else ""
        text += (f", {paused} are paused" if paused else "") + (f", {running} still run" if running else "")
        screen.stage("resume", text)


def _exit_code(folder: SweepFolder, settings: SweepSettings) -> int:
    """Return 0, or raise when too much has failed."""
    statuses = {entry.number: entry.status for entry in folder.trials()}
    if not all(status.finished for status in statuses.values()):
        return 0  # another parent is at work on the rest, and will say
    if TrialStatus.COMPLETE not in statuses.values():
        raise JobError(f"none of {len(statuses)} trials completed; each folder in {folder.path} says why")
    failed = ", ".join(str(number) for number, status in statuses.items() if status is TrialStatus.FAILED)
    if failed and settings.search.fail_on is FailOn.ANY:
        raise JobError(f"search.fail_on=any, and of {len(statuses)} trials these have failed: {failed}")
    return 0
