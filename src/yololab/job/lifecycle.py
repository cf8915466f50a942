"""The life of a run, from the first entry of its record to its exit code: started, resumed, repeated, or a trial's."""

import shlex
import traceback
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

from yololab.config.hydra.grammar import named_option
from yololab.config.schema import Policy
from yololab.errors import (
    ApprovalError,
    InputError,
    InterruptedRunError,
    JobError,
    NotContinuedError,
    PausedRunError,
    Problem,
    YololabError,
)
from yololab.files.atomic import new_folder, new_named_folder
from yololab.files.locks import last_sign, locked, maybe_running_remotely, process_of
from yololab.files.paths import RunFolder
from yololab.files.record_content import Status
from yololab.host.failures import explain
from yololab.host.signals import INTERRUPTED, of_interrupt
from yololab.job.begin import begin_record, introduce
from yololab.job.context import Context, Results
from yololab.job.gatekeeper import GateName, answered_before
from yololab.job.prepare import Prepared, prepare_job
from yololab.job.run import CLOSING, run_stages, stages_to_do
from yololab.job.stages import compare, track, train, verify
from yololab.job.stages.estimate import Estimated
from yololab.job.stages.evaluate import Evaluated
from yololab.terminal.screen import shown_path
from yololab.text import duration, number
from yololab.ultralytics_adapter.isolation.drawing import drawing_aside
from yololab.ultralytics_adapter.isolation.kept_checkpoints import keeping_checkpoints
from yololab.ultralytics_adapter.isolation.kept_images import keeping_images

# The status of a run that an error has ended; any other error has failed it.
STATUSES = {InterruptedRunError: Status.INTERRUPTED, ApprovalError: Status.REJECTED, PausedRunError: Status.PAUSED}


def start_new(
    context: Context,
    prepared: Prepared,
    name: str,
    freeze: Callable[[RunFolder, Path], None],
    run_in: Callable[[RunFolder, Callable[[], int]], int] = lambda _folder, run: run(),
    asked: Path | None = None,
) -> tuple[RunFolder, int]:
    """Start a new run, whose folder appears with its frozen config and its record in it, or not at all.

    Args:
        context: Everything that the run is given but its folder.
        prepared: Its dataset and model.
        name: The first part of the folder's name.
        freeze: Writes the frozen config into a folder that will have another place.
        run_in: Runs the job, given its folder.
        asked: The folder itself, where the user names it.

    Returns:
        The run, and its exit code as `start` returns it.

    Raises:
        InputError: The folder cannot be made.
    """

    def fill(hidden: Path, place: Path) -> None:
        freeze(RunFolder(hidden), place)
        begin_record(replace(context, folder=RunFolder(hidden)), place.name)

    with context.stop.listening():
        context.stop.hold()  # until somebody is there who records it
        if asked is None:
            asked = new_named_folder(prepared.paths.tree.training, name, fill)
        else:
            with new_folder(asked) as hidden:
                fill(hidden, asked)
        folder = RunFolder(asked)
        with locked(folder):
            return folder, run_in(folder, lambda: _attempt(replace(context, folder=folder), prepared, new=True))


def start(context: Context) -> int:
    """Start the trial that is frozen in a folder, or resume any run where its previous attempt ended.

    The same call does both, however often and wherever it is made. Stages whose output is whole are not repeated, and
    a training is resumed after its last saved epoch. A run that is complete is left alone.

    Args:
        context: Everything that the run is given.

    Returns:
        0 done, or nothing was missing; 1 failed, 2 invalid input, 3 not approved, 4 worse than the baseline, 130
        interrupted.

    Raises:
        InputError: The run is still running, or its dataset or starting point is gone.
    """
    folder, record = context.folder, context.record
    previous = record.read() if folder.record.is_file() else None
    with context.stop.listening(), locked(folder, None if previous is None else process_of(previous)):
        prepared = None
        if previous is not None:
            previous = record.read()  # as it is now that nobody changes it
            keeper = context.gatekeeper
            # Gates that were passed are not asked again, unless nothing is to be agreed to now.
            before = {
                gate: by
                for gate, by in answered_before(previous).items()
                if keeper.policy_of(GateName(gate)) is not Policy.NEVER
            }
            keeper = replace(keeper, answered={**before, **keeper.answered})
            context = replace(context, previous=previous, gatekeeper=keeper)
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
            if context.trial is None:
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


