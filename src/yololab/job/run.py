"""The job: check → approve → estimate → approve → train → evaluate → compare → verify → offer promotion → report."""

from __future__ import annotations

import shlex
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from yololab.config.hydra_text import FREE_PREFIX
from yololab.config.schema import DryRun, ExperimentConfig, Gate
from yololab.errors import ApprovalError, GateError, InterruptedRunError, JobError, NotContinuedError, YololabError
from yololab.files.atomic import point_link
from yololab.files.locks import locked
from yololab.files.paths import RunFolder
from yololab.files.record import Record, Status
from yololab.host.provenance import collect_provenance
from yololab.host.signals import INTERRUPTED, StopSignal
from yololab.job.context import Job
from yololab.job.gatekeeper import Gatekeeper
from yololab.job.prepare import Prepared, prepare_job
from yololab.job.stages import after, before, earlier, measuring
from yololab.job.stages import train as training
from yololab.terminal.screen import Screen
from yololab.ultralytics_adapter.training.training_file import seconds_of_training


@dataclass(frozen=True)
class Stage:
    """A stage of the job.

    Attributes:
        name: Its name, also in the record's timings.
        run: What it does to the job.
        take_over: Takes what an earlier attempt of the run has left, and answers whether that is whole: then the stage
            does not run again. None: it runs every time.
    """

    name: str
    run: Callable[[Job], None]
    take_over: Callable[[Job], bool] | None = None


# What a training that was given up still goes through: what it reached is measured.
_OF_PRUNED = ("evaluate",)

STAGES = (
    Stage("check", before.check),
    Stage("approve_device", before.approve_device_and_data),
    Stage("load", before.load, earlier.begun),
    Stage("estimate", before.estimate, earlier.begun),
    Stage("approve_duration", before.approve_duration),
    Stage("train", training.train, earlier.trained),
    Stage("evaluate", measuring.evaluate, earlier.evaluated),
    Stage("compare", measuring.compare, earlier.compared),
    Stage("verify", after.verify, earlier.verified),
    Stage("accept", after.accept),
    Stage("promote", after.promote, earlier.promoted),
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
        kept_checks: Where the sweep has kept its dataset checks; None for a job that makes its own.
        judge: Told the number and the metrics of each epoch, says whether the training is not worth going on with.
        earlier: The record as an earlier attempt of this run has left it; None in the first one.
        changed_data: Whether the run goes on with a dataset that has changed since.
        lock: Whether to take the run's lock; not when the caller holds it.
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
    kept_checks: Path | None = None
    judge: Callable[[int, Mapping[str, float | None]], bool] | None = None
    earlier: dict[str, Any] | None = None
    changed_data: bool = False
    lock: bool = True


def run_job(launch: Launch) -> int:
    """Run a job to its end and record what became of it.

    Returns:
        The exit code: 0 done, 1 failed, 2 invalid input, 3 not approved, 4 worse than the baseline, 130 interrupted.
    """
    record = Record(launch.folder)
    stop = StopSignal()
    with locked(launch.folder) if launch.lock else nullcontext(), launch.screen.logging_to(launch.folder.log):
        if launch.earlier is None:
            record.begin(_first_entry(launch), launch.config.notes)
        else:
            record.go_on(seconds_of_training(launch.folder.training))
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
            error = _explain(KeyboardInterrupt() if stop.requested else caught, launch)
            told = {"message": str(error), "kind": type(caught).__name__, "exit_code": error.exit_code}
            if isinstance(error, NotContinuedError) and launch.earlier is not None:
                record.finish(_status_before(launch.earlier), launch.earlier.get("error"))
            else:
                record.finish(_status_of(error), told)
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
        kept_checks=launch.kept_checks,
        judge=launch.judge,
        earlier=launch.earlier,
        changed_data=launch.changed_data,
    )
    before.introduce(job, launch.command)
    if not launch.trial and launch.earlier is None and launch.config.dry_run is DryRun.OFF:
        point_link(prepared.paths.tree.latest, launch.folder.path)
    return job


def _run_stages(job: Job) -> None:
    """Run each stage, except those whose output an earlier attempt has left; what comes after a new one is new too."""
    taken_over = job.earlier is not None
    for stage in STAGES:
        if job.pruned and stage.name not in _OF_PRUNED:
            continue
        if job.stop.requested:  # whatever has swallowed the signal
            raise KeyboardInterrupt
        if taken_over and stage.take_over is not None:
            if stage.take_over(job):
                job.screen.detail(f"{stage.name}: done before")
                continue
            taken_over = False
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
        "provenance": collect_provenance(launch.working_directory, launch.command, launch.config.train.seed),
        "estimate": launch.estimate,
        "repeats": {"run": launch.origin, "differences": list(launch.rerun_differences)} if launch.origin else None,
    }


def _explain(error: BaseException, launch: Launch) -> YololabError:
    """Return the error that the user sees; the traceback of one that we did not foresee goes to the log."""
    if isinstance(error, (KeyboardInterrupt, InterruptedRunError)):
        # A trial goes on with its sweep.
        path = launch.folder.path.parent if launch.trial else launch.folder.path
        return InterruptedRunError(f"{INTERRUPTED}. To go on: yololab resume {shlex.quote(after.shown(path))}")
    launch.screen.log("".join(traceback.format_exception(error)))
    if isinstance(error, YololabError):
        return error
    return JobError(f"{type(error).__name__}: {error} (the traceback is in the run's yololab.log)")


def _status_before(record: Mapping[str, Any]) -> Status:
    """Return the status of a run that could not be continued: its earlier one, also when a kill left it `running`."""
    status = Status(record["status"])
    return Status.INTERRUPTED if status is Status.RUNNING else status


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
