"""`yololab train`: one job, or a sweep of jobs with `-m`."""

from yololab.cli.request import Request
from yololab.files.record import Record
from yololab.job.start import start_run


def run(request: Request) -> int:
    """Run one job in a folder of its own, and return its exit code."""
    folder, code = start_run(request.composed, request.task, request.command, request.working_directory, request.screen)
    request.print_json({"path": folder.path, "status": Record(folder).read()["status"], "exit_code": code})
    return code


def run_multirun(request: Request) -> int:
    """Run a sweep, and return its exit code: 0 when a trial completed."""
    from yololab.sweep.start import start_sweep
    from yololab.sweep.sweeper import noting_folder

    with noting_folder() as made:
        code = start_sweep(request.overrides, request.working_directory, request.screen)
    request.print_json({"path": made[0] if made else None, "status": None, "exit_code": code})
    return code
