"""`yololab estimate`: time a few real batches and say what a training would cost."""

from __future__ import annotations

import shutil

from yololab.cli.commands.runs.train import data_choice
from yololab.cli.commands.runs.train import run_multirun as run_sweep
from yololab.cli.request import Request
from yololab.files.paths import existing_folder
from yololab.job.dry_estimate import estimate_from, probe_experiment
from yololab.job.prepare import prepare_job
from yololab.job.stages.estimate import shortages, show_estimate


def run(request: Request) -> int:
    """Print the estimate; nothing is left behind.

    Returns:
        0.
    """
    composed = request.compose()
    experiment = composed.experiment
    prepared = prepare_job(experiment, request.working_directory, data_choice(composed))
    screen = request.screen(verbose=experiment.train.verbose)
    probe = probe_experiment(experiment, prepared, screen)
    found = estimate_from(probe, experiment, prepared, export=experiment.export.format is not None)
    free = shutil.disk_usage(existing_folder(prepared.paths.tree.root)).free
    warnings = shortages(found, free, probe.batch)
    show_estimate(screen, found, warnings)
    screen.detail(f"on {prepared.device.id} ({', '.join(prepared.device.names)}); early stopping makes it shorter")
    return 0


def run_multirun(request: Request) -> int:
    """Print what a sweep would cost: each distinct training is timed once; nothing is asked, and nothing left behind.

    Returns:
        0.
    """
    from yololab.sweep.sweeper import only_estimating

    with only_estimating():
        return run_sweep(request)
