"""The training, with its progress on the screen and its truth in the record."""

import zipfile
from dataclasses import asdict, dataclass
from typing import Any

from yololab.config.schema import DryRun
from yololab.errors import InputError, PausedRunError, Problem
from yololab.files.atomic import point_link
from yololab.files.paths import RunFolder
from yololab.files.record_content import Status
from yololab.host.threads import threads_text
from yololab.job.baseline import known_baseline
from yololab.job.context import Context, Results, Stage
from yololab.job.prepare import Prepared
from yololab.job.stages.check import Checked
from yololab.job.stages.estimate import Estimated
from yololab.job.stages.track import Tracked
from yololab.terminal.training import Expected
from yololab.text import counted, duration
from yololab.ultralytics_adapter.isolation.logs import ultralytics_log
from yololab.ultralytics_adapter.training.resume_point import ResumePoint, Step, find_resume_point, finished_training
from yololab.ultralytics_adapter.training.training import EpochReport, TrainResult
from yololab.ultralytics_adapter.training.training import train as train_model

STOPPING = "after this batch; Ctrl-C once more stops at once"


@dataclass(frozen=True)
class Trained:
    """What the training did.

    Attributes:
        result: What it did and really used.
        pruned: Whether its sweep has ended it early.
    """

    result: TrainResult
    pruned: bool = False


def run(context: Context, prepared: Prepared, checked: Checked, estimated: Estimated, tracked: Tracked) -> Trained:
    """Train in the run's own folder, from where the previous attempt ended.

    Raises:
        InputError: The run was complete, and nothing of its training is left to resume from.
        PausedRunError: Its sweep has paused it; the same call goes on from there.
    """
    inputs, screen, primary = checked.inputs, context.screen, prepared.task.primary_metric
    request = inputs.rehearsal or inputs.request
    epochs = int(request.arguments["epochs"])
    baseline = None if inputs.rehearsal else known_baseline(context, prepared, checked.fingerprints)
    estimate = estimated.estimate
    expected = Expected(
        epochs,
        primary,
        None if baseline is None else baseline.value(primary),
        None if estimate is None or inputs.rehearsal else estimate.training_seconds,
        0.0 if estimate is None else estimate.seconds - estimate.training_seconds,
    )
    screen.stage("train", counted(epochs, "epoch"))
    context.record.update(model_path=str(context.folder.best))
    aside = None
    if context.previous is not None:
        point = find_resume_point(context.folder)
        _refuse_retraining(context, point)
        # What the previous attempts left and this one cannot use is moved there.
        aside = context.folder.attempt(max(1, len(context.previous.get("attempts") or ())))
        at = f"resumed after epoch {point.epochs_done} of {epochs}"
        screen.detail(at if point.epochs_done else "no epoch was saved: training starts anew")
        context.record.describe_attempt(from_epoch=point.epochs_done)
    should_prune = context.trial.should_prune if context.trial else None
    pause_after = context.trial.pause_after if context.trial else None
    pruned = paused = False
    with (
        ultralytics_log(screen.line_of_ultralytics),
        screen.training(expected) as progress,
        context.stop.waiting_for_batch(lambda: screen.stage("stop", STOPPING)),
    ):

        def on_epoch(report: EpochReport) -> None:
            nonlocal pruned, paused
            _point_latest(context, prepared)
            losses = [v for name, v in report.losses.items() if name.startswith("train/") and v is not None]
            numbers = {"loss": sum(losses) if losses else None}
            numbers |= {name: report.metrics.get(name) for name in prepared.task.shown}
            progress.epoch(report.epoch, report.epochs, numbers, report.seconds_left)
            tracked.look()
            wanted = should_prune is not None and should_prune(report.epoch, report.metrics)
            pruned = wanted and report.epoch < report.epochs
            paused = pause_after is not None and pause_after <= report.epoch < report.epochs

        result = train_model(
            request,
            on_epoch,
            lambda: context.stop() or pruned or paused,
            on_batch=progress.batch,
            on_validation=progress.validation,
            aside=aside,
        )
        _record(context, result)  # also when somebody asked it to stop, which ends the run with this block
    if paused and not pruned and not result.finished:
        raise PausedRunError(f"paused by its sweep after {counted(result.epochs_completed, 'epoch')}")
    trained = Trained(result, pruned)
    _show(context, checked, trained)
    return trained


