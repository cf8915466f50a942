"""`yololab estimate`: time a few real batches and say what a training would cost."""

import shutil

from yololab.cli.request import Request
from yololab.config.hydra.keys import sweep_only
from yololab.errors import InputError
from yololab.files.paths import existing_folder
from yololab.job.prepare import prepare_job
from yololab.job.stages.estimate import estimate_from, probe_experiment, shortages, show_estimate


def run(request: Request) -> int:
    """Print the estimate, leave nothing behind; return 0."""
    experiment, screen = request.experiment, request.screen
    screen.verbose = experiment.train.verbose
    problems = sweep_only(experiment.overridden)
    if problems:
        raise InputError(problems)
    prepared = prepare_job(experiment, request.working_directory, request.composed.data_option)
    probe = probe_experiment(experiment, prepared, screen)
    found = estimate_from(probe, experiment, prepared, export=experiment.export.format is not None)
    free = shutil.disk_usage(existing_folder(prepared.paths.tree.root)).free
    warnings = shortages(found, free)
    show_estimate(screen, found, warnings)
    screen.detail(f"on {prepared.device.id} ({', '.join(prepared.device.names)}); early stopping makes it shorter")
    return 0


def run_multirun(request: Request) -> int:
    """Print what a sweep would cost, each distinct training timed once; nothing is asked or left behind; return 0."""
    from yololab.sweep.start import start_sweep
    from yololab.sweep.sweeper import only_estimating

    with only_estimating():
        return start_sweep(request.overrides, request.working_directory, request.screen)
