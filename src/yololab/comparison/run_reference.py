"""What a user names when comparing or promoting: a run, an evaluation, a baseline, a metrics.json, a plain run."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from yololab.data.conversion.coco_files import RESULTS, is_list, keys_of
from yololab.errors import InputError, Problem
from yololab.files.baseline import Baseline
from yololab.files.metrics import MetricsFile, read_metrics
from yololab.files.paths import METRICS, PREDICTIONS, RunFolder, SweepPaths
from yololab.files.reading import read_yaml
from yololab.files.record import Record
from yololab.text import first_of


@dataclass(frozen=True)
class RunReference:
    """One side of a comparison.

    Attributes:
        path: What the user named, absolute.
        metrics: Its numbers; None for a plain folder of Ultralytics, which must be evaluated first.
        predictions: Its per-detection records, when there are any.
        checkpoint: Its best checkpoint, when it is there.
        data: The data.yaml that it was trained on, when it says so.
        dataset: The name of its dataset, when it says so.
        results: Whether it is a COCO results file, whose detections must be measured first.
    """

    path: Path
    metrics: MetricsFile | None = None
    predictions: Path | None = None
    checkpoint: Path | None = None
    data: str | None = None
    dataset: str | None = None
    results: bool = False

    def measured(self) -> MetricsFile:
        """Return the numbers of a reference that has been evaluated."""
        if self.metrics is None:
            remedy = "yololab evaluate model=… data=…"
            raise InputError(Problem(str(self.path), "has not been evaluated", remedy=remedy))
        return self.metrics


def read_reference(text: str, working_directory: Path) -> RunReference:
    """Find out what `text` names and read it.

    Args:
        text: A path.
        working_directory: Where relative paths start.

    Raises:
        InputError: There is nothing, or nothing that holds metrics or a checkpoint.
    """
    path = (working_directory / Path(text).expanduser()).resolve()
    if path.is_file():
        if path.suffix != ".json":
            raise _not_comparable(path, "a file that is no metrics.json and no list of detections")
        if is_list(path):
            return RunReference(path, results=True)
        try:
            return RunReference(path, refuse_dry_run(read_metrics(path)), _existing(path.parent / PREDICTIONS))
        except InputError as error:
            raise _other_object(path) or error from None
    if not path.is_dir():
        raise _not_comparable(path, "no such file or folder")
    if Baseline(path).exists():
        version, checkpoint = Baseline(path).current(), Baseline(path).checkpoint()
        metrics = read_metrics(version / METRICS)
        return RunReference(path, metrics, _existing(version / PREDICTIONS), checkpoint, dataset=path.parent.name)
    pooled = SweepPaths(path).out_of_fold_evaluations()
    if len(pooled) > 1:
        allowed = first_of((str(place.relative_to(path.parent)) for place in pooled), 6)
        raise InputError(Problem(str(path), f"{len(pooled)} recipes over folds", f"one of them: {allowed}"))
    path = pooled[0] if pooled else path
    run = RunFolder(path)
    for file, predictions in ((run.metrics, run.predictions), (path / METRICS, path / PREDICTIONS)):
        if file.is_file():
            metrics, best = refuse_dry_run(read_metrics(file)), _existing(run.best)
            return RunReference(
                path, metrics, _existing(predictions), best, _recorded(run, "source"), _recorded(run, "name")
            )
    if run.best.is_file() and run.args.is_file():
        # one of ours whose metrics are gone still says what it was trained on
        data = _recorded(run, "source") or _data_of_plain_run(run)
        return RunReference(path, checkpoint=run.best, data=data, dataset=_recorded(run, "name"))
    if run.record.is_file():
        status = Record(run).read()["status"]
        raise _not_comparable(path, f"a run that is {status} and has no metrics")
    raise _not_comparable(path, "a folder without metrics.json and without weights/best.pt")


def manifest_of(reference: RunReference) -> Path | None:
    """Return the manifest of the dataset that a reference was measured on; None when it is not there (any more)."""
    if not reference.path.is_dir():
        return None
    run = RunFolder(reference.path)
    if Baseline(reference.path).exists():
        origin = Baseline(reference.path).run()
        return origin.manifest if origin is not None and origin.manifest.is_file() else None
    return run.manifest if run.manifest.is_file() else None


def _existing(path: Path) -> Path | None:
    """Return a file's path; None when it is not there."""
    return path if path.is_file() else None


def _recorded(run: RunFolder, key: Literal["name", "source"]) -> str | None:
    """Return what the run's record says of its dataset."""
    return (Record(run).read().get("dataset") or {}).get(key) if run.record.is_file() else None


def _data_of_plain_run(run: RunFolder) -> str | None:
    """Return the `data` that a plain run of Ultralytics was trained on."""
    arguments = read_yaml(run.args)
    data = arguments.get("data") if isinstance(arguments, dict) else None
    return str(data) if data else None


def refuse_dry_run(metrics: MetricsFile) -> MetricsFile:
    """Return the numbers, unless they are those of a dry run, which mean nothing.

    Raises:
        InputError: They are.
    """
    if metrics.content.get("dry_run"):
        raise InputError(Problem(str(metrics.path), "the numbers of a dry run", "those of a whole training"))
    return metrics


def _other_object(path: Path) -> InputError | None:
    """Return the error for detections or labels in an object of another program; None for anything else."""
    keys = keys_of(path)
    if {"images", "annotations"} <= {*keys}:
        remedy = f"these are labels, against which detections are held: truth={path.name}"
    elif {"annotations", "detections", "predictions", "results"} & {*keys}:
        remedy = "take the list out of the object"
    else:
        return None
    return InputError(Problem(str(path), f"a JSON object with {first_of(keys, 6)}", RESULTS, remedy))


def _not_comparable(path: Path, found: str) -> InputError:
    """Return the error for something that cannot be compared."""
    allowed = "a run folder, an evaluation folder, a metrics.json, a baseline folder, a folder of plain Ultralytics, "
    allowed += "or a COCO results file"
    return InputError(Problem(str(path), found, allowed))
