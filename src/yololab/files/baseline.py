"""Promoted baselines: one a dataset and task, with their history.

`outputs/baselines/<dataset>/<task>/history/<version>/` holds every version that was ever promoted, complete and never
changed: numbers, records, thresholds, the checkpoint and its export. `provenance.json` names the version that counts;
it is replaced last, in one step, so a killed promotion leaves the earlier baseline in force. The metrics.json and
predictions.npz next to it are copies for people and other tools, `weights` a link to the checkpoint and its export,
with the operating threshold beside them: a place that stays, whatever is promoted next.

A baseline needs nothing of the run that it was made of. The run knows all the same: `promoted.json` in its folder says
so wherever the folder is moved, and a hash tells its checkpoint whatever it is called.
"""

import contextlib
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Required, TypedDict

from filelock import FileLock

from yololab.errors import InputError, Problem
from yololab.files.atomic import copy_any, copy_file, new_folder, point_link, remove_temporaries
from yololab.files.json_files import PathText, read_json, write_json
from yololab.files.metrics import METRICS_VERSION, MetricsFile, read_metrics
from yololab.files.paths import (
    METRICS,
    PREDICTIONS,
    PROVENANCE,
    THRESHOLDS,
    TIMESTAMP,
    BaselineFolder,
    OutputTree,
    RunFolder,
    checked_name,
    safe_name,
)
from yololab.files.reading import sha256_of
from yololab.files.record import Record, now

BASELINE_VERSION = 1
PROMOTED_VERSION = 1
FINGERPRINT_DIGITS = 8
# A temporary file that nobody has touched for so long is not what a living promotion is writing.
_ABANDONED_SECONDS = 3600.0


class Provenance(TypedDict, total=False):
    """provenance.json: the version that counts, and where it came from."""

    version: Required[str]
    run: PathText | None
    place: PathText | None
    model_path: PathText | None
    model_sha256: str | None
    timestamp: str | None
    git: dict[str, Any] | None
    run_notes: list[Any] | str | None
    promoted_at: str
    notes: str


class PromotedEntry(TypedDict):
    """One baseline that was made of a run."""

    baseline: str
    version: str


class PromotedContent(TypedDict, total=False):
    """promoted.json: the baselines that were made of a run."""

    baselines: Required[list[PromotedEntry]]


class Baseline(BaselineFolder):
    """The baseline of one dataset and task."""

    def exists(self) -> bool:
        """Whether something was promoted."""
        return self.provenance.is_file()

    def origin(self) -> Provenance:
        """Return which version is in force, and where it came from.

        Raises:
            InputError: Nothing was promoted, or the file is damaged.
        """
        return read_json(self.provenance, (BASELINE_VERSION,), Provenance)

    def current(self) -> Path:
        """Return the folder of the version in force.

        Raises:
            InputError: Nothing was promoted, or its files are gone.
        """
        version = self.history / checked_name(self.origin()["version"], f"{self.provenance}, $.version")
        if not (version / METRICS).is_file():
            raise InputError(
                Problem(str(self.provenance), f"names version {version.name!r}, whose files are gone", remedy="promote")
            )
        return version

    def metrics(self) -> MetricsFile:
        """Return the metrics of the version in force."""
        return read_metrics(self.current() / METRICS)

    def run(self) -> RunFolder | None:
        """Return the run that it was made of: where it lies in this project, or where it lay; None when it is gone."""
        origin, project = self.origin(), self.project.path
        places = [project / place] if (place := origin.get("place")) else []
        if places and not places[0].resolve().is_relative_to(project):
            raise InputError(Problem(f"{self.provenance}, $.place", f"{place!r}", "a folder of this project"))
        places += [Path(run)] if (run := origin.get("run")) else []
        return next((RunFolder(folder) for folder in places if folder.is_dir()), None)

    def checkpoint(self) -> Path | None:
        """Return its checkpoint; None without one, or where yololab 0.1.0 left it in a run that is gone or changed."""
        kept, origin = RunFolder(self.current()).best, self.origin()
        if kept.is_file():
            return kept
        run = self.run()
        same = run is not None and run.best.is_file() and sha256_of(run.best) == origin.get("model_sha256")
        return run.best if run is not None and same else None


def baseline_of(tree: OutputTree, dataset: str, task: str, fingerprint: str | None) -> Baseline:
    """Return the place of a baseline, whether or not there is one.

    Args:
        tree: The project's results.
        dataset: The option or the folder name of the dataset.
        task: Ultralytics' task.
        fingerprint: The fingerprint of the evaluated split.
    """
    suffix = f"-{safe_name(fingerprint[:FINGERPRINT_DIGITS])}" if fingerprint else ""
    return Baseline(tree.baselines / f"{safe_name(dataset)}{suffix}" / safe_name(task))


