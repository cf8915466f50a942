"""Before the training: what was composed, what the dataset check found, what it will cost, and who agreed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from yololab.config.differences import changed_settings
from yololab.config.door import training_arguments
from yololab.config.hydra_text import FREE_PREFIX
from yololab.data.checks import check_dataset
from yololab.data.resolved import write_resolved_yaml
from yololab.job import Job
from yololab.jsonfiles import write_json, write_text_atomically
from yololab.measuring import fingerprint_splits
from yololab.preparation import needed_splits
from yololab.provenance import git_diff, hardware
from yololab.screen import duration
from yololab.stages.approve import GateName
from yololab.stages.check import DATASET_REPORT_VERSION, refuse_blocking, show_findings
from yololab.stages.estimate import estimate_cost
from yololab.stages.subset import training_images
from yololab.steps.baselines import refuse_unlike_baseline
from yololab.steps.gates import ask_gate
from yololab.ultralytics_adapter.logs import ultralytics_log
from yololab.ultralytics_adapter.probe import measure_training
from yololab.ultralytics_adapter.training import TrainRequest

GROUP_ORDER = ("experiment", "model", "data", "hparams", "augmentation", "device", "approval", "export")


def introduce(job: Job, command: Sequence[str]) -> None:
    """Show what was composed and what differs from the defaults; complete the record's first entry."""
    device = job.prepared.device
    chosen = [(group, job.choices[group]) for group in GROUP_ORDER if job.choices.get(group) not in (None, "None")]
    shown = "  ".join(f"{group}={job_value(job, group, option)}" for group, option in chosen)
    job.screen.stage("config", shown)
    for key, value, default in changed_settings(job.config):
        job.screen.detail(f"{key}: {value} (default {default})")
    job.screen.detail(f"device: {device.id} ({', '.join(device.names)})")
    job.screen.detail(f"run folder: {job.folder.path}")
    content = job.record.read()
    provenance = content["provenance"] | {
        "hardware": hardware(device.names if device.kind == "cuda" else ()),
        "command": list(command),
    }
    diff = git_diff(job.prepared.paths.working_directory)
    if diff:
        write_text_atomically(job.folder.git_diff, diff)
    job.record.update(
        task=job.prepared.task.name,
        provenance=provenance,
        model=asdict(job.prepared.model),
        dataset={"name": job.prepared.dataset_name, "source": str(job.prepared.dataset.yaml)},
    )


def job_value(job: Job, group: str, option: str) -> str:
    """Return what was chosen for a group, decoded when it is a file or a device."""
    free = {"model": job.config.model.weights, "data": job.config.data.source, "device": str(job.config.device.id)}
    return free[group] if option.startswith(FREE_PREFIX) else option


def check(job: Job) -> None:
    """Check structure and labels, fingerprint every split, and write the data.yaml that Ultralytics is given."""
    dataset = job.prepared.dataset
    job.report = check_dataset(
        dataset,
        job.prepared.task.name,
        single_cls=bool(job.config.train["single_cls"]),
        needed=needed_splits(job.config),
    )
    blocking = job.report.blocking
    show_findings(job.screen, job.prepared.dataset_name, job.report)
    write_json(job.folder.dataset_report, job.report.to_json(), DATASET_REPORT_VERSION)
    problems = {"blocking": len(blocking), "warnings": len(job.report.problems) - len(blocking)}
    summary: dict[str, Any] = {
        "name": job.prepared.dataset_name,
        "source": str(dataset.yaml),
        "counts": job.report.to_json()["splits"],
        "problems": problems,
    }
    job.record.update(dataset=summary)
    refuse_blocking(job.report, job.folder.dataset_report)
    train = job.config.train
    job.fingerprints = fingerprint_splits(dataset, train)
    job.record.update(dataset=summary | {"fingerprint": job.fingerprints})
    refuse_unlike_baseline(job)
    subset = training_images(dataset, job.prepared.task.name, job.config.data.subset, job.seed)
    if subset is not None:
        write_text_atomically(job.folder.subset, "".join(f"{image}\n" for image in subset))
        job.screen.detail(f"data.subset: {len(subset)} training images, drawn with seed {job.seed}")
    if train["fraction"] != 1.0:
        job.screen.warn("fraction takes the first images in the order of their names; data.subset draws at random")
    write_resolved_yaml(
        dataset,
        job.folder.data,
        job.config.data.allow_download,
        train=job.folder.subset if subset is not None else None,
    )
    job.request = TrainRequest(
        arguments=training_arguments(job.config) | {"data": str(job.folder.data)},
        model=job.prepared.model,
        save_dir=job.folder.path,
        threads=job.config.device.threads,
        cache=job.prepared.paths.cache,
    )


def approve_device_and_data(job: Job) -> None:
    """Ask before a CPU is used, and before a dataset with warnings is."""
    assert job.report is not None
    if job.prepared.device.kind == "cpu":
        epochs, imgsz = job.config.train["epochs"], job.config.train["imgsz"]
        images = job.report.splits["train"].images
        ask_gate(job, GateName.CPU, f"Train on the CPU? {epochs} epochs of {images} images at {imgsz} px.")
    warnings = [p for p in job.report.problems if p not in job.report.blocking]
    if warnings:
        ask_gate(
            job,
            GateName.DATASET,
            f"The dataset check has {len(warnings)} warnings (shown above). Train on it all the same?",
        )


def estimate(job: Job) -> None:
    """Time a few real batches and say what the job will cost; a trial takes what its sweep has estimated."""
    if job.trial:
        return
    assert job.request is not None
    assert job.report is not None
    config = job.config
    with ultralytics_log(job.screen.line_of_ultralytics):
        probe = measure_training(
            job.request, batches=config.estimate.batches, limit_seconds=config.estimate.limit_seconds
        )
    job.estimate = estimate_cost(
        probe,
        int(config.train["epochs"]),
        validate=bool(config.train["val"]),
        validation_images=job.report.splits["val"].images,
        evaluation_images=job.report.splits[config.evaluation.split.value].images,
        export=config.export.format is not None,
    )
    job.record.update(estimate=job.estimate.to_json())
    job.screen.stage(
        "estimate",
        f"{duration(job.estimate.seconds)} at most ({job.estimate.epochs} epochs of "
        f"{job.estimate.batches_per_epoch} batches, {job.estimate.seconds_per_batch:.3g} s each)",
    )


def approve_duration(job: Job) -> None:
    """Ask before a long training."""
    if job.estimate is None:
        return
    hours = job.config.approval.long_training_hours
    if job.estimate.training_seconds > hours * 3600:
        time_needed = duration(job.estimate.training_seconds)
        ask_gate(job, GateName.LONG, f"Training will take about {time_needed}, more than {hours:g} h. Start it?")
