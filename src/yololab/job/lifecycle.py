"""The life of a run, from the first entry of its record to its exit code: started, resumed, repeated, or a trial's."""

import shlex
import traceback
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from yololab.config.hydra.grammar import named_option
from yololab.errors import ApprovalError, InterruptedRunError, JobError, NotContinuedError, Problem, YololabError
from yololab.files.locks import last_sign, locked, maybe_running_remotely, process_of
from yololab.files.record_content import Status
from yololab.host.signals import INTERRUPTED
from yololab.job.begin import begin_record, introduce
from yololab.job.context import Context, Results
from yololab.job.gatekeeper import answered_before
from yololab.job.prepare import Prepared, prepare_job
from yololab.job.run import CLOSING, run_stages, stages_to_do
from yololab.job.stages import compare, train, verify
from yololab.job.stages.estimate import Estimated
from yololab.job.stages.evaluate import Evaluated
from yololab.text import duration, number

# The status of a run that an error has ended; any other error has failed it.
STATUSES = {InterruptedRunError: Status.INTERRUPTED, ApprovalError: Status.REJECTED}


def start(context: Context, prepared: Prepared | None = None) -> int:
    """Start the run that is frozen in a folder, or resume it where its previous attempt ended.

    The same call does both, however often and wherever it is made. Stages whose output is whole are not repeated, and
    a training is resumed after its last saved epoch. A run that is complete is left alone.

    Args:
        context: Everything that the run is given.
        prepared: Its dataset and model, when they were looked at before.

    Returns:
        0 done, or nothing was missing; 1 failed, 2 invalid input, 3 not approved, 4 worse than the baseline, 130
        interrupted.

    Raises:
        InputError: The run is still running, or its dataset or starting point is gone.
    """
    folder, record = context.folder, context.record
    with locked(folder, process_of(record.read()) if folder.record.is_file() else None):
        if folder.record.is_file():
            previous = record.read()
            # Gates that were passed are not asked again.
            answered = {**answered_before(previous), **context.gatekeeper.answered}
            context = replace(context, previous=previous, gatekeeper=replace(context.gatekeeper, answered=answered))
            to_do = stages_to_do(context)
            if not to_do:
                return _nothing_to_do(context)
            if not context.permissions.take_over:
                _refuse_running_remotely(context, previous)
            context.screen.stage("resume", f"{folder.path.name}, {_status_before(context)}; to do: {', '.join(to_do)}")
            if to_do == [stage.name for stage in CLOSING]:
                _close(context)
                return 0
            if context.notes:
                record.add_note(context.notes)
        if prepared is None and context.trial is None:
            # A trial's mistakes belong into its record, a user's are reported before the run is touched.
            prepared = _prepare(context)
        return _attempt(context, prepared)


def _nothing_to_do(context: Context) -> int:
    """Say that nothing is missing, and look at what no stage could make again: the best checkpoint.

    Raises:
        InputError: It is damaged; one that is gone may have been deleted on purpose.
    """
    best = context.folder.best
    problem = train.weights_problem(context.folder) if context.trial is None else None
    if problem and best.is_file():
        raise train.weights_error(context.folder, problem)
    but = f" but {best}: only a rerun makes it again" if problem else ""
    context.screen.stage("resume", f"{context.folder.path.name} is {_status_before(context)}: nothing is missing{but}")
    return 0


def _refuse_running_remotely(context: Context, previous: Mapping[str, Any]) -> None:
    """Refuse a run that may still be running where this machine cannot look.

    Raises:
        NotContinuedError: It may.
    """
    process = maybe_running_remotely(previous)
    if process is None:
        return
    silent = last_sign(context.folder.path)
    seen = "" if silent is None else f"; it last wrote {duration(silent)} ago"
    found = f"may still be running as process {process.pid} on {process.host}{seen}"
    remedy = "when that process is gone: resume.even_if_running=true"
    raise NotContinuedError(Problem(str(context.folder.path), found, "a run that has ended", remedy))


