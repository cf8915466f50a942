"""What the record says as it is: the checklist, the config, the notes, and how to get this run again."""

import shlex
from collections.abc import Sequence
from pathlib import Path, PurePath
from typing import Any

from yololab.report.run_files import RunFiles, inside, mapping, mappings, texts
from yololab.text import flattened

# What the record holds of each parameter group.
GROUP_COLUMNS = ("name", "lr", "momentum", "weight_decay", "tensors")


def checklist(run: RunFiles) -> dict[str, Any] | None:
    """Prepare the items that were verified; None when nothing was."""
    items = mappings(run.recorded("verification").get("checks"))
    return {"items": items} if items else None


def settings(run: RunFiles) -> dict[str, Any] | None:
    """Prepare the differences, the effective config and the requested one; None when no config was recorded."""
    effective = flattened(inside(run.record, "effective_config", "values"))
    requested = flattened(mapping(run.record.get("requested_config")) or mapping(run.record.get("config")))
    if not effective and not requested:
        return None
    optimizer = run.recorded("training", "optimizer")
    return {
        "differences": mappings(inside(run.record, "effective_config", "differences")),
        "optimizer": [(key, value) for key, value in optimizer.items() if value is not None and key != "groups"],
        "groups": mappings(optimizer.get("groups")),
        "group_columns": GROUP_COLUMNS,
        "effective": effective,
        "requested": requested,
    }


def notes(run: RunFiles) -> dict[str, Any] | None:
    """Prepare the notes with their times; None when there are none."""
    recorded = run.record.get("notes")
    entries = recorded if isinstance(recorded, list) else [recorded]
    found = [entry if isinstance(entry, dict) else {"text": entry} for entry in entries]
    return {"notes": shown} if (shown := [note for note in found if note.get("text")]) else None


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


def relative_path(folder: Path, directory: str) -> str:
    """Return a run's folder as it is named from the directory where the command was run."""
    return str(folder.relative_to(directory) if directory and folder.is_relative_to(directory) else folder)


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
