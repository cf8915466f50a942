"""Before the training: what was composed, what the dataset check found, what it will cost, and who agreed."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from yololab.config.differences import changed_settings
from yololab.config.hydra_text import FREE_PREFIX
from yololab.config.train_arguments.applicability import idle_settings
from yololab.data.checks.cached_check import cached_check, check_key
from yololab.data.checks.dataset_check import check_dataset
from yololab.data.identity.manifest import describe_changes, manifest_changes, read_manifest, write_manifest
from yololab.data.problems import Severity
from yololab.errors import NotContinuedError, Problem
from yololab.files.atomic import write_text
from yololab.files.json_files import write_json
from yololab.files.paths import RunFolder
from yololab.host.provenance import collect_provenance, git_diff, hardware, what_differs
from yololab.job.baselines import refuse_unlike_baseline, run_of_baseline
from yololab.job.context import Job
from yololab.job.gatekeeper import GateName
from yololab.job.gates import ask_gate
from yololab.job.prepare import needed_splits
from yololab.job.stages.check import DATASET_REPORT_VERSION, check_settings, refuse_blocking, show_findings
from yololab.job.stages.estimate import estimate_cost, plan_of, shortages, show_estimate
from yololab.job.train_request import make_requests
from yololab.text import counted, duration
from yololab.ultralytics_adapter.isolation.logs import ultralytics_log
from yololab.ultralytics_adapter.probe.timing import import_early, measure_training

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
    for sentence in idle_settings(job.config.train, job.prepared.usage):
        job.screen.detail(sentence)
    job.screen.detail(f"run folder: {job.folder.path}")
    if job.earlier is None:
        _complete_first_entry(job, command)
    else:
        _tell_differences(job, job.earlier, command)


def _tell_differences(job: Job, earlier: Mapping[str, Any], command: Sequence[str]) -> None:
    """Show and record what of packages, git and machine is not as it was when the run was started."""
    device = job.prepared.device
    gpus = device.names if device.kind == "cuda" else ()
    present = collect_provenance(job.prepared.paths.working_directory, command, job.seed, gpus)
    differences = what_differs(earlier.get("provenance") or {}, present)
    for line in differences:
        job.screen.warn(f"changed since the run was started: {line}")
    job.record.describe_attempt(differences=differences, command=list(command))


def _complete_first_entry(job: Job, command: Sequence[str]) -> None:
    """Record what is known now of machine, model and dataset."""
    device = job.prepared.device
    content = job.record.read()
    provenance = content["provenance"] | {
        "hardware": hardware(device.names if device.kind == "cuda" else ()),
        "command": list(command),
    }
    diff = git_diff(job.prepared.paths.working_directory)
    if diff:
        write_text(job.folder.git_diff, diff)
    job.record.update(
        task=job.prepared.task.name,
        provenance=provenance,
        model=asdict(job.prepared.model),
        idle_settings=idle_settings(job.config.train, job.prepared.usage),
        dataset={"name": job.prepared.dataset_name, "source": str(job.prepared.dataset.yaml)},
    )


def job_value(job: Job, group: str, option: str) -> str:
    """Return what was chosen for a group, decoded when it is a file or a device."""
    free = {"model": job.config.model.weights, "data": job.config.data.source, "device": str(job.config.device.id)}
    return free[group] if option.startswith(FREE_PREFIX) else option


def check(job: Job) -> None:
    """Check the dataset, fingerprint every split, keep its manifest, and say what Ultralytics is to be given."""
    dataset, train = job.prepared.dataset, job.config.train
    single_cls = train.single_cls
    settings = check_settings(job.config.check, train.imgsz, job.prepared.paths.cache)
    needed, task = needed_splits(job.config), job.prepared.task.name
    if job.kept_checks is not None:
        job.report = cached_check(job.kept_checks / check_key(dataset, task, single_cls, needed, settings), dataset)
    if job.report is None:
        with job.screen.counting("images") as progress:
            job.report = check_dataset(
                dataset, task, progress=progress, single_cls=single_cls, needed=needed, settings=settings
            )
    show_findings(job.screen, job.prepared.dataset_name, job.report)
    readable = all(file.digest for files in job.report.files.values() for file in files)
    job.fingerprints = job.report.fingerprints(single_cls, train.class_ids) if readable else {}
    refuse_changed_data(job)
    content = job.report.to_json() | {"fingerprint": job.fingerprints}
    write_json(job.folder.dataset_report, content, DATASET_REPORT_VERSION)
    write_manifest(job.folder.manifest, job.report.manifest())
    count = {severity: sum(p.severity is severity for p in job.report.problems) for severity in Severity}
    summary: dict[str, Any] = {
        "name": job.prepared.dataset_name,
        "source": str(dataset.yaml),
        "counts": content["splits"],
        "problems": {
            "blocking": count[Severity.BLOCKING],
            "warnings": count[Severity.WARNING],
            "notes": count[Severity.NOTE],
        },
        "fingerprint": job.fingerprints or None,
    }
    job.record.update(dataset=summary)
    refuse_blocking(job.report, job.folder.dataset_report)
    refuse_unlike_baseline(job)
    _tell_changes(job)
    make_requests(job)


def refuse_changed_data(job: Job) -> None:
    """Refuse to go on with another dataset than the run has begun with: nobody could say what its numbers mean.

    Raises:
        NotContinuedError: The splits that differ, with what was added, removed, replaced or relabelled.
    """
    assert job.report is not None
    then = ((job.earlier or {}).get("dataset") or {}).get("fingerprint") or {}
    changed = [split for split in then if job.fingerprints and then[split] != job.fingerprints.get(split)]
    if not changed or job.changed_data:
        for split in changed:
            job.screen.warn(f"the {split} split has changed since the run was started")
        return
    lines: list[str] = []
    if job.folder.manifest.is_file():
        lines = describe_changes(manifest_changes(read_manifest(job.folder.manifest), job.report.manifest()))
    found = f"has changed since the run was started ({', '.join(changed)})" + "".join(f"; {line}" for line in lines)
    raise NotContinuedError(
        Problem(
            str(job.prepared.dataset.yaml),
            found,
            "the data that the run was started with",
            "put it back, start a new run, or go on all the same with resuming.changed_data=true",
        )
    )


def _tell_changes(job: Job) -> None:
    """Show what changed in the dataset since the baseline, or since the run that this one repeats."""
    assert job.report is not None
    content = job.record.read()
    repeated = (content.get("repeats") or {}).get("run")
    earlier = RunFolder(Path(repeated)) if repeated else run_of_baseline(job)
    if earlier is None or not earlier.manifest.is_file():
        return
    changes = manifest_changes(read_manifest(earlier.manifest), job.report.manifest())
    lines = describe_changes(changes)
    for line in lines:
        job.screen.detail(f"changed since {earlier.path.name}: {line}")
    job.record.update(
        data_changes={
            "since": str(earlier.path),
            "splits": {split: found.to_json() for split, found in changes.items()},
            "summary": lines,
        }
    )


def approve_device_and_data(job: Job) -> None:
    """Ask before a CPU is used, and before a dataset with warnings is."""
    assert job.report is not None
    if job.prepared.device.kind == "cpu":
        epochs, imgsz = job.config.train.epochs, job.config.train.imgsz
        images = counted(job.images()["train"], "image")
        what = f"{counted(epochs, 'epoch')} of {images} of {job.prepared.dataset_name} at {imgsz} px"
        if job.rehearsal is not None:
            what = f"A dry run: {job.rehearsal.arguments['epochs']} epoch(s) of one batch"
        ask_gate(job, GateName.CPU, f"Train on the CPU? {what}, on {job.prepared.device.names[0]}.")
    warnings = job.report.warnings
    if warnings:
        ask_gate(
            job,
            GateName.DATASET,
            f"The dataset check of {job.prepared.dataset_name} has {counted(len(warnings), 'warning')} (shown above). "
            "Train on it all the same?",
        )


def load(job: Job) -> None:
    """Import PyTorch and Ultralytics: seconds that the training would take, told apart from what the estimate costs."""
    assert job.request is not None
    import_early(job.request.model)


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
    job.estimate = estimate_cost(probe, plan_of(config, job.images(), export=config.export.format is not None))
    free = shutil.disk_usage(job.folder.path).free
    warnings = shortages(job.estimate, free, int(probe.batch))
    job.record.update(estimate=job.estimate.to_json() | {"free_disk_bytes": free, "warnings": warnings})
    show_estimate(job.screen, job.estimate, warnings)


def approve_duration(job: Job) -> None:
    """Ask before a long training."""
    if job.estimate is None or job.rehearsal is not None:
        return
    hours = job.config.approval.long_training_hours
    if job.estimate.training_seconds > hours * 3600:
        time_needed = duration(job.estimate.training_seconds)
        images = ", ".join(f"{count} {split}" for split, count in job.images().items())
        question = f"Training will take about {time_needed} on {job.prepared.device.id}, more than {hours:g} h"
        ask_gate(job, GateName.LONG, f"{question} ({job.prepared.dataset_name}: {images} images). Start it?")
