"""Running a sweep: the one path on which it starts, and on which it is resumed after whatever has ended it."""

from collections.abc import Sequence
from pathlib import Path

from yololab.config.folders import composing_from
from yololab.config.schema import ApprovalConfig, Policy
from yololab.config.search import FailOn
from yololab.errors import ApprovalError, JobError
from yololab.host.signals import StopSignal
from yololab.sweep.engines.registry import make_executor
from yololab.sweep.executor import Executor
from yololab.sweep.loop import TrialLoop
from yololab.sweep.planning.plan import freeze_trial, plan_trial
from yololab.sweep.planning.space import read_space
from yololab.sweep.planning.study_source import StudySource
from yololab.sweep.progress import SweepProgress
from yololab.sweep.reattach import reattach_trials
from yololab.sweep.results.finalize import finalize_sweep
from yololab.sweep.results.summary_files import SummaryWriter
from yololab.sweep.state import SweepFolder, SweepSettings, TrialStatus
from yololab.terminal.screen import Screen


def resume_sweep(path: Path, screen: Screen, approval: ApprovalConfig | None = None) -> int:
    """Run what is missing of a sweep, with what it was started with; several may do so at once.

    Nobody is asked again: the sweep was agreed to when it was started.

    Args:
        path: The sweep's folder.
        screen: Where to print.
        approval: What was said now of who answers; `never` refuses to resume.

    Returns:
        0 when a trial completed.

    Raises:
        InputError: The folder is not a sweep's.
        ApprovalError: `approval=never` was said now.
        JobError: No trial completed, or with `search.fail_on=any` one has failed.
        InterruptedRunError: The sweep was asked to stop.
    """
    if approval is not None and approval.policy is Policy.NEVER:
        raise ApprovalError("approval=never: the sweep is not resumed, and nothing was spent")
    folder = SweepFolder(path.resolve())
    settings = folder.read_settings()
    executor = make_executor(settings.engine, settings.engine_settings, settings.resources)
    return run_trials(folder, settings, executor, screen)


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
    space = read_space(settings.arguments, discrete=settings.search["sampler"] == "grid")

    def freeze(number: int, overrides: Sequence[str]) -> None:
        freeze_trial(plan_trial(number, overrides), folder.trial(number))

    still_running = reattach_trials(folder, executor, settings.objectives)
    _show_what_is_there(folder, len(still_running), screen)
    stop = StopSignal()
    minutes = settings.search["timeout_minutes"]
    with composing_from(folder.config), screen.logging_to(folder.log):
        source = StudySource(folder, settings, space, freeze)
        source.catch_up()
        ended = False
        try:
            with SweepProgress(folder, settings, screen, source.planned, executor.capacity) as progress:
                loop = TrialLoop(
                    folder,
                    source,
                    executor,
                    settings.objectives,
                    (SummaryWriter(folder, settings, screen), progress),
                    retries=int(settings.search["retries"]),
                    still_running=still_running,
                    timeout_seconds=None if minutes is None else 60 * float(minutes),
                )
                with stop.listening(), stop.waiting_for_batch():
                    loop.run(stop)
                ended = True
        finally:
            if folder.numbers():
                finalize_sweep(folder, screen, finish=ended)
    return _exit_code(folder, settings)


def _show_what_is_there(folder: SweepFolder, running: int, screen: Screen) -> None:
    """Say what earlier parents have left; nothing of a sweep that starts."""
    entries = folder.trials()
    if entries:
        ended = sum(entry.status.finished for entry in entries)
        interrupted = sum(entry.status.startable for entry in entries)
        parts = [f"{ended} trials have ended"]
        parts += [f"{interrupted} were interrupted"] if interrupted else []
        parts += [f"{running} still run"] if running else []
        screen.stage("resume", f"{folder.path}: {', '.join(parts)}")


def _exit_code(folder: SweepFolder, settings: SweepSettings) -> int:
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
