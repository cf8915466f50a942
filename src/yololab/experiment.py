"""The job: check → approve → estimate → approve → train → evaluate → compare → verify → offer promotion → report."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from yololab.config.hydra_text import FREE_PREFIX
from yololab.config.schema import DryRun, ExperimentConfig, Gate
from yololab.errors import ApprovalError, GateError, InterruptedRunError, JobError, YololabError
from yololab.interrupt import StopSignal
from yololab.job import Job
from yololab.preparation import Prepared, prepare_job
from yololab.provenance import collect_provenance
from yololab.record import Record, Status
from yololab.runfolder import RunFolder, point_latest
from yololab.screen import Screen
from yololab.stages.approve import Gatekeeper
from yololab.steps import after, before, measuring, training


@dataclass(frozen=True)
class Stage:
    """A stage of the job.

    Attributes:
        name: Its name, also in the record's timings.
        run: What it does to the job.
        output: The file that it leaves; a stage whose file is there is not run again. None: it runs every time.
    """

    name: str
    run: Callable[[Job], None]
    output: Callable[[RunFolder], Path] | None = None


# What a training that was given up still goes through: what it reached is measured.
_OF_PRUNED = ("evaluate",)

STAGES = (
    Stage("check", before.check),
    Stage("approve_device", before.approve_device_and_data),
    Stage("estimate", before.estimate),
    Stage("approve_duration", before.approve_duration),
    Stage("train", training.train, lambda folder: folder.training),
    Stage("evaluate", measuring.evaluate, lambda folder: folder.metrics),
    Stage("compare", measuring.compare, lambda folder: folder.comparison),
    Stage("verify", after.verify),
    Stage("accept", after.accept),
    Stage("promote", after.promote),
)


@dataclass(frozen=True)
class Launch:
    """Everything that a job is started with.

    Attributes:
        config: The experiment.
        tree: The composed config as a plain tree, for the record.
        choices: The chosen option of each config group.
        folder: The run's folder, already created.
        working_directory: The user's folder.
        command: The command as it was typed.
        screen: Where to print.
        gatekeeper: Who answers at the gates.
        prepared: Dataset and model, when they were looked at before; else the job does it.
        trial: A trial of a sweep.
        estimate: What the sweep expects the trial to cost, as it stands in a record.
        origin: The run that this one repeats.
        rerun_differences: What is not as it was then.
        judge: Told the number and the metrics of each epoch, says whether the training is not worth going on with.
    """

    config: ExperimentConfig
    tree: dict[str, Any]
    choices: dict[str, str]
    folder: RunFolder
    working_directory: Path
    command: Sequence[str]
    screen: Screen
    gatekeeper: Gatekeeper
    prepared: Prepared | None = None
    trial: bool = False
    estimate: dict[str, Any] | None = None
    origin: str | None = None
    rerun_differences: tuple[str, ...] = ()
    judge: Callable[[int, Mapping[str, float | None]], bool] | None = None


def run_job(launch: Launch) -> int:
    """Run a job to its end and record what became of it.

    Returns:
        The exit code: 0 done, 1 failed, 2 invalid input, 3 not approved, 4 worse than the baseline, 130 interrupted.
    """
    record = Record(launch.folder)
    stop = StopSignal()
    with launch.screen.logging_to(launch.folder.log):
        record.begin(_first_entry(launch), launch.config.notes)
        job: Job | None = None
        try:
            with stop.listening():
                job = _make_job(launch, stop)
                _run_stages(job)
            error: YololabError | None = after.check_strict(job) or _gate(job)
            record.update(exit_code=error.exit_code if error else 0, exit_reason=str(error) if error else None)
            record.finish(Status.PRUNED if job.pruned else Status.COMPLETE)
        except (Exception, KeyboardInterrupt, SystemExit) as caught:
            # A signal that lands in a lazy import comes out as that import's own error.
            error = _explain(KeyboardInterrupt() if stop.requested else caught, launch.screen)
            record.finish(
                _status_of(error), {"message": str(error), "kind": type(caught).__name__, "exit_code": error.exit_code}
            )
        if job is not None:
            after.record_duration(job)
        after.report(launch.folder, launch.screen, enabled=launch.config.report.enabled and not launch.trial)
        if job is not None:
            after.summarise(job)
        if error is not None:
            launch.screen.show_error(error)
        return error.exit_code if error else 0


def _make_job(launch: Launch, stop: StopSignal) -> Job:
    """Prepare what is not prepared yet, and note what is now known of the machine and the model."""
    option = launch.choices.get("data", "")
    choice = None if option.startswith(FREE_PREFIX) else option
    prepared = launch.prepared or prepare_job(launch.config, launch.working_directory, choice)
    job = Job(
        launch.config,
        prepared,
        launch.folder,
        launch.screen,
        launch.gatekeeper,
        stop,
        trial=launch.trial,
        choices=launch.choices,
        judge=launch.judge,
    )
    before.introduce(job, launch.command)
    if not launch.trial and launch.config.dry_run is DryRun.OFF:
        point_latest(prepared.paths.tree.latest, launch.folder.path)
    return job


def _run_stages(job: Job) -> None:
    """Run each stage whose output is missing."""
    for stage in STAGES:
        if stage.output is not None and stage.output(job.folder).exists():
            continue
        if job.pruned and stage.name not in _OF_PRUNED:
            continue
        started = time.monotonic()
        try:
            stage.run(job)
        finally:
            job.record.add_timing(stage.name, time.monotonic() - started)


def _first_entry(launch: Launch) -> dict[str, Any]:
    """Return what the record holds from the first second on."""
    return {
        "name": launch.folder.path.name,
        "config": launch.tree,
        "requested_config": launch.tree,
        "provenance": collect_provenance(launch.working_directory, launch.command, int(launch.config.train["seed"])),
        "estimate": launch.estimate,
        "repeats": {"run": launch.origin, "differences": list(launch.rerun_differences)} if launch.origin else None,
    }


def _explain(error: BaseException, screen: Screen) -> YololabError:
    """Return the error that the user sees; the traceback of one that we did not foresee goes to the log."""
    if isinstance(error, KeyboardInterrupt):
        return InterruptedRunError("interrupted; what was reached is saved")
    screen.log("".join(traceback.format_exception(error)))
    if isinstance(error, YololabError):
        return error
    return JobError(f"{type(error).__name__}: {error} (the traceback is in the run's yololab.log)")


def _status_of(error: YololabError) -> Status:
    """Return the status of a run that ended with `error`."""
    if isinstance(error, InterruptedRunError):
        return Status.INTERRUPTED
    return Status.REJECTED if isinstance(error, ApprovalError) else Status.FAILED


def _gate(job: Job) -> GateError | None:
    """Return the error of the comparison's gate, when it stops the command; the run itself stays complete."""
    gate = job.config.baseline.gate or Gate.NONE
    if job.comparison is None or job.comparison.passes(gate):
        return None
    reasons = "; ".join((str(job.comparison.verdict), *job.comparison.broken_guards))
    return GateError(f"the gate baseline.gate={gate} stops here: {reasons}")
