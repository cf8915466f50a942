"""What can go from a disk without a loss: weights that did not win, runs that came to nothing, caches."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from yololab.errors import InputError, Problem
from yololab.files.baseline import promoted_runs
from yololab.files.paths import CacheFolder, OutputTree, RunFolder
from yololab.files.record import Record, now
from yololab.sweep.results.lost_runs import is_declined, lost_folders, lost_run, remove_lost
from yololab.sweep.results.summary import Summary, read_summary
from yololab.sweep.state import SweepFolder, TrialStatus, trial_status


@dataclass(frozen=True)
class Removable:
    """Something that can go.

    Attributes:
        path: The file; of a run or sweep that came to nothing its folder.
        size: Its bytes.
        sweep: The sweep that it belongs to; None for a cache and a whole folder.
        files: How many files it is.
    """

    path: Path
    size: int
    sweep: Path | None = None
    files: int = 1


@dataclass(frozen=True)
class CleaningPlan:
    """What would go.

    Attributes:
        items: The files and folders.
        left: What was left alone, and why, a line each.
        projects: Whose baselines may need something of it.
    """

    items: tuple[Removable, ...]
    left: tuple[str, ...]
    projects: tuple[OutputTree, ...] = ()

    @property
    def size(self) -> int:
        """All bytes together."""
        return sum(item.size for item in self.items)

    @property
    def files(self) -> int:
        """All files together."""
        return sum(item.files for item in self.items)


def plan_cleaning(path: Path, cache: Path, *projects: OutputTree) -> CleaningPlan:
    """Find what can go in a sweep's folder, or in a whole project; or a run that failed or was declined.

    Metrics, records, reports, baselines, winners and the runs that came to an end are never among it, nor is what a
    link points at, nor anything outside of the path. What cannot be read may be needed, and stays.

    Args:
        path: The folder of a sweep or run, or one that holds `outputs/` or `multirun/`; absolute, links resolved.
        cache: Our cache folder.
        projects: Those whose baselines may need something of it, besides the one that a sweep lies in.

    Raises:
        InputError: It is neither, or the sweep is damaged, or has not come to its end.
    """
    tree = OutputTree(path)
    if SweepFolder(path).is_sweep():
        found, kept = _losing(SweepFolder(path), projects)
        return CleaningPlan(tuple(found), tuple(kept), projects)
    if RunFolder(path).record.is_file() or is_declined(path):
        return CleaningPlan((_whole(lost_run(path, *projects)),), (), projects)
    if not (tree.multirun.is_dir() or tree.training.is_dir()):
        allowed = "a sweep's folder, or the folder that holds outputs/ and multirun/"
        raise InputError(Problem(str(path), "nothing of yololab's" if path.is_dir() else "no such folder", allowed))
    lost, left = lost_folders(tree, *projects)
    items = [_whole(folder) for folder in lost]
    for settings in sorted(tree.multirun.glob(f"*/{SweepFolder(path).settings_file.name}")):
        folder = SweepFolder(settings.parent)
        try:
            found, kept = ([], ["a link"]) if folder.path.is_symlink() else _losing(folder, projects)
        except InputError as error:
            found, kept = [], [problem.found for problem in error.problems]
        items += found
        left += [f"{folder.path.relative_to(path)}: {line}" for line in kept]
    busy = _running(tree)
    if busy:
        left.append(f"caches: {busy} is running")
    elif cache.is_relative_to(path):
        items += _cached(cache)
    return CleaningPlan(tuple(items), tuple(left), projects)


def _losing(folder: SweepFolder, projects: Sequence[OutputTree]) -> tuple[list[Removable], list[str]]:
    """Return the weights of a sweep that nobody needs, and what keeps its own.

    Raises:
        InputError: It is damaged, or has not come to its end.
    """
    entries = folder.trials()
    waiting = [entry.number for entry in entries if not entry.status.finished]
    if waiting:
        found, remedy = f"{len(waiting)} of {len(entries)} trials have not ended", f"yololab resume {folder.path}"
        raise InputError(Problem(str(folder.path), found, "a sweep whose trials have all ended", remedy))
    weights, left = losing_weights(folder, read_summary(folder), *projects, failed=True)
    return _removable(weights, folder.path), left


def _whole(folder: Path) -> Removable:
    """Return a folder with all in it."""
    files = [file for file in folder.rglob("*") if file.is_file() and not file.is_symlink()]
    return Removable(folder, sum(file.stat().st_size for file in files), files=len(files))


def _removable(files: Sequence[Path], sweep: Path | None) -> list[Removable]:
    """Return files with their sizes."""
    return [Removable(file, file.stat().st_size, sweep) for file in files]


def _running(tree: OutputTree) -> str:
    """Return the name of a run of the project that may still be running; empty when there is none."""
    for file in tree.records():
        try:
            content = Record(RunFolder(file.parent)).read()
        except InputError:
            continue
        if trial_status(None, content) is TrialStatus.RUNNING:
            return file.parent.name
    return ""


def _cached(cache: Path) -> list[Removable]:
    """Return the files of our caches; links are left alone."""
    files = [file for file in CacheFolder(cache).files() if file.is_file() and not file.is_symlink()]
    return _removable([file for file in files if file.resolve().is_relative_to(cache.resolve())], None)


def delete(plan: CleaningPlan) -> int:
    """Delete what was planned, and return the bytes that are free now."""
    freed = 0
    for sweep in dict.fromkeys(item.sweep for item in plan.items if item.sweep):
        paths = [item.path for item in plan.items if item.sweep == sweep]
        freed += remove_weights(SweepFolder(sweep), paths, *plan.projects)
    for item in plan.items:
        if item.sweep is None and item.path.is_dir():
            freed += item.size if remove_lost(item.path, plan.projects) else 0
        elif item.sweep is None:
            item.path.unlink(missing_ok=True)
            freed += item.size
    return freed


def losing_weights(
    folder: SweepFolder, summary: Summary, *projects: OutputTree, failed: bool = False
) -> tuple[list[Path], list[str]]:
    """Return the checkpoints of the trials that have ended and did not win, and which trials keep theirs, and why.

    Kept are those of the winner, of what `best` points at, of the Pareto front, of every trial that a baseline was made
    of, of trials that can be resumed, and of those of which too little is known. Links are neither followed nor
    returned.

    Args:
        folder: The sweep's folder.
        summary: What the sweep has found.
        projects: Those whose baselines may need a trial, besides the one that the sweep lies in.
        failed: Whether those of failed trials count as well.
    """
    if summary.winner is None and not failed:
        return [], []
    won = {summary.ranking.winner, *(summary.ranking.pareto or ())}
    best = folder.best.resolve() if folder.best.is_symlink() else None
    promoted = promoted_runs(OutputTree(folder.path.parent.parent), *projects)
    damaged = {entry.number: entry.error for entry in folder.trials() if entry.damaged}
    needless = {TrialStatus.COMPLETE, TrialStatus.PRUNED, *((TrialStatus.FAILED,) if failed else ())}
    found: list[Path] = []
    left: list[str] = []
    for row in summary.rows:
        own = _checkpoints(row.run)
        if not own or row.trial in won or row.status not in needless or row.folder.resolve() == best:
            continue
        unknown = "how good it is cannot be read" if row.complete and row.score is None else ""
        reason = (row.error or "") if row.trial in damaged else unknown or promoted.reason_to_keep(row.run)
        found += [] if reason else own
        left += [f"trial {row.trial}: {reason}"] if reason else []
    return found, left


def remove_weights(folder: SweepFolder, paths: Sequence[Path], *projects: OutputTree) -> int:
    """Delete checkpoints of trials, and say so in the records of their trials.

    Args:
        folder: The sweep's folder; what lies outside of it is left alone.
        paths: The checkpoints.
        projects: As in `losing_weights`: somebody may have promoted a trial since then.

    Returns:
        The bytes that are free now.
    """
    freed = 0
    promoted = promoted_runs(OutputTree(folder.path.parent.parent), *projects)
    runs = {run: _checkpoints(run) for run in map(RunFolder, sorted({path.parent.parent for path in paths}))}
    for run, own in runs.items():
        removed = [path for path in own if path in paths]
        if run.path.parent != folder.path or promoted.reason_to_keep(run) or not removed:
            continue
        for path in removed:
            freed += path.stat().st_size
            path.unlink()
        with suppress(InputError):  # one without a record has lost its weights all the same
            names = [path.name for path in removed]
            Record(run).update(weights_removed={"files": names, "time": now()})
    return freed


def _checkpoints(run: RunFolder) -> list[Path]:
    """Return a run's checkpoints, real files only; none of a run that is a link."""
    if run.path.is_symlink() or run.weights.is_symlink() or not run.weights.is_dir():
        return []
    return sorted(path for path in run.weights.glob("*.pt") if path.is_file() and not path.is_symlink())
