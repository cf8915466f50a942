"""`yololab estimate`: time a few real batches and say what a training would cost."""

from yololab.cli.request import Request
from yololab.job.standalone.estimate import estimate_run


def run(request: Request) -> int:
    """Print the estimate, leave nothing behind; return 0."""
    estimate_run(request.composed, request.working_directory, request.screen)
    return 0


def run_multirun(request: Request) -> int:
    """Print what a sweep would cost, each distinct training timed once; nothing is asked or left behind; return 0."""
    from yololab.sweep.start import start_sweep
    from yololab.sweep.sweeper import only_estimating

    with only_estimating():
        return start_sweep(request.overrides, request.working_directory, request.screen)
