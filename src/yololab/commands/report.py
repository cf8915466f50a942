"""`yololab report RUN`: write the run's HTML page again."""

from __future__ import annotations

from pathlib import Path

from yololab.commands.request import Request
from yololab.record import Record
from yololab.report.page import write_report
from yololab.runfolder import RunFolder


def run(request: Request) -> int:
    """(Re)write report.html from what the run's folder holds.

    Returns:
        0.
    """
    (word,) = request.expect_operands("report RUN", 1, 1)
    folder = (request.working_directory / Path(word).expanduser()).resolve()
    Record(RunFolder(folder)).read()
    path = write_report(folder)
    request.screen().stage("report", str(path))
    if request.as_json:
        request.print_json({"report": str(path)})
    return 0
