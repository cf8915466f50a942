"""Out-of-fold evaluations: the runs of one recipe over the folds of a dataset, pooled into one evaluation.

`out_of_fold(SWEEP)` finds what a sweep over `data.fold` has left. Each is an evaluation like any other, a folder with
`evaluation/metrics.json` and `evaluation/predictions.npz`, so that whatever reads a run (`compare`, `plan`, `labels`)
reads it: every image of the folds once, with the detections of the model that was not trained on it.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

from yololab.comparison.comparability import protocol_warnings
from yololab.comparison.evidence import read_records
from yololab.data.identity.manifest import read_manifest
from yololab.errors import InputError, Problem
from yololab.files.json_files import write_json
from yololab.files.metrics import ALIKE, FOLDS, METRICS_VERSION, MetricsFile, read_metrics
from yololab.files.paths import RunFolder, SweepPaths
from yololab.files.predictions import PredictionsError, write_arrays
from yololab.statistics.inference.paired_models import metrics_of
from yololab.statistics.records.arrays import to_arrays
from yololab.statistics.records.base import Records
from yololab.statistics.records.pooling import pool_records
from yololab.tasks import TASKS
from yololab.text import counted

# The split that a pooled evaluation names: its numbers are those of no single split.
SPLIT = "folds"
_FEWEST = 2
_CHOSEN = (
    "Each fold's checkpoint was chosen on the fold that it is measured on, so the score is a little too good; "
    "checkpoint.select=last chooses on none."
)


@dataclass(frozen=True)
class OutOfFold:
    """The pooled evaluation of one recipe.

    Attributes:
        run: Its folder, laid out as a run's: `run.metrics`, `run.predictions`.
        metrics: Its numbers; `metrics.content["dataset_root"]` is where its images are named from.
        folds: The number of each fold.
        runs: The run of each fold.
        values: Swept key → value of the recipe, without fold and seed.
        seed: The seed of its runs, as text; None when none was set.
    """

    run: RunFolder
    metrics: MetricsFile
    folds: tuple[int, ...]
    runs: tuple[Path, ...]
    values: Mapping[str, Any]
    seed: str | None

    def records(self) -> Records:
        """Return what was found in each image by the model that has not seen it.

        Raises:
            PredictionsError: The file is not there, or damaged.
        """
        return read_records(self.metrics, str(self.run.path))

    def of_folds(self, metric: str) -> list[float]:
        """Return a metric of each fold, in their order; those that have none are left out."""
        found = [entry["metrics"].get(metric) for entry in self.metrics.content[FOLDS]["parts"]]
        return [value for value in found if value is not None]

    def spread(self, metric: str) -> tuple[float | None, float | None]:
        """Return mean and standard deviation of a metric over the folds."""
        values = self.of_folds(metric)
        return (fmean(values) if values else None), (stdev(values) if len(values) > 1 else None)


def out_of_fold(sweep: Path) -> list[OutOfFold]:
    """Return the out-of-fold evaluations of a sweep over `data.fold`, one a recipe and seed; none for anything else.

    They are written when the sweep ends, and by `yololab report SWEEP`.

    Args:
        sweep: The sweep's folder.

    Raises:
        InputError: One is damaged.

    Example:
        >>> for found in out_of_fold(Path("multirun/folds_20260117_143000")):  # doctest: +SKIP
        ...     print(found.values, found.metrics.value("mAP50-95"), len(found.records().keys))
    """
    folders = [RunFolder(path) for path in SweepPaths(sweep).out_of_fold_evaluations()]
    return [_read(folder) for folder in folders if folder.metrics.is_file()]


def _read(folder: RunFolder) -> OutOfFold:
    metrics = read_metrics(folder.metrics)
    content = metrics.content.get(FOLDS)
    if not isinstance(content, dict):
        raise InputError(Problem(f"{folder.metrics}, {FOLDS}", "missing", "an out-of-fold evaluation"))
    parts = content.get("parts") or []
    runs = tuple(folder.path / str(entry["run"]) for entry in parts)
    folds = tuple(int(entry["fold"]) for entry in parts)
    return OutOfFold(folder, metrics, folds, runs, content.get("values") or {}, content.get("seed"))


def pool_folds(
    runs: Mapping[int, RunFolder], target: RunFolder, values: Mapping[str, Any], seed: str | None
) -> OutOfFold:
    """Pool the evaluations of one recipe over folds, and write the result as an evaluation of its own.

    Args:
        runs: Fold → its run, which is complete; two at least.
        target: Where to write.
        values: Swept key → value of the recipe, without fold and seed.
        seed: The seed of the runs.

    Raises:
        InputError: The runs have no records, or cannot be pooled: of other classes, or of images that overlap.
    """
    if len(runs) < _FEWEST:
        raise InputError(Problem("data.fold", counted(len(runs), "fold"), f"{_FEWEST} folds or more"))
    files = {fold: read_metrics(run.metrics) for fold, run in sorted(runs.items())}
    try:
        parts = [read_records(file, f"run of fold {fold}") for fold, file in files.items()]
        records = pool_records(parts, SPLIT)
    except (PredictionsError, ValueError) as error:
        remedy = "split the dataset with `yololab split … folds=`, and run every fold of it with the same settings"
        raise InputError(Problem(str(target.path), str(error), "folds that can be pooled", remedy)) from None
    content = _content(files, runs, records, target)
    content[FOLDS] |= {"values": dict(values), "seed": seed}
    write_arrays(target.predictions, to_arrays(records))
    write_json(target.metrics, content, METRICS_VERSION)
    return _read(target)


def _content(
    files: Mapping[int, MetricsFile], runs: Mapping[int, RunFolder], records: Records, target: RunFolder
) -> dict[str, Any]:
    """Return the content of the pooled metrics.json."""
    first = next(iter(files.values()))
    task = TASKS[first.task]
    measured = metrics_of(records, task.primary_metric)
    groups = [file.alike for file in files.values()]
    speeds = [file.content.get("speed_ms") or {} for file in files.values()]
    warnings = [line for file in files.values() for line in protocol_warnings(file, first, paired=True)]
    same = (
        "data",
        "dataset_root",
        "fitness_definition",
        "protocol",
        "names",
        "group",
        "trained_precision",
        "trained_speed",
    )
    return {
        "model": f"{counted(len(files), 'model')}, one a fold",
        **{key: first.content[key] for key in same if key in first.content},
        "split": SPLIT,
        "task": task.name,
        **measured.points(),
        "primary_metric": task.primary_metric,
        "directions": {metric.name: metric.direction for metric in task.metrics},
        "per_class": _classes(files, measured.class_points()),
        "warnings": list(dict.fromkeys(warnings)),
        "dataset_fingerprint": _fingerprint({runs[fold]: file.split for fold, file in files.items()}, records.keys),
        "speed_ms": {
            key: fmean(own[key] for own in speeds) for key in speeds[0] if all(own.get(key) for own in speeds)
        },
        **({} if None in groups else {ALIKE: [list(group) for found in groups for group in found or ()]}),
        "reading": [
            f"Pooled over {counted(len(files), 'fold')}: each image was measured by the model that has not seen it.",
            _CHOSEN,
        ],
        FOLDS: {
            "parts": [
                {
                    "fold": fold,
                    "run": _way(runs[fold].path, target.path),
                    "fingerprint": file.fingerprint,
                    "metrics": {metric.name: file.value(metric.name) for metric in task.metrics},
                }
                for fold, file in files.items()
            ]
        },
    }


def _way(run: Path, target: Path) -> str:
    """Return the way from the evaluation to a run; both lie in the sweep's folder, which may be moved."""
    return Path(*[".."] * len(target.relative_to(run.parent).parts), run.name).as_posix()


