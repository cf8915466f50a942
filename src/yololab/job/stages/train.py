"""The training, with its progress on the screen and its truth in the record."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from yololab.job.context import Job
from yololab.text import counted, duration
from yololab.ultralytics_adapter.isolation.logs import ultralytics_log
from yololab.ultralytics_adapter.training.resume_point import find_resume_point
from yololab.ultralytics_adapter.training.training import EpochReport, TrainResult
from yololab.ultralytics_adapter.training.training import train as train_model


def train(job: Job) -> None:
    """Train, in the run's own folder."""
    request = job.rehearsal or job.request
    assert request is not None
    epochs = int(request.arguments["epochs"])
    job.screen.stage("train", counted(epochs, "epoch"))
    job.record.update(model_path=str(job.folder.best))
    if job.earlier is not None:
        done = find_resume_point(job.folder).epochs_done
        job.screen.detail(f"going on after epoch {done} of {epochs}" if done else "no epoch was saved: beginning anew")
        job.record.describe_attempt(from_epoch=done)
    with (
        ultralytics_log(job.screen.line_of_ultralytics),
        job.screen.training(epochs) as progress,
        job.stop.waiting_for_batch(),
    ):

        def show(report: EpochReport) -> None:
            losses = [v for name, v in report.losses.items() if name.startswith("train/") and v is not None]
            numbers = {"loss": sum(losses) if losses else None}
            numbers |= {name: report.metrics.get(name) for name in job.prepared.task.shown}
            progress.epoch(report.epoch, report.epochs, numbers, report.seconds_left)
            hopeless = job.judge is not None and job.judge(report.epoch, report.metrics)
            job.pruned = hopeless and report.epoch < report.epochs

        job.training = train_model(request, show, lambda: job.stop() or job.pruned, aside=aside_of(job))
        record_training(job, job.training)
    result = job.training
    if job.pruned:
        job.screen.detail(
            f"given up after {counted(result.epochs_completed, 'epoch')}: other trials were better at this point"
        )
    _tell_dropped_images(job, result)
    for warning in result.warnings:
        job.screen.warn(warning)
    for difference in result.differences:
        job.screen.detail(
            f"{difference.name}: {difference.requested} became {difference.effective} ({difference.reason})"
        )
    job.screen.detail(
        f"{counted(result.epochs_completed, 'epoch')} in {duration(result.seconds)}, {result.stop_reason}"
        + ("" if result.model_selection else "; no model selection: best.pt is the last epoch (val=false)")
    )


def aside_of(job: Job) -> Path | None:
    """Return where a continued training moves what it cannot use; None in the first attempt."""
    if job.earlier is None:
        return None
    return job.folder.attempt(max(1, len(job.earlier.get("attempts") or ())))


def record_training(job: Job, result: TrainResult) -> None:
    """Record what the training did and really used."""
    job.record.update(
        effective_config={"values": dict(result.effective), "differences": differences_of(result)},
        training=result_of(result),
        results=job.record.read()["results"] | {"final_epoch": result.epochs_completed},
    )


def _tell_dropped_images(job: Job, result: TrainResult) -> None:
    """Warn when Ultralytics trained on fewer images than the dataset has: it leaves out what it cannot read."""
    used = (result.setup.get("images") or {}).get("train")
    if job.report is None or used is None or job.rehearsal or job.config.train.fraction != 1.0:
        return
    subset = job.folder.subset
    expected = len(subset.read_text().splitlines()) if subset.is_file() else job.report.splits["train"].images
    if used < expected:
        job.screen.warn(f"Ultralytics left out {expected - used} of {expected} training images; yololab.log says which")
        job.record.update(dropped_training_images=expected - used)


def differences_of(result: TrainResult) -> list[dict[str, Any]]:
    """Return the arguments that were not used as requested, as they stand in the record."""
    return [
        {"key": item.name, "requested": item.requested, "effective": item.effective, "reason": item.reason}
        for item in result.differences
    ]


def result_of(result: TrainResult) -> dict[str, Any]:
    """Return what a training did, as it stands in the record; arguments and differences stand elsewhere there."""
    content = result.to_json()
    own = {key: result.effective.get(key) for key in ("lr0", "lrf", "momentum", "weight_decay")}
    content["optimizer"] = own | dict(result.optimizer)
    return {key: value for key, value in content.items() if key not in ("effective", "differences")}
