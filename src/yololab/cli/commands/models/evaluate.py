"""`yololab evaluate`: measure a checkpoint under the pinned protocol."""

from __future__ import annotations

import tempfile
from pathlib import Path

from yololab.cli.commands.runs.train import data_choice
from yololab.cli.request import Request
from yololab.data.dataset.resolved_yaml import write_resolved_yaml
from yololab.errors import InputError, Problem
from yololab.files.metrics import MetricsFile
from yololab.files.paths import create_folder
from yololab.job.measure import Surroundings, fingerprint_splits, keep_newest, make_protocol, measure_checkpoint
from yololab.job.prepare import prepare_job
from yololab.tasks import TASKS
from yololab.terminal.screen import Screen, number


def run(request: Request) -> int:
    """Evaluate a checkpoint; the numbers go to outputs/evaluation/<model>_<timestamp>/.

    Returns:
        0.
    """
    _show(request.screen(), evaluate_checkpoint(request))
    return 0


def evaluate_checkpoint(request: Request) -> MetricsFile:
    """Evaluate a checkpoint and return its metrics.json.

    Raises:
        InputError: Config, dataset or model is not right; no folder was made.
    """
    composed = request.compose()
    experiment = composed.experiment
    screen = request.screen(verbose=experiment.train.verbose)
    prepared = prepare_job(
        experiment, request.working_directory, data_choice(composed), needed=(experiment.evaluation.split.value,)
    )
    if prepared.model.lineage is None:
        raise InputError(
            Problem("model", f"{prepared.model.model} has no weights", "a checkpoint (.pt)", "name a trained model")
        )
    protocol = make_protocol(experiment.evaluation, experiment.train, prepared.task)
    screen.stage("evaluate", f"{prepared.model.model} on {protocol.split} of {prepared.dataset_name}")
    fingerprints = fingerprint_splits(prepared.dataset, experiment.train, prepared.task.name)
    folder = create_folder(prepared.paths.tree.evaluation, Path(prepared.model.model).stem)
    device = experiment.device
    with tempfile.TemporaryDirectory() as scratch, screen.logging_to(folder / "yololab.log"):
        data = write_resolved_yaml(prepared.dataset, Path(scratch) / "data.yaml", experiment.data.allow_download)
        metrics = measure_checkpoint(
            Path(prepared.model.model),
            prepared.dataset,
            data,
            prepared.task,
            protocol,
            fingerprints,
            folder,
            Surroundings(device.id, device.threads, prepared.paths.cache, screen),
            plots=folder if experiment.evaluation.plots else None,
        )
    keep_newest(metrics, prepared.paths.tree.newest_metrics)
    return metrics


def _show(screen: Screen, metrics: MetricsFile) -> None:
    """Print the metrics, overall and by class."""
    names = [metric.name for metric in metrics.metrics]
    screen.table(("", *names), [("all", *(number(metrics.value(name)) for name in names))])
    classes = metrics.content["per_class"]
    task = TASKS[metrics.task]
    rows = [
        (name, *(number(values[key]) for key in task.per_class), str(values["instances"]), str(values["images"]))
        for name, values in classes.items()
    ]
    if rows:
        screen.table(("class", *task.per_class, task.counted, "images"), rows)
    screen.detail(f"metrics: {metrics.path}")
