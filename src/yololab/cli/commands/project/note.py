"""`yololab note RUN "text"`: add a note to a run's record."""

from yololab.cli.request import Request
from yololab.errors import InputError, Problem
from yololab.files.paths import RunFolder
from yololab.files.record import Record
from yololab.text import counted


def run(request: Request) -> int:
    """Append a note, earlier notes stay; return 0."""
    text = request.operands[1]
    if not text.strip():
        raise InputError(Problem("command line", "an empty note", 'yololab note RUN "text"'))
    record = Record(RunFolder(request.path))
    record.read()
    record.add_note(text)
    notes = record.read().get("notes") or []
    request.screen.stage("note", f"{counted(len(notes), 'note')} in {record.path}")
    request.print_json({"path": str(record.path), "notes": notes})
    return 0
