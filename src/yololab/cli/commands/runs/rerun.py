"""`yololab rerun RUN`: the same frozen config and seed again, saying what is different this time."""

from yololab.cli.request import Request
from yololab.files.paths import RunFolder
from yololab.files.record import Record
from yololab.job.rerun import rerun_run


def run(request: Request) -> int:
    """Run a frozen experiment again in a new folder, and return the exit code of the job."""
    folder, code = rerun_run(
        RunFolder(request.path), request.experiment, request.command, request.working_directory, request.screen
    )
    request.print_json({"path": folder.path, "status": Record(folder).read()["status"], "exit_code": code})
    return code
