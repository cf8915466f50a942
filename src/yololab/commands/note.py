"""`yololab note RUN "text"`: add a note to a run's record."""

from __future__ import annotations

from pathlib import Path

from yololab.commands.request import Request
from yololab.record import Record
from yololab.runfolder import RunFolder

USAGE = 'note RUN "text"'


def run(request: Request) -> int:
    """Append a note; earlier notes stay.

    Returns:
        0.
    """
    run_path, text = request.expect_operands(USAGE, 2, 2)
    record = Record(RunFolder((request.working_directory / Path(run_path).expanduser()).resolve()))
    record.read()
    record.add_note(text)
    notes = record.read()["notes"]
    request.screen().stage("note", f"{len(notes)} notes in {record.path}")
    if request.as_json:
        request.print_json({"path": str(record.path), "notes": notes})
    return 0
