"""What can go from a disk without a loss: weights of trials that did not win, and caches that are made again."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from yololab.errors import InputError, Problem
from yololab.files.baseline import BASELINE_VERSION
from yololab.files.json_files import read_json
from yololab.files.paths import CacheFolder, OutputTree, RunFolder
from yololab.files.record import Record, now
from yololab.sweep.results.summary import Summary, read_summary
from yololab.sweep.state import SweepFolder, TrialStatus, trial_status


@dataclass(frozen=True)
class Removable:
    """Something that can go.

    Attributes:
        path: The file.
        size: Its bytes.
        sweep: The sweep that it belongs to; None for a cache.
    """

    path: Path
    size: int
    sweep: Path | None


@dataclass(frozen=True)
class CleaningPlan:
    """What would go.

    Attributes:
        items: The files.
        left: What was left alone, and why, a line each.
    """

    items: tuple[Removable, ...]
    left: tuple[str, ...]

    @property
    def size(self) -> int:
        """All bytes together."""
        return sum(item.size for item in self.items)


def plan_cleaning(path: Path, cache: Path) -> CleaningPlan:
    """Find what can go in a sweep's folder, or in a whole project.

    Metrics, records, reports, baselines, winners and the runs in outputs/ are never among it, nor is what a link points
    at, nor anything outside of the path.

    Args:
        path: A sweep's folder, or a folder that holds `outputs/` or `multirun/`; absolute, links resolved.
        cache: Our cache folder.

    Raises:
        InputError: It is neither, or the sweep has not come to its end.
    """
    tree = OutputTree(path)
    if SweepFolder(path).is_sweep():
        reason = _unfinished(SweepFolder(path))
        if reason:
            remedy = f"resume it first: yololab resume {path}"
            raise InputError(Problem(str(path), reason, "a sweep whose trials have all ended", remedy))
        return CleaningPlan(tuple(_losing(SweepFolder(path))), ())
    if not (tree.multirun.is_dir() or tree.training.is_dir()):
        allowed = "a sweep's folder, or the folder that holds outputs/ and multirun/"
        raise InputError(Problem(str(path), "nothing of yololab's" if path.is_dir() else "no such folder", allowed))
    items: list[Removable] = []
    left: list[str] = []
    for settings in sorted(tree.multirun.glob(f"*/{SweepFolder(path).settings_file.name}")):
        folder = SweepFolder(settings.parent)
        reason = "a link" if folder.path.is_symlink() else _unfinished(folder)
        if reason:
            left.append(f"{folder.path.relative_to(path)}: {reason}")
        else:
            items += _losing(folder)
    busy = _running(tree)
    if busy:
        left.append(f"caches: {busy} is running")
    elif cache.is_relative_to(path):
        items += _cached(cache)
    return CleaningPlan(tuple(items), tuple(left))


def _losing(folder: SweepFolder) -> Iterator[Removable]:
    """Yield the weights of a sweep that nobody needs."""
    for file in losing_weights(folder, read_summary(folder), failed=True):
        yield Removable(file, file.stat().st_size, folder.path)


def _unfinished(folder: SweepFolder) -> str:
    """Return why a sweep cannot be cleaned yet; empty when it can."""
    try:
        entries = folder.trials()
    except InputError as error:
        return f"not readable ({error.problems[0].found})"
    waiting = [entry.number for entry in entries if not entry.status.finished]
    return f"{len(waiting)} of {len(entries)} trials have not ended" if waiting else ""


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


def _cached(cache: Path) -> Iterator[Removable]:
    """Yield the files of our caches; links are left alone."""
    for file in CacheFolder(cache).files():
        if file.is_file() and not file.is_symlink() and file.resolve().is_relative_to(cache.resolve()):
            yield Removable(file, file.stat().st_size, None)


def delete(plan: CleaningPlan) -> int:
    """Delete what was planned, and return the bytes that are free now."""
    freed = 0
    for sweep in dict.fromkeys(item.sweep for item in plan.items if item.sweep):
        freed += remove_weights(SweepFolder(sweep), [item.path for item in plan.items if item.sweep == sweep])
    for item in plan.items:
        if item.sweep is None:
            item.path.unlink(missing_ok=True)
            freed += item.size
    return freed


def losing_weights(folder: SweepFolder, summary: Summary, *, failed: bool = False) -> list[Path]:
    """Return the checkpoints of the trials that have ended and did not win.

    Kept are those of the winner, of what `best` points at, of the Pareto front, of every trial that was promoted to a
    baseline, and of trials that can be resumed. Links are neither followed nor returned.

    Args:
        folder: The sweep's folder.
        summary: What the sweep has found.
        failed: Whether those of failed trials count as well.
    """
    if summary.winner is None and not failed:
        return []
    kept = {summary.ranking.winner, *(summary.ranking.pareto or ())}
    best = folder.best.resolve() if folder.best.is_symlink() else None
    promoted = promoted_checkpoints(folder)
    needless = {TrialStatus.COMPLETE, TrialStatus.PRUNED, *((TrialStatus.FAILED,) if failed else ())}
    found: list[Path] = []
    for row in summary.rows:
        own = _checkpoints(row.run)
        lost = row.trial not in kept and row.status in needless and row.folder.resolve() != best
        if lost and not row.folder.is_symlink() and not any(path.resolve() in promoted for path in own):
            found += own
    return found


def remove_weights(folder: SweepFolder, paths: Sequence[Path]) -> int:
    """Delete checkpoints of trials, and say so in the records of their trials.

    Args:
        folder: The sweep's folder; what lies outside of it is left alone.
        paths: The checkpoints.

    Returns:
        The bytes that are free now.
    """
    freed = 0
    removed: dict[Path, list[str]] = {}
    for path in paths:
        run = path.parent.parent
        if path.is_symlink() or run.parent != folder.path or path.parent.is_symlink() or run.is_symlink():
            continue
        size = path.stat().st_size
        path.unlink()
        freed += size
        removed.setdefault(run, []).append(path.name)
    for run, names in removed.items():
        with suppress(InputError):  # without a record, or with a damaged one, it has lost its weights all the same
            Record(RunFolder(run)).update(weights_removed={"files": names, "time": now()})
    return freed


def promoted_checkpoints(folder: SweepFolder) -> set[Path]:
    """Return the checkpoints that promoted baselines of the sweep's project name."""
    tree = OutputTree(folder.path.parent.parent)
    return {path for file in tree.provenances() for path in _named_in(file)}


def _named_in(provenance: Path) -> Iterator[Path]:
    """Yield the checkpoint that a baseline names."""
    try:
        named = read_json(provenance, (BASELINE_VERSION,)).get("model_path")
    except InputError:
        return
    if named:
        yield Path(str(named)).resolve()


def _checkpoints(run: RunFolder) -> list[Path]:
    """Return a run's checkpoints, real files only."""
    if run.weights.is_symlink() or not run.weights.is_dir():
        return []
    return sorted(path for path in run.weights.glob("*.pt") if path.is_file() and not path.is_symlink())
