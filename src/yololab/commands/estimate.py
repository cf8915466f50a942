"""`yololab estimate`: time a few real batches and say what a training would cost."""

from __future__ import annotations

import tempfile
from pathlib import Path

from yololab.commands.request import Request
from yololab.commands.train import data_choice
from yololab.config.door import training_arguments
from yololab.data.index import split_images
from yololab.data.resolved import write_resolved_yaml
from yololab.preparation import prepare_job
from yololab.screen import duration
from yololab.stages.estimate import estimate_cost
from yololab.ultralytics_adapter.logs import ultralytics_log
from yololab.ultralytics_adapter.probe import measure_training
from yololab.ultralytics_adapter.training import TrainRequest


def run(request: Request) -> int:
    """Print the estimate; nothing is left behind.

    Returns:
        0.
    """
    composed = request.compose()
    experiment = composed.experiment
    prepared = prepare_job(experiment, request.working_directory, data_choice(composed))
    screen = request.screen(verbose=bool(experiment.train["verbose"]))
    with tempfile.TemporaryDirectory() as scratch, ultralytics_log(screen.line_of_ultralytics):
        data = write_resolved_yaml(prepared.dataset, Path(scratch) / "data.yaml", experiment.data.allow_download)
        probe = measure_training(
            TrainRequest(
                arguments=training_arguments(experiment) | {"data": str(data)},
                model=prepared.model,
                save_dir=Path(scratch) / "run",
                threads=experiment.device.threads,
                cache=prepared.paths.cache,
            ),
            batches=experiment.estimate.batches,
            limit_seconds=experiment.estimate.limit_seconds,
        )
    found = estimate_cost(
        probe,
        int(experiment.train["epochs"]),
        validate=bool(experiment.train["val"]),
        validation_images=len(split_images(prepared.dataset, "val")),
        evaluation_images=len(split_images(prepared.dataset, experiment.evaluation.split.value)),
        export=experiment.export.format is not None,
    )
    screen.stage("estimate", f"{duration(found.seconds)} at most on {prepared.device.id}")
    screen.detail(
        f"{found.epochs} epochs of {found.batches_per_epoch} batches, {found.seconds_per_batch:.3g} s each; early "
        "stopping makes it shorter"
    )
    if found.peak_memory_bytes is not None:
        screen.detail(f"GPU memory at its peak: {found.peak_memory_bytes / 2**30:.1f} GiB")
    return 0