def _attempt(context: Context, prepared: Prepared | None) -> int:
    """Go through the stages, and record what became of the run."""
    record, results = context.record, Results(context)
    with context.screen.logging_to(context.folder.log):
        begin_record(context)
        error: YololabError | None
        try:
            with context.stop.listening():
                prepared = prepared or _prepare(context)
                results.add(prepared)
                introduce(context, prepared)
                run_stages(context, results)
            error = verify.strict_error(context, results) or compare.gate_error(context, results)
            record.update(exit_code=error.exit_code if error else 0, exit_reason=str(error) if error else None)
            record.finish(Status.PRUNED if train.was_pruned(results) else Status.COMPLETE)
        except (Exception, KeyboardInterrupt, SystemExit) as caught:
            # A signal that lands in a lazy import comes out as that import's own error.
            error = _explain(context, KeyboardInterrupt() if context.stop.requested else caught)
            if isinstance(error, NotContinuedError) and context.previous is not None:
                before = _status_before(context)
                # Also when a kill has left it `running`: it can still be resumed.
                status = Status.INTERRUPTED if before is Status.RUNNING else before
                record.finish(status, context.previous.get("error"))
            else:
                facts = {"message": str(error), "kind": type(caught).__name__, "exit_code": error.exit_code}
                record.finish(STATUSES.get(type(error), Status.FAILED), facts)
        _record_duration(context)
        _close(context)
        _summarise(context, results)
        if error is not None:
            context.screen.show_error(error)
        return error.exit_code if error else 0


def _prepare(context: Context) -> Prepared:
    return prepare_job(context.config, context.working_directory, named_option(context.frozen.choices, "data"))


def _close(context: Context) -> None:
    """Run what comes when the end of the run is on record."""
    for stage in CLOSING:
        if stage.wanted(context):
            stage.run(context)


def _explain(context: Context, error: BaseException) -> YololabError:
    """Return the error that the user sees; the traceback of one that we did not foresee goes to the log."""
    if isinstance(error, (KeyboardInterrupt, InterruptedRunError)):
        # A trial is resumed with its sweep.
        path = context.folder.path if context.trial is None else context.folder.path.parent
        return InterruptedRunError(f"{INTERRUPTED}. To resume: yololab resume {shlex.quote(_shown(path))}")
    context.screen.log("".join(traceback.format_exception(error)))
    if isinstance(error, YololabError):
        return error
    return JobError(f"{type(error).__name__}: {error} (the traceback is in the run's yololab.log)")


def _status_before(context: Context) -> Status:
    """Return the status that the previous attempt has left."""
    return Status((context.previous or {})["status"])


def _record_duration(context: Context) -> None:
    """Record how long the run really took, next to what was estimated."""
    content = context.record.read()
    estimate, timings = content.get("estimate"), content.get("timings") or {}
    if estimate:
        actual = sum(timings.get(stage, 0.0) for stage in ("train", "evaluate", "verify"))
        context.record.update(estimate=estimate | {"actual_seconds": round(actual, 1)})


def _summarise(context: Context, results: Results) -> None:
    """Show the result, and say where everything is."""
    screen, folder = context.screen, context.folder
    evaluated, verified, estimated = results.get(Evaluated), results.get(verify.Verified), results.get(Estimated)
    if evaluated is not None:
        metrics = evaluated.metrics
        screen.stage("result", "  ".join(f"{m.name} {number(metrics.value(m.name))}" for m in metrics.metrics))
    if verified and verified.dry_run and not verified.failed and estimated and estimated.estimate:
        whole = duration(estimated.estimate.seconds)
        screen.stage("dry run", f"every stage works; the whole run: {whole} at most")
    places = {"weights": folder.best, "metrics": folder.metrics, "record": folder.record, "report": folder.report}
    for name, path in (places | {"log": folder.log}).items():
        if path.exists():
            screen.detail(f"{name}: {_shown(path)}")


def _shown(path: Path) -> str:
    """Write a path below the working directory relative to it."""
    return str(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path)
