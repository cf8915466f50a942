"""`yololab train`: one job, or a sweep of jobs with `-m`."""

from yololab.cli.request import Request
from yololab.job.start import start_run


def run(request: Request) -> int:
    """Run one job in a folder of its own, and return its exit code."""
    return start_run(request.composed, request.task, request.command, request.working_directory, request.screen)[1]


def run_multirun(request: Request) -> int:
    """Run a sweep, and return its exit code: 0 when a trial completed."""
    from yololab.sweep.start import start_sweep

    return start_sweep(request.overrides, request.working_directory, request.screen)