def other_baselines(tree: OutputTree, dataset: str, task: str, fingerprint: str | None) -> list[Baseline]:
    """Return the promoted baselines of a dataset and task that are of other images or labels: of another fingerprint.

    They tell why there is no baseline: the data has changed, or built-in data was drawn anew.

    Args:
        tree: The project's results.
        dataset: The option or the folder name of the dataset.
        task: Ultralytics' task.
        fingerprint: The fingerprint of the evaluated split.
    """
    own = baseline_of(tree, dataset, task, fingerprint)
    return [baseline for baseline in promoted_of(tree, dataset, task) if baseline != own]


def promoted_of(tree: OutputTree, dataset: str, task: str) -> list[Baseline]:
    """Return all promoted baselines of a dataset and task, of whichever images and labels.

    Args:
        tree: The project's results.
        dataset: The option or the folder name of the dataset.
        task: Ultralytics' task.
    """
    pattern = re.compile(rf"{re.escape(safe_name(dataset))}-[0-9a-f]{{{FINGERPRINT_DIGITS}}}")
    folders = sorted(tree.baselines.iterdir()) if tree.baselines.is_dir() else []
    found = [Baseline(folder / safe_name(task)) for folder in folders if pattern.fullmatch(folder.name)]
    return [baseline for baseline in found if baseline.exists()]


def promote(baseline: Baseline, metrics: MetricsFile, predictions: Path | None, source: Path, notes: str = "") -> Path:
    """Make an evaluation the baseline; earlier versions stay in the history.

    Args:
        baseline: The place.
        metrics: The evaluation.
        predictions: Its per-detection records, when there are any.
        source: The folder of the run that was evaluated, whose checkpoint and export are kept; or a metrics.json.
        notes: The user's text.

    Returns:
        The folder of the new version.
    """
    run = RunFolder(source)
    origin = _origin(baseline, run) if source.is_dir() else {"run": str(source)}
    baseline.history.mkdir(parents=True, exist_ok=True)
    with FileLock(baseline.lock, timeout=60):
        _sweep(baseline)
        stamp = now()
        version = _new_version(baseline.history)
        content = {**origin, "version": version, "promoted_at": stamp, "notes": notes}
        target = baseline.history / version
        plain = run.args.is_file() and not run.record.is_file()  # a folder of Ultralytics stays as it is
        if source.is_dir() and not plain:
            _mark(run, baseline, version)
        with new_folder(target) as complete:
            write_json(complete / METRICS, {**metrics.content, "promoted_at": stamp}, METRICS_VERSION)
            if predictions is not None:
                copy_file(predictions, complete / PREDICTIONS)
            copy_file(metrics.path.parent / THRESHOLDS, complete / THRESHOLDS)
            for file in _kept_weights(run):
                copy_any(file, RunFolder(complete).weights / file.name)
            if RunFolder(complete).weights.is_dir():
                copy_file(complete / THRESHOLDS, RunFolder(complete).weights / THRESHOLDS)
            write_json(complete / PROVENANCE, content, BASELINE_VERSION)
        for name in (METRICS, PREDICTIONS, THRESHOLDS):
            copy_file(target / name, baseline.path / name)
        write_json(baseline.provenance, content, BASELINE_VERSION)
        if RunFolder(target).weights.is_dir():
            point_link(baseline.weights, RunFolder(target).weights)
        elif baseline.weights.is_symlink():
            baseline.weights.unlink()  # another model's
    return target


def _origin(baseline: Baseline, run: RunFolder) -> dict[str, Any]:
    """Return where a promoted baseline comes from: by place, by content, and by what the run says of itself."""
    origin: dict[str, Any] = {"run": str(run.path)}
    project = baseline.project.path
    if run.path.resolve().is_relative_to(project):
        origin["place"] = run.path.resolve().relative_to(project).as_posix()
    if run.best.is_file():
        origin |= {"model_path": str(run.best), "model_sha256": sha256_of(run.best)}
    if run.record.is_file():
        record = Record(run).read()
        git = (record.get("provenance") or {}).get("git")
        origin |= {"timestamp": record["timestamp"], "git": git, "run_notes": record.get("notes") or []}
    return origin


