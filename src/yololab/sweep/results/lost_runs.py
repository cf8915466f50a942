"""Runs and sweeps that came to nothing: declined, or failed before there was a checkpoint. Nobody misses them."""

from collections.abc import Sequence
from pathlib import Path

from yololab.errors import InputError, Problem
from yololab.files.atomic import remove_folder
from yololab.files.baseline import PromotedRuns, promoted_runs
from yololab.files.locks import locked, process_of
from yololab.files.paths import OutputTree, RunFolder
from yololab.files.record import Record
from yololab.files.record_content import Status
from yololab.sweep.state import SweepFolder

LOST = (Status.REJECTED, Status.FAILED)


def lost_folders(tree: OutputTree, *projects: OutputTree) -> tuple[list[Path], list[str]]:
    """Return the folders of a project's runs and sweeps that came to nothing, and which others stay, and why.

    Args:
        tree: The project.
        projects: Those whose baselines may need a run, besides this one.
    """
    promoted = promoted_runs(tree, *projects)
    found: list[Path] = []
    left: list[str] = []
    for path in sorted(file.parent for file in tree.training.glob(f"*/{RunFolder(tree.root).record.name}")):
        if path.is_symlink() or _status(RunFolder(path)) not in LOST:
            continue
        reason = _reason_to_keep(RunFolder(path), promoted)
        found += [] if reason else [path]
        left += [f"{path.relative_to(tree.root)}: {reason}"] if reason else []
    found += [path for path in sorted(tree.multirun.glob("*")) if not path.is_symlink() and is_declined(path)]
    return found, left


def lost_run(path: Path, *projects: OutputTree) -> Path:
    """Return the folder of one run, also of one that has trained, or of a declined sweep: who names it means it.

    Raises:
        InputError: It did not fail and was not declined, a baseline needs it, or it is a trial of a sweep.
    """
    if is_declined(path):
        return path
    run = RunFolder(path)
    status, allowed = _status(run), "a run that failed or was declined, a sweep, or the folder that holds outputs/"
    found = promoted_runs(*projects, OutputTree(path.parent.parent.parent)).reason_to_keep(run)
    if status not in LOST:
        found = f"{status or 'its record cannot be read'}: it is a result, and stays"
    elif run.trial.exists() or SweepFolder(path.parent).is_sweep():
        found = "a trial of a sweep"
    if found:
        raise InputError(Problem(str(path), found, allowed))
    return path


def remove_lost(path: Path, projects: Sequence[OutputTree]) -> bool:
    """Remove the folder of a run or sweep that came to nothing, when it still is one; return whether it is gone.

    Args:
        path: The folder.
        projects: Those whose baselines may need it.
    """
    run = RunFolder(path)
    if is_declined(path):
        return remove_folder(path)
    try:
        with locked(run, process_of(Record(run).read())):
            if _status(run) not in LOST or promoted_runs(*projects).reason_to_keep(run):
                return False  # somebody has resumed or promoted it meanwhile
            return remove_folder(path)
    except InputError:  # it runs again, or is damaged
        return False


def is_declined(path: Path) -> bool:
    """Return whether a folder holds what was written of a declined sweep, and nothing else."""
    folder = SweepFolder(path)
    return path.is_dir() and folder.is_rejected() and [item.name for item in path.iterdir()] == [folder.approvals.name]


def _reason_to_keep(run: RunFolder, promoted: PromotedRuns) -> str:
    """Return why a run stays although it failed or was declined; empty when it may go."""
    if run.weights.is_symlink() or any(run.weights.glob("*.pt")):
        return f"it has trained: `yololab resume {run.path.name}`, or `yololab clean {run.path.name}`"
    return promoted.reason_to_keep(run)


def _status(run: RunFolder) -> str | None:
    """Return the status on record; None without a record that can be read."""
    try:
        return Record(run).read()["status"]
    except InputError:
        return None
