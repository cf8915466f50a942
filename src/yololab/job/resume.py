"""Resuming a run of its own from its folder."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from yololab.config.frozen import frozen_working_directory, thaw
from yololab.config.schema import ExperimentConfig
from yololab.errors import InputError, Problem
from yololab.files.paths import RunFolder
from yololab.files.record import Record
from yololab.job.context import Context, Permissions
from yololab.job.gatekeeper import Gatekeeper, answering, terminal_asker
from yololab.job.lifecycle import start
from yololab.terminal.screen import Screen

# The settings that may be given with a resume; any other would make it another experiment.
READ = ("approval", "resume", "notes")


def resume_run(
    folder: RunFolder, given: ExperimentConfig, command: Sequence[str], working_directory: Path, screen: Screen
) -> int:
    """Resume a run where its previous attempt ended; only what is missing is done.

    Args:
        folder: The run.
        given: What was said now: who answers, what may be done although something stands in the way, and a note.
        command: The command as it was typed.
        working_directory: Where relative paths start when the folder in which the run was started is gone.
        screen: Where to print.

    Returns:
        The exit code of the run; 0 when nothing was missing.

    Raises:
        InputError: The folder is no run's, another setting was given, the run is still running, or its data is gone.
    """
    refuse_other_settings(given, "a run is resumed with its own settings", READ)
    frozen = thaw(folder.path)
    approval = answering(given, frozen.experiment.approval)
    screen.verbose = frozen.experiment.train.verbose
    started_in = _started_in(folder)
    context = Context(
        folder,
        replace(frozen, experiment=replace(frozen.experiment, approval=approval)),
        screen,
        Gatekeeper(approval, terminal_asker(screen.ask)),
        started_in if started_in and started_in.is_dir() else working_directory,
        command,
        notes=given.notes,
        permissions=Permissions(given.resume.even_if_running, given.resume.changed_data),
    )
    return start(context)


def refuse_other_settings(given: ExperimentConfig, reason: str, read: Sequence[str]) -> None:
    """Refuse settings that would have to be ignored.

    Args:
        given: What was said with the command.
        reason: Why they cannot be set.
        read: The settings, or groups of settings, that are read.

    Raises:
        InputError: There are some.
    """
    allowed = ", ".join(key if key == "notes" else f"{key}.…" for key in read)
    remedy = "start a new run: yololab … (a longer training is one, too: model=RUN/weights/last.pt)"
    others = sorted(key for key in given.overridden if key.partition(".")[0] not in read)
    if others:
        raise InputError([Problem(key, reason, allowed, remedy) for key in others])


def _started_in(folder: RunFolder) -> Path | None:
    """Return the folder in which a run was started, where its relative paths start; None when nothing says so."""
    if folder.record.is_file():
        recorded = (Record(folder).read().get("provenance") or {}).get("working_directory")
        if recorded:
            return Path(recorded)
    return frozen_working_directory(folder)  # killed before it had a record
