"""Weights that nobody needs any more: those of trials that have ended and did not win."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from yololab.errors import InputError
from yololab.files.baseline import BASELINE_VERSION
from yololab.files.json_files import read_json
from yololab.files.paths import OutputTree, RunFolder
from yololab.files.record import Record, now
from yololab.sweep.results.summary import Summary
from yololab.sweep.state import SweepFolder, TrialStatus


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
        if row.trial in kept or row.status not in needless or row.folder.is_symlink() or row.folder.resolve() == best:
            continue
        own = _checkpoints(row.run)
        if not any(path.resolve() in promoted for path in own):
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
        record = Record(RunFolder(run))
        if record.path.is_file():
            try:
                record.update(weights_removed={"files": names, "time": now()})
            except InputError:
                continue
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