def _attempt(context: Context, prepared: Prepared | None, *, new: bool = False) -> int:
    """Go through the stages, and record what became of the run.

    Args:
        context: The attempt.
        prepared: Its dataset and model, when they were looked at before.
        new: Its record has been begun, and signals are held.
    """
    stop, results = context.stop, Results(context)
    with ExitStack() as stack:
        error: YololabError | None
        try:
            stop.release()
            stack.enter_context(context.screen.logging_to(context.folder.log))
            stack.enter_context(drawing_aside())
            stack.enter_context(keeping_images())
            stack.enter_context(keeping_checkpoints())
            if not new:
                begin_record(context)
            prepared = prepared or _prepare(context)
            results.add(prepared)
            introduce(context, prepared)
            run_stages(context, results)
            stop.hold()
            error = verify.strict_error(context, results) or compare.gate_error(context, results)
            _record_end(context, error, Status.PRUNED if train.was_pruned(results) else Status.COMPLETE)
        except (Exception, KeyboardInterrupt, SystemExit) as caught:
            stop.hold()
            # A signal that lands in a lazy import comes out as that import's own error.
            error = _record_failure(context, KeyboardInterrupt() if stop.requested else caught)
        try:
            stop.release()
            _close(context)
            track.finish(context, results)
        except KeyboardInterrupt:
            stop.hold()
            error = error or _explain(context, KeyboardInterrupt())
            if isinstance(error, InterruptedRunError):
                _record_end(context, error)
        if not isinstance(error, ApprovalError):
            _summarise(context, results)
        if isinstance(error, PausedRunError):
            context.screen.stage("pause", str(error))
        elif error is not None:
            context.screen.show_error(error)
        return error.exit_code if error else 0


def _record_failure(context: Context, caught: BaseException) -> YololabError:
    """Record that a run was ended by an error, and return the error that the user sees."""
    error, previous = _explain(context, caught), context.previous
    status = STATUSES.get(type(error), Status.FAILED)
    facts: Any = {"message": str(error), "kind": type(caught).__name__, "exit_code": error.exit_code}
    if previous is not None:
        before = _status_before(context)
        declined = isinstance(error, ApprovalError) and before is Status.COMPLETE
        if declined or isinstance(error, NotContinuedError):
            # Nothing was done. Also when a kill has left it `running`: it can still be resumed.
            status, facts = Status.INTERRUPTED if before is Status.RUNNING else before, previous.get("error")
    try:
        context.record.read()  # the lock alone would make a folder again that is gone
        context.record.finish(status, facts)
        _record_duration(context)
    except (OSError, InputError) as unwritten:
        return JobError(f"{error}\nNor could its record be written: {unwritten}")
    return error


def _record_end(context: Context, error: YololabError | None, status: Status | None = None) -> None:
    """Record with which exit code a run ends, and its status unless that is recorded already."""
    context.record.update(exit_code=error.exit_code if error else 0, exit_reason=str(error) if error else None)
    if status is not None:
        context.record.finish(status)
        _record_duration(context)


def _prepare(context: Context) -> Prepared:
    return prepare_job(context.config, context.working_directory, named_option(context.frozen.choices, "data"))


def _close(context: Context) -> None:
    """Run what comes when the end of the run is on record."""
    for stage in CLOSING:
        if stage.wanted(context):
            with context.screen.working(stage.name, stage.doing):
                stage.run(context)


def _explain(context: Context, error: BaseException) -> YololabError:
    """Return the error that the user sees; the traceback of one that we did not foresee goes to the log."""
    # A trial is resumed with its sweep.
    path = context.folder.path if context.trial is None else context.folder.path.parent
    resume = f"yololab resume {shlex.quote(shown_path(path))}"
    ours = isinstance(error, YololabError)
    if isinstance(error, InterruptedRunError) or (not ours and of_interrupt(error)):
        return InterruptedRunError(f"{INTERRUPTED}. To resume: {resume}")
    if isinstance(error, PausedRunError):
        return error
    context.screen.log("".join(traceback.format_exception(error)))
    if isinstance(error, YololabError):
        return error
    of_the_world = explain(error)
    if of_the_world is not None:
        return JobError(f"{of_the_world}\nWhen that is mended: {resume}")
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
    """Show the result, and say where to look."""
    screen, folder = context.screen, context.folder
    evaluated, verified, estimated = results.get(Evaluated), results.get(verify.Verified), results.get(Estimated)
    if evaluated is not None:
        metrics = evaluated.metrics
        screen.stage("result", "  ".join(f"{m.name} {number(metrics.value(m.name))}" for m in metrics.metrics))
    if verified and verified.dry_run and not verified.failed and estimated and estimated.estimate:
        whole = duration(estimated.estimate.seconds)
        screen.stage("dry run", f"every stage works; the whole run: {whole} at most")
    places = {"weights": folder.best, "report": folder.report} if evaluated else {"log": folder.log}
    for name, path in places.items():
        if path.exists():
            screen.place(name, path)
