"""`yololab report RUN_OR_SWEEP`: write the HTML page of a run, a sweep, a comparison or a check again."""

from yololab.cli.request import Request
from yololab.files.paths import RunFolder
from yololab.files.record import Record
from yololab.report.comparison_page import write_comparison_page
from yololab.report.page import write_check_page, write_report
from yololab.report.sweep.page import write_sweep_report
from yololab.sweep.results.finalize import point_at_winner
from yololab.sweep.results.summary_files import write_summary
from yololab.sweep.state import SweepFolder


def run(request: Request) -> int:
    """(Re)write report.html from what the folder holds, of a sweep its summary, too; return 0."""
    folder = request.path
    sweep, files = SweepFolder(folder), RunFolder(folder)
    sweep.refuse_rejected()
    if sweep.is_sweep():
        # The rows are read anew: a killed sweep knows only what was true after its last trial.
        point_at_winner(write_summary(sweep, statistics=True))
        path = write_sweep_report(folder)
    elif not files.record.is_file() and files.comparison.is_file():
        path = write_comparison_page(folder)
    elif not files.record.is_file() and files.dataset_report.is_file():
        path = write_check_page(folder)
    else:
        Record(files).read()
        path = write_report(folder)
    request.screen.place("page", path, "report")
    request.print_json({"report": str(path)})
    return 0
