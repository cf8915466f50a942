"""`yololab estimate`: time a few real batches and say what a training would cost."""

from __future__ import annotations

from yololab.commands.request import Request
from yololab.commands.train import data_choice
from yololab.estimating import estimate_from, probe_experiment
from yololab.preparation import prepare_job
from yololab.screen import duration


def run(request: Request) -> int:
    """Print the estimate; nothing is left behind.

    Returns:
        0.
    """
    composed = request.compose()
    experiment = composed.experiment
    prepared = prepare_job(experiment, request.working_directory, data_choice(composed))
    screen = request.screen(verbose=bool(experiment.train["verbose"]))
    probe = probe_experiment(experiment, prepared, screen)
    found = estimate_from(probe, experiment, prepared, export=experiment.export.format is not None)
    screen.stage("estimate", f"{duration(found.seconds)} at most on {prepared.device.id}")
    screen.detail(
        f"{found.epochs} epochs of {found.batches_per_epoch} batches, {found.seconds_per_batch:.3g} s each; early "
        "stopping makes it shorter"
    )
    if found.peak_memory_bytes is not None:
        screen.detail(f"GPU memory at its peak: {found.peak_memory_bytes / 2**30:.1f} GiB")
    return 0
