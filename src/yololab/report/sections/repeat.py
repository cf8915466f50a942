"""How to get this run again, and what people noted about it."""

import shlex
from collections.abc import Sequence
from pathlib import Path, PurePath
from typing import Any

from yololab.report.run_files import RunFiles, mapping, texts
from yololab.text import moment


def repeat(run: RunFiles) -> dict[str, Any] | None:
    """Prepare the two commands; None without a record."""
    if not run.record:
        return None
    provenance = run.recorded("provenance")
    directory = str(provenance.get("working_directory") or "")
    return {
        "rerun": f"yololab rerun {shlex.quote(relative_path(run.folder.path, directory))}",
        "command": typed_command(texts(provenance.get("command"))),
        "directory": directory,
    }


def notes(run: RunFiles) -> dict[str, Any] | None:
    """Prepare the notes with their times; None when there are none."""
    recorded = run.record.get("notes")
    entries = recorded if isinstance(recorded, list) else [recorded]
    found = []
    for entry in entries:
        text = mapping(entry).get("text") if isinstance(entry, dict) else entry
        if text:
            found.append({"text": str(text), "time": moment(mapping(entry).get("time") or None)})
    return {"notes": found} if found else None


def relative_path(folder: Path, directory: str) -> str:
    """Return a run's folder as it is named from the directory where the command was run."""
    if directory and folder.is_relative_to(directory):
        return str(folder.relative_to(directory))
    return str(folder)


def typed_command(arguments: Sequence[str]) -> str:
    """Return a command line that can be pasted into a shell, the program by its short name.

    >>> typed_command(["/opt/venv/bin/yololab", "data=my data/data.yaml", "epochs=3"])
    "yololab 'data=my data/data.yaml' epochs=3"
    """
    if not arguments:
        return ""
    program = PurePath(arguments[0].replace("\\\\", "/"))
    if program.name == "__main__.py":
        return f"python -m yololab {shlex.join(arguments[1:])}".rstrip()
    return shlex.join([program.name if program.stem == "yololab" else arguments[0], *arguments[1:]])
