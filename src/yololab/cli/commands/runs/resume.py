"""`yololab resume RUN_OR_SWEEP`: what is missing after a crash, a kill or an interruption, and only that."""

from yololab.cli.request import Request
from yololab.files.paths import RunFolder
from yololab.files.record import Record
from yololab.job.resume import PERMISSIONS, refuse_other_settings, resume_run
from yololab.sweep.run import resume_sweep
from yololab.sweep.state import SweepFolder

READ_OF_SWEEPS = ("approval", "search.storage", "resume.launcher_commands", *PERMISSIONS)


def run(request: Request) -> int:
    """Resume a run or a sweep, and return its exit code; 0 when nothing was missing."""
    given = request.experiment
    SweepFolder(request.path).refuse_rejected()
    if SweepFolder(request.path).is_sweep():
        refuse_other_settings(given, "a sweep is resumed with what it was started with", READ_OF_SWEEPS)
        code = resume_sweep(request.path, request.screen, given)
        request.print_json({"path": request.path, "status": None, "exit_code": code})
        return code
    folder = RunFolder(request.path)
    code = resume_run(folder, given, request.command, request.working_directory, request.screen)
    request.print_json({"path": folder.path, "status": Record(folder).read()["status"], "exit_code": code})
    return code
