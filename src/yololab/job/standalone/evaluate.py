"""Measuring a checkpoint under the pinned protocol: what `yololab evaluate` does."""

import tempfile
from pathlib import Path

from yololab.config.hydra.compose import Composed
from yololab.config.measuring.evaluation import Definition
from yololab.data.dataset.resolved_yaml import write_resolved_yaml
from yololab.errors import InputError, Problem
from yololab.files.atomic import new_named_folder
from yololab.files.metrics import MetricsFile, read_metrics
from yololab.files.paths import DATA_YAML, METRICS, RunFolder
from yololab.job.measure import fingerprint_splits, keep_newest, measure_checkpoint, measurement_of
from yololab.job.prepare import prepare_job
from yololab.terminal.screen import Screen, shown_path


def evaluate_checkpoint(composed: Composed, working_directory: Path, screen: Screen) -> MetricsFile:
    """Evaluate a checkpoint; the numbers go to outputs/evaluation/<model>_<timestamp>/.

    Args:
        composed: Model, data, protocol, device and folders.
        working_directory: Where relative paths start.
        screen: Where to print.

    Raises:
        InputError: Config, dataset or model is not right; no folder was made.
    """
    experiment = composed.experiment
    if experiment.evaluation.definition is not Definition.ULTRALYTICS:
        found, remedy = (
            str(experiment.evaluation.definition),
            "yololab compare RUN … evaluation.definition=coco shows it",
        )
        allowed = "ultralytics: a model's own evaluation keeps the definition that its training goes by"
        raise InputError(Problem("evaluation.definition", found, allowed, remedy))
    screen.verbose = experiment.train.verbose
    needed = (experiment.evaluation.split.value,)
    prepared = prepare_job(experiment, working_directory, composed.data_option, needed=needed, exports=True)
    if prepared.model.lineage is None:
        allowed = "a checkpoint (.pt), or an export of one"
        raise InputError(Problem("model", f"{prepared.model.model} has no weights", allowed, "name a trained model"))
    fingerprints = fingerprint_splits(prepared.dataset, experiment.train, prepared.task.name)

    checkpoint = Path(prepared.model.model)

    def fill(hidden: Path, _place: Path) -> None:
        with tempfile.TemporaryDirectory() as scratch, screen.logging_to(RunFolder(hidden).log):
            data = write_resolved_yaml(prepared.dataset, Path(scratch) / DATA_YAML, experiment.data.allow_download)
            how = measurement_of(experiment, prepared, data, fingerprints, screen)
            screen.stage("evaluate", f"{shown_path(checkpoint)} on {how.protocol.split} of {prepared.dataset_name}")
            plots = hidden if experiment.evaluation.plots else None
            measure_checkpoint(checkpoint, hidden, how, plots=plots)

    folder = new_named_folder(prepared.paths.tree.evaluation, checkpoint.stem, fill)
    metrics = read_metrics(folder / METRICS)
    keep_newest(metrics, prepared.paths.tree.newest_metrics)
    return metrics
