"""What the trainer is asked for: the whole training, and for a dry run one batch of it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from yololab.config.schema import DryRun
from yololab.config.validation import training_arguments
from yololab.data.dataset.layout import split_images
from yololab.data.dataset.resolved_yaml import write_resolved_yaml
from yololab.files.atomic import write_text
from yololab.job.context import Job
from yololab.job.dry_run import OVERFIT_EPOCHS, dry_run_arguments
from yololab.job.prepare import needed_splits
from yololab.job.subset import drawn_images
from yololab.ultralytics_adapter.training.training import TrainRequest

# Images of a dry run when the batch size is left to Ultralytics.
_DEFAULT_BATCH = 16


def make_requests(job: Job) -> None:
    """Write the data.yaml that Ultralytics is given, and set the job's request; for a dry run also the small one."""
    train, dataset = job.config.train, job.prepared.dataset
    lists: dict[str, Path] = {}
    if job.config.data.subset is not None:
        subset = drawn_images(dataset, "train", job.prepared.task.name, job.config.data.subset, job.seed)
        _write_list(job.folder.subset, subset)
        lists["train"] = job.folder.subset
        job.screen.detail(f"data.subset: {len(subset)} training images, drawn with seed {job.seed}")
    if train.fraction != 1.0:
        job.screen.warn("fraction takes the first images in the order of their names; data.subset draws at random")
    job.data_yaml = write_resolved_yaml(dataset, job.folder.data, job.config.data.allow_download, lists)
    job.request = _request(job, training_arguments(job.config), job.data_yaml)
    if job.config.dry_run is not DryRun.OFF:
        _rehearse(job)


def _rehearse(job: Job) -> None:
    """Draw one batch of each split, and ask for a training on it."""
    train, dataset, mode = job.config.train, job.prepared.dataset, job.config.dry_run
    batch = train.batch
    count = int(batch) if isinstance(batch, int) and batch > 0 else _DEFAULT_BATCH
    lists: dict[str, Path] = {}
    drawn: list[Path] = []
    for split in needed_splits(job.config):
        if not (mode is DryRun.OVERFIT and drawn):
            # one image is drawn as the whole split where there is no more
            amount = min(count, len(split_images(dataset, split)))
            drawn = drawn_images(dataset, split, job.prepared.task.name, amount if amount > 1 else 1.0, job.seed)[
                :count
            ]
        lists[split] = job.folder.list_of(split)
        _write_list(lists[split], drawn)
    job.data_yaml = write_resolved_yaml(dataset, job.folder.dry_run_data, job.config.data.allow_download, lists)
    arguments = dry_run_arguments(training_arguments(job.config), overfit=mode is DryRun.OVERFIT, batch=count)
    job.rehearsal = _request(job, arguments, job.data_yaml)
    # its numbers are those of a few images, and are held against no baseline
    job.fingerprints = {}
    epochs = OVERFIT_EPOCHS if mode is DryRun.OVERFIT else 1
    job.record.update(dry_run={"mode": mode.value, "images": count, "epochs": epochs})
    job.screen.stage(
        "dry run", f"one batch of {count} images through every stage, {epochs} epoch(s); nothing is promoted"
    )


def _request(job: Job, arguments: Mapping[str, Any], data: Path) -> TrainRequest:
    return TrainRequest(
        arguments={**arguments, "data": str(data)},
        model=job.prepared.model,
        save_dir=job.folder.path,
        threads=job.config.device.threads,
        cache=job.prepared.paths.cache,
    )


def _write_list(path: Path, images: list[Path]) -> None:
    write_text(path, "".join(f"{image}\n" for image in images))
