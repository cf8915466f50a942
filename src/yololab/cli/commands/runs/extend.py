"""`yololab extend RUN epochs=50`: train a finished run further, as a new run."""

from yololab.cli.request import Request
from yololab.cli.table import COMMANDS
from yololab.files.paths import RunFolder
from yololab.files.record import Record
from yololab.job.extending.extend import ExtendOptions, extend_run


def run(request: Request) -> int:
    """Train a finished run further in a new folder, and return the exit code of the job."""
    own = [text for text in request.operands if text.partition("=")[0] in COMMANDS["extend"].own_settings]
    options, _ = request.own_settings(ExtendOptions, own)
    folder, code = extend_run(
        RunFolder(request.path), options, request.experiment, request.command, request.working_directory, request.screen
    )
    record = Record(folder).read()
    total = (record.get("extends") or {}).get("total_epochs")
    request.print_json({"path": folder.path, "status": record["status"], "total_epochs": total, "exit_code": code})
    return code