def _kept_weights(run: RunFolder) -> list[Path]:
    """Return the best checkpoint of a run, and what was exported of it next to it; links to elsewhere are left."""
    beside = sorted(path for path in run.weights.glob(f"{run.best.stem}[._]*") if not path.is_symlink())
    return [run.best, *(path for path in beside if path != run.best)] if run.best.is_file() else []


def _mark(run: RunFolder, baseline: Baseline, version: str) -> None:
    """Note in a run's folder that a baseline was made of it; where nobody may write, nobody cleans either.

    A plain folder of Ultralytics is not ours: it stays as it is, and nothing of ours ever cleans it.
    """
    if not (run.record.exists() or run.trial.exists()):
        return
    try:
        known = read_json(run.promoted, (PROMOTED_VERSION,), PromotedContent)["baselines"]
    except InputError:
        known = []
    entry = PromotedEntry(baseline=str(baseline.path), version=version)
    with contextlib.suppress(PermissionError):
        write_json(run.promoted, {"baselines": [*known, entry]}, PROMOTED_VERSION)


def _sweep(baseline: Baseline) -> None:
    """Remove what killed promotions have left: here, where nobody else promotes now, and what is old elsewhere."""
    for folder in (baseline.path, baseline.history):
        remove_temporaries(folder)
    for other in baseline.path.parents[1].glob("*/*"):
        for folder in (other, BaselineFolder(other).history):
            remove_temporaries(folder, _ABANDONED_SECONDS)


@dataclass(frozen=True)
class PromotedRuns:
    """What the baselines of projects were made of. A run whose weights they may need keeps them.

    Attributes:
        hashes: Hash of the checkpoint of every version.
        folders: Where the runs lie, or lay.
        unreadable: What could not be read; then nobody knows which runs are needed, and all are.
    """

    hashes: frozenset[str]
    folders: frozenset[Path]
    unreadable: tuple[str, ...]

    def reason_to_keep(self, run: RunFolder) -> str:
        """Return why a run's checkpoints have to stay; empty when it is known that no baseline was made of them."""
        if self.unreadable:
            return f"which runs are baselines is not known: {self.unreadable[0]}"
        if os.path.lexists(run.promoted) or run.path.resolve() in self.folders:
            return "a baseline was made of it"
        try:
            if run.record.exists() and Record(run).read().get("promoted"):
                return "a baseline was made of it"
            checkpoints = run.weights.glob("*.pt") if self.hashes else ()
            if any(sha256_of(path) in self.hashes for path in checkpoints):
                return "its checkpoint is a baseline's"
        except (InputError, OSError) as error:
            return f"whether a baseline was made of it is not known: {error}"
        return ""


def promoted_runs(*projects: OutputTree) -> PromotedRuns:
    """Find out what the baselines of projects were made of, in their present version and all before.

    Args:
        projects: The projects: the one in which the runs lie, and the one that the command is about.
    """
    hashes, folders, unreadable = set[str](), set[Path](), list[str]()
    for project in projects:
        try:
            for file in _provenances(project):
                origin = read_json(file, (BASELINE_VERSION,), Provenance)
                hashes |= {sha} if (sha := origin.get("model_sha256")) else set()
                folders |= {project.root / place} if (place := origin.get("place")) else set()
                folders |= {Path(run)} if (run := origin.get("run")) else set()
        except InputError as error:
            unreadable += [f"{problem.where}: {problem.found}" for problem in error.problems]
        except OSError as error:
            unreadable.append(f"{error.filename}: {error.strerror}")
    return PromotedRuns(frozenset(hashes), frozenset(folder.resolve() for folder in folders), tuple(unreadable))


def _provenances(project: OutputTree) -> Iterator[Path]:
    """Yield where each baseline, and each version that was one, has to say where it comes from.

    A folder that cannot be looked into raises OSError, unlike with `glob`, which passes over it.
    """
    for dataset in _folders(project.baselines):
        for task in _folders(dataset):
            baseline = BaselineFolder(task)
            if os.path.lexists(baseline.provenance):
                yield baseline.provenance
            yield from (version / PROVENANCE for version in _folders(baseline.history))


def _folders(parent: Path) -> list[Path]:
    """Return the folders in a folder, without temporary ones; none when it is not there."""
    try:
        return sorted(path for path in parent.iterdir() if path.is_dir() and not path.name.startswith("."))
    except FileNotFoundError:
        return []


def _new_version(history: Path) -> str:
    """Return a version name that is not taken: the time, and a number for the second one of a second."""
    stamp = datetime.now().strftime(TIMESTAMP)
    taken = {path.name for path in history.iterdir()}
    number = 1
    while (name := stamp if number == 1 else f"{stamp}_{number}") in taken:
        number += 1
    return name