def _classes(files: Mapping[int, MetricsFile], points: Mapping[str, Sequence[Any]]) -> dict[str, dict[str, Any]]:
    """Return the class metrics of the pooled images, and the sums of what is counted."""
    first = next(iter(files.values()))
    found: dict[str, dict[str, Any]] = {}
    indices = {name: int(index) for index, name in (first.classes or {}).items()}
    for name, values in (first.content.get("per_class") or {}).items():
        counts = {
            key: sum((file.content.get("per_class") or {}).get(name, {}).get(key) or 0 for file in files.values())
            for key in ("instances", "images")
            if key in values
        }
        measured = {
            metric: next((item.value for item in items if item.index == indices.get(name)), None)
            for metric, items in points.items()
        }
        found[name] = {"index": indices.get(name), **measured, **counts}
    return found


def _fingerprint(splits: Mapping[RunFolder, str | None], keys: Sequence[str]) -> str | None:
    """Return the content hash of the pooled images and labels; None when it is not known.

    Args:
        splits: The run of each fold → the split that it was measured on. An image is named by where it lies there: a
            folder of a class lies elsewhere in each fold of a classification dataset.
        keys: Keys of the pooled images.
    """
    known: dict[str, tuple[str, str]] = {}
    try:
        for run, split in splits.items():
            known |= read_manifest(run.manifest).get(split or "", {})
    except InputError:
        return None
    if any(key not in known for key in keys):
        return None
    lines = "\n".join("\0".join((key, *known[key])) for key in keys)
    return hashlib.sha256(lines.encode("utf-8", "surrogateescape")).hexdigest()
