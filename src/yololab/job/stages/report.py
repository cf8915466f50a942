"""The page of a run, written from what its folder holds."""

import traceback

from yololab.errors import InputError
from yololab.files.reading import read_text
from yololab.job.context import Context, Stage
from yololab.report.page import write_report


def run(context: Context) -> None:
    """Write report.html; a page that cannot be written does not cost the run."""
    try:
        write_report(context.folder.path)
    except Exception as error:  # whatever a page meets, the run itself is done and recorded
        context.screen.log(traceback.format_exc())
        context.screen.warn(f"report.html was not written: {error}")


def done(context: Context) -> bool | None:
    """Whether the page is there to its end."""
    try:
        text = read_text(context.folder.report)
    except InputError:
        return None
    return True if text.rstrip().endswith("</html>") else None


def wanted(context: Context) -> bool:
    """Whether the run has a page: of a sweep's trials only the winner has one."""
    return context.config.report.enabled and context.trial is None


STAGE = Stage("report", run, done, wanted=wanted, doing="writing the page")
