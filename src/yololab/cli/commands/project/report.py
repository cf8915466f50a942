"""`yololab report RUN_OR_SWEEP`: write the HTML page of a run or a sweep again."""

from yololab.cli.request import Request
from yololab.files.paths import RunFolder
from yololab.files.record import Record
from yololab.report.page import write_report
from yololab.report.sweep.page import write_sweep_report
from yololab.sweep.results.finalize import point_at_winner
from yololab.sweep.results.summary_files import write_summary
from yololab.sweep.state import SweepFolder


def run(request: Request) -> int:
    """(Re)write report.html from what the folder holds, of a sweep its summary, too; return 0."""
    folder = request.path
    sweep = SweepFolder(folder)
    if sweep.is_sweep():
        # The rows are read anew: a killed sweep knows only what was true after its last trial.
        point_at_winner(write_summary(sweep, statistics=True))
        path = write_sweep_report(folder)
    else:
        Record(RunFolder(folder)).read()
        path = write_report(folder)
    request.screen.stage("report", str(path))
    request.print_json({"report": str(path)})
    return 0
