"""`yololab check`: look at a dataset, and only that."""

from yololab.cli.request import Request
from yololab.errors import InputError
from yololab.job.standalone.check import check_data


def run(request: Request) -> int:
    """Check a dataset, and return 0 when nothing blocks a training, else 2."""
    folder, name, report = check_data(request.composed, request.task, request.working_directory, request.screen)
    if request.as_json:
        content = report.to_json()
        found = {key: content[key] for key in ("task", "names", "splits", "summary", "problems")}
        where = {"path": folder.dataset_report, "report": folder.report}
        request.print_json({"dataset": name, "blocking": len(report.blocking), **found, **where})
    return InputError.exit_code if report.blocking else 0
