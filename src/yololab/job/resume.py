"""Resuming a run of its own from its folder: whose settings, whose permissions, and which project count.

The folder may have been copied or moved, or be somebody else's. What is in its files describes an experiment; it gives
no permission, and it does not say where results go.
"""

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from yololab.config.frozen import Frozen, frozen_working_directory, thaw
from yololab.config.schema import ExperimentConfig, PathsConfig
from yololab.errors import InputError, Problem
from yololab.files.paths import OutputTree, RunFolder, project_of
from yololab.files.record import Record
from yololab.job.context import Context, Permissions
from yololab.job.gatekeeper import Gatekeeper, answering, terminal_asker
from yololab.job.lifecycle import start
from yololab.terminal.screen import Screen

# What a folder says of this is not read: it is said with the command, or it is not so.
PERMISSIONS = ("data.allow_download",)
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
        working_directory: The user's folder.
        screen: Where to print.

    Returns:
        The exit code of the run; 0 when nothing was missing.

    Raises:
        InputError: The folder is no run's, another setting was given, the run is still running, or its data is gone.
    """
    frozen, started_in = reopen(folder, given, working_directory, "a run is resumed with its own settings", READ)
    screen.verbose = frozen.experiment.train.verbose
    gatekeeper = Gatekeeper(frozen.experiment.approval, terminal_asker(screen))
    permissions = Permissions(given.resume.even_if_running, given.resume.changed_data)
    return start(Context(folder, frozen, screen, gatekeeper, started_in, command, given.notes, permissions=permissions))


def reopen(
    folder: RunFolder, given: ExperimentConfig, working_directory: Path, reason: str, read: Sequence[str]
) -> tuple[Frozen, Path]:
    """Return the frozen experiment of a run as the present user starts it again, and where its relative paths start.

    Args:
        folder: The run.
        given: What was said now.
        working_directory: The user's folder.
        reason: Why no other settings can be given.
        read: The settings, or groups of settings, that can be.

    Raises:
        InputError: The folder is no run's, or another setting was given.
    """
    refuse_other_settings(given, reason, (*read, *PERMISSIONS))
    frozen = thaw(folder.path)
    experiment = frozen.experiment
    allowed = "data.allow_download" in given.overridden and given.data.allow_download
    paths, started_in = whereabouts(folder.path, _started_in(folder), experiment.paths, given.paths, working_directory)
    changed = replace(
        experiment,
        approval=answering(given, experiment.approval),
        data=replace(experiment.data, allow_download=allowed),
        paths=paths,
    )
    return replace(frozen, experiment=changed), started_in


def refuse_other_settings(given: ExperimentConfig, reason: str, read: Sequence[str]) -> None:
    """Refuse settings that would have to be ignored.

    Args:
        given: What was said with the command.
        reason: Why they cannot be set.
        read: The settings, or groups of settings, that are read.

    Raises:
        InputError: There are some.
    """
    allowed = ", ".join(key if key == "notes" or "." in key else f"{key}.…" for key in read)
    remedy = "start a new run: yololab … (`yololab extend RUN epochs=…` trains it further)"
    others = sorted(key for key in given.overridden if not {key, key.partition(".")[0]} & set(read))
    if others:
        raise InputError([Problem(key, reason, allowed, remedy) for key in others])


def whereabouts(
    folder: Path, started_in: Path | None, frozen: PathsConfig, given: PathsConfig, working_directory: Path
) -> tuple[PathsConfig, Path]:
    """Return the folders of the project that a run or a sweep lies in, and where relative paths start.

    One that lies where it was started keeps both. One that was copied or moved belongs to the project that it lies in,
    and relative paths start there; one that lies in no project belongs to that of the command.

    Args:
        folder: The run, or the sweep.
        started_in: The folder in which it was started; None when nothing says so.
        frozen: Its own settings of the project's folders.
        given: Those of the command.
        working_directory: The user's folder.
    """
    if started_in is not None and started_in.is_dir():
        then = OutputTree((started_in / Path(frozen.root).expanduser()).resolve())
        if project_of(folder, then) == then:
            return frozen, started_in
    here = OutputTree((working_directory / Path(given.root).expanduser()).resolve())
    lies_in = project_of(folder, here)
    if lies_in is None or lies_in == here:
        return given, working_directory
    # `paths.root=results`: the user's folder lies as far above the results as it did.
    above = Path(os.path.relpath(".", frozen.root)) if not Path(frozen.root).expanduser().is_absolute() else Path()
    return replace(given, root=str(lies_in.root)), (lies_in.root / above).resolve()


def _started_in(folder: RunFolder) -> Path | None:
    """Return the folder in which a run was started; None when nothing says so."""
    if folder.record.is_file():
        recorded = (Record(folder).read().get("provenance") or {}).get("working_directory")
        if recorded:
            return Path(recorded)
    return frozen_working_directory(folder)
