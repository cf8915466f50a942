"""Estimating an experiment before there is a run: for `yololab estimate`, and for a sweep's parent."""

from __future__ import annotations

import tempfile
from pathlib import Path

from yololab.config.schema import ExperimentConfig
from yololab.config.validation import training_arguments
from yololab.data.dataset.layout import split_images
from yololab.data.dataset.resolved_yaml import write_resolved_yaml
from yololab.job.prepare import Prepared, needed_splits
from yololab.job.stages.estimate import Estimate, estimate_cost, plan_of
from yololab.job.subset import drawn_images
from yololab.terminal.screen import Screen
from yololab.ultralytics_adapter.isolation.logs import ultralytics_log
from yololab.ultralytics_adapter.probe.timing import Probe, measure_training
from yololab.ultralytics_adapter.training.training import TrainRequest


def probe_experiment(experiment: ExperimentConfig, prepared: Prepared, screen: Screen) -> Probe:
    """Time a few real batches of an experiment; nothing is left behind."""
    with tempfile.TemporaryDirectory() as scratch, ultralytics_log(screen.line_of_ultralytics):
        lists: dict[str, Path] = {}
        if experiment.data.subset is not None:
            amount, seed = experiment.data.subset, experiment.train.seed
            drawn = drawn_images(prepared.dataset, "train", prepared.task.name, amount, seed)
            lists["train"] = Path(scratch) / "train.txt"
            lists["train"].write_text("".join(f"{image}\n" for image in drawn), encoding="utf-8")
        data = write_resolved_yaml(prepared.dataset, Path(scratch) / "data.yaml", experiment.data.allow_download, lists)
        return measure_training(
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


def estimate_from(
    probe: Probe, experiment: ExperimentConfig, prepared: Prepared, *, export: bool, warm: bool = True
) -> Estimate:
    """Extrapolate a probe to an experiment.

    Args:
        probe: What was measured, for the same model, data, image size, batch and device.
        experiment: The experiment.
        prepared: Its dataset and model.
        export: Whether the model will be exported.
        warm: Whether the process that trains is this one.
    """
    images = {split: len(split_images(prepared.dataset, split)) for split in needed_splits(experiment)}
    return estimate_cost(probe, plan_of(experiment, images, export=export), warm=warm)
