"""The export of best.pt, begun beside its evaluation; the checklist waits for it and tries it."""

from dataclasses import dataclass

from yololab.job.checklist import checks_on_record
from yololab.job.context import Context, Stage
from yololab.job.export.exported import RunningExport, begin_export
from yololab.job.prepare import Prepared
from yololab.job.stages.train import Trained


@dataclass(frozen=True)
class Exporting:
    """An export on its way.

    Attributes:
        running: The export; None when the checklist makes it itself.
    """

    running: RunningExport | None


def run(context: Context, prepared: Prepared, trained: Trained) -> Exporting:
    """Begin to export, unless an earlier attempt has been through the checklist."""
    del trained  # what it has left is exported
    done = checks_on_record(context.previous or {})
    return Exporting(None if done else begin_export(context, prepared))


STAGE = Stage("export", run, always=True)
