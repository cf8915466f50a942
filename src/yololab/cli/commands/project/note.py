"""`yololab note RUN "text"`: add a note to a run's record; `tag=…` adds tags."""

import re

from yololab.cli.request import Request
from yololab.errors import InputError, Problem
from yololab.files.paths import RunFolder
from yololab.files.record import Record
from yololab.terminal.screen import shown_path
from yololab.text import counted, first_of

_TAGS = re.compile(r"tags?=(.*)", re.DOTALL)
_TAG = re.compile(r"-?\w[\w.:/ -]{0,49}")


def run(request: Request) -> int:
    """Append a note, earlier notes stay; or change the tags. Return 0."""
    text = request.operands[1]
    tags = _TAGS.fullmatch(text.strip())
    if not text.strip():
        raise InputError(Problem("command line", "an empty note", 'yololab note RUN "text"'))
    record = Record(RunFolder(request.path))
    record.read()
    if tags is None:
        record.add_note(text)
    else:
        _change_tags(record, tags[1])
    content = record.read()
    notes, now = content.get("notes") or [], content.get("tags") or []
    shown = counted(len(notes), "note") + (f", tags: {first_of(now, len(now))}" if now else "")
    request.screen.stage("note", f"{shown} in {shown_path(record.path)}")
    request.print_json({"path": str(record.path), "notes": notes, "tags": now})
    return 0


def _change_tags(record: Record, text: str) -> None:
    """Add the tags of a list, and take those away that have a minus before them."""
    named = [tag.strip() for tag in text.split(",")]
    wrong = [tag for tag in named if not _TAG.fullmatch(tag)]
    if wrong:
        allowed = "tag=good,paper: letters, digits and . : / - _, 50 at most; tag=-good takes one away"
        raise InputError([Problem("tag", f"{tag!r}", allowed) for tag in wrong])
    removed = [tag[1:] for tag in named if tag.startswith("-")]
    record.change_tags([tag for tag in named if not tag.startswith("-")], removed)
