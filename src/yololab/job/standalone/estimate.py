"""What a training would cost, and only that: what `yololab estimate` does."""

import shutil
from pathlib import Path

from yololab.config.hydra.compose import Composed
from yololab.config.hydra.keys import sweep_only
from yololab.errors import InputError
from yololab.files.paths import existing_folder
from yololab.job.prepare import prepare_job
from yololab.job.stages.estimate import Estimate, estimate_from, probe_experiment, shortages, show_estimate
from yololab.terminal.screen import Screen


def estimate_run(
    composed: Composed, working_directory: Path, screen: Screen
) -> tuple[Estimate, tuple[str, ...], tuple[str, ...]]:
    """Time a few real batches, and leave nothing behind.

    Args:
        composed: The job.
        working_directory: Where relative paths start.
        screen: Where to print.

    Returns:
        The estimate, what there will be too little of, and the devices.

    Raises:
        InputError: Config, dataset or model is not right.
    """
    experiment = composed.experiment
    screen.verbose = experiment.train.verbose
    problems = sweep_only(experiment.overridden)
    if problems:
        raise InputError(problems)
    prepared = prepare_job(experiment, working_directory, composed.data_option)
    probe = probe_experiment(experiment, prepared, screen)
    found = estimate_from(probe, experiment, prepared, export=experiment.export.format is not None)
    warnings = shortages(found, shutil.disk_usage(existing_folder(prepared.paths.tree.root)).free)
    show_estimate(screen, found, warnings)
    screen.detail(f"on {prepared.device.id} ({', '.join(prepared.device.names)}); early stopping makes it shorter")
    return found, tuple(warnings), tuple(prepared.device.names)