def done(context: Context) -> Trained | None:
    """What the training did, when it came to its end and its table of epochs is there."""
    result = finished_training(context.folder)
    return None if result is None else Trained(result)


def record(context: Context, trained: Trained) -> None:
    """Record a training that an earlier attempt has finished."""
    context.record.describe_attempt(from_epoch=trained.result.epochs_completed)
    _record(context, trained.result)


STAGE = Stage("train", run, done, record)


def was_pruned(results: Results) -> bool:
    """Whether the training was pruned: nothing comes after it."""
    trained = results.get(Trained)
    return trained is not None and trained.pruned


def weights_problem(folder: RunFolder) -> str | None:
    """Return what is wrong with the best checkpoint; None when nothing is.

    A checkpoint is a zip archive, whose directory stands at its end: a cut one has none.
    """
    if not folder.best.is_file():
        return "is gone"
    return None if zipfile.is_zipfile(folder.best) else "is damaged"


def weights_error(folder: RunFolder, problem: str) -> InputError:
    """Return the error for a best checkpoint that is needed and cannot be used."""
    remedy = f"put the checkpoint back, or train anew: yololab rerun {folder.path}"
    return InputError(Problem(str(folder.best), problem, "the checkpoint of the training", remedy))


def _point_latest(context: Context, prepared: Prepared) -> None:
    """Let `latest` point at the run, now that an epoch is trained."""
    if context.trial is None and context.config.dry_run is DryRun.OFF:
        point_link(prepared.paths.tree.latest, context.folder.path)


def _refuse_retraining(context: Context, point: ResumePoint) -> None:
    """Refuse to train a complete run from the start again: that would be another run.

    Raises:
        InputError: No checkpoint of its training can be read.
    """
    previous = context.previous or {}
    if point.step is Step.ANEW and previous.get("status") == Status.COMPLETE:
        found = f"{context.folder.training.name} cannot be read, and neither can a checkpoint"
        remedy = f"train anew: yololab rerun {context.folder.path}"
        raise InputError(Problem(str(context.folder.path), found, "what the training has left", remedy))


def _record(context: Context, result: TrainResult) -> None:
    """Record what the training did and really used."""
    content = asdict(result)
    differences = content.pop("differences")
    effective = content.pop("effective")
    own = {key: effective.get(key) for key in ("lr0", "lrf", "momentum", "weight_decay")}
    content["optimizer"] = own | dict(result.optimizer)
    context.record.update(
        effective_config={
            "values": dict(effective),
            "differences": [
                {"key": item["name"], **{name: item[name] for name in ("requested", "effective", "reason")}}
                for item in differences
            ],
        },
        training=content,
        results=(context.record.read().get("results") or {}) | {"final_epoch": result.epochs_completed},
    )


def _show(context: Context, checked: Checked, trained: Trained) -> None:
    """Show how the training ended, and what was not as it was asked for."""
    screen, result = context.screen, trained.result
    completed = counted(result.epochs_completed, "epoch")
    if trained.pruned:
        screen.detail(f"pruned after {completed}: other trials were better at this point")
    _warn_of_dropped_images(context, checked, result)
    for warning in result.warnings:
        screen.warn(warning)
    for change in result.differences:
        line = f"{change.name}: {change.requested} became {change.effective} ({change.reason})"
        (screen.detail if change.changes_training else screen.log)(line)
    if text := (result.setup.get("pace") or {}).get("text"):
        screen.detail(text)
    if len(result.threads) > 1:
        screen.detail(f"threads followed what else ran: {threads_text(result.threads)}")
    selection = "" if result.model_selection else "; no model selection: best.pt is the last epoch (val=false)"
    screen.detail(f"{completed} in {duration(result.seconds)}, {result.stop_reason}{selection}")


def _warn_of_dropped_images(context: Context, checked: Checked, result: TrainResult) -> None:
    """Warn when Ultralytics trained on fewer images than the dataset has: it leaves out what it cannot read."""
    used: Any = (result.setup.get("images") or {}).get("train")
    if used is None or checked.inputs.rehearsal or context.config.train.fraction != 1.0:
        return
    expected = checked.images["train"]
    if used < expected:
        left_out = f"Ultralytics left out {expected - used} of {expected} training images"
        context.screen.warn(f"{left_out}; yololab.log says which")
        context.record.update(dropped_training_images=expected - used)
