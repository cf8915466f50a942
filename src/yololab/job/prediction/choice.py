"""Which model predicts, under which protocol, and from which confidence on a detection counts."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from yololab.comparison.run_reference import RunReference, read_reference
from yololab.comparison.thresholds.choosing import (
    ThresholdsContent,
    read_thresholds,
    threshold_reasons,
    threshold_text,
    thresholds_of,
)
from yololab.config.schema import ExperimentConfig
from yololab.errors import InputError, Problem
from yololab.files.baseline import Baseline
from yololab.files.metrics import MetricsFile, read_metrics
from yololab.files.paths import METRICS, THRESHOLDS, OutputTree, RunFolder
from yololab.files.run_names import find_run
from yololab.tasks import task_named
from yololab.text import first_of, number
from yololab.ultralytics_adapter.models.resolve import find_checkpoint
from yololab.ultralytics_adapter.prediction.predictor import PredictionSettings

BASELINE = "baseline"
# What Ultralytics takes where nobody says anything.
_USUAL = 0.25
_TASKS_WITHOUT = {"semantic": "every pixel gets a class", "depth": "every pixel gets a depth"}


@dataclass(frozen=True)
class ChosenModel:
    """A model to predict with.

    Attributes:
        path: The checkpoint or the export.
        name: What its predictions are called.
        metrics: Its evaluation; None where nobody has measured it here.
        thresholds: The thresholds beside it that no metrics go with; None without.
    """

    path: Path
    name: str
    metrics: MetricsFile | None = None
    thresholds: ThresholdsContent | None = None


def choose_model(
    text: str | None, task: str | None, tree: OutputTree, working_directory: Path, weights: Path
) -> ChosenModel:
    """Find the model that was named.

    Args:
        text: A run (its folder or name), `baseline`, the folder of a baseline, a checkpoint or an export; None for the
            newest trained run.
        task: The task of the baseline, where there are several.
        tree: The project's results.
        working_directory: Where relative paths start.
        weights: Where checkpoints are sought and downloaded to.

    Raises:
        InputError: There is none, or several.
    """
    if text is None:
        if not RunFolder(tree.latest.resolve()).best.is_file():
            remedy = "model=… names a run, a checkpoint or an export"
            raise InputError(Problem("model", f"no trained run in {tree.training}", "a run that has weights", remedy))
        return _of_reference(read_reference(str(tree.latest.resolve()), working_directory))
    if text == BASELINE:
        return _of_reference(read_reference(str(_only_baseline(tree, task)), working_directory))
    path = find_run(tree, text, working_directory)
    if path.is_dir() and not _is_export(path):
        return _of_reference(read_reference(str(path), working_directory))
    if path.suffix == ".json" and path.is_file():
        raise InputError(Problem("model", f"{text}: numbers, no model", "a run, a baseline, a checkpoint or an export"))
    return _of_file(path if path.exists() else find_checkpoint(text, (working_directory, weights)))


def _of_reference(reference: RunReference) -> ChosenModel:
    """Return the best checkpoint of a run, a baseline or a plain folder of Ultralytics."""
    if reference.checkpoint is None:
        remedy = "a sweep's winner is in its best/; `yololab runs` lists runs"
        raise InputError(Problem(str(reference.path), "has no checkpoint", "a run with weights/best.pt", remedy))
    name = reference.dataset if Baseline(reference.path).exists() else reference.path.name
    metrics = reference.metrics
    if Baseline(reference.path).exists():  # beside the version in force, whose thresholds are kept there
        metrics = read_metrics(Baseline(reference.path).current() / METRICS)
    return ChosenModel(reference.checkpoint, name or reference.path.name, metrics)


def _of_file(path: Path) -> ChosenModel:
    """Return a checkpoint or an export, with the evaluation of the run or baseline that it lies in."""
    path = path.resolve()
    beside = path.parent / THRESHOLDS
    home = path.parent.parent
    places = [RunFolder(home).metrics, home / METRICS]
    metrics = next((read_metrics(place) for place in places if place.is_file()), None)
    # last.pt beside an evaluation of best.pt was not evaluated.
    measured = metrics is not None and _is_of(path, str(metrics.content.get("model") or ""))
    kept = read_thresholds(beside) if beside.is_file() else None
    return ChosenModel(path, path.stem, metrics if measured else None, kept)


def _is_of(path: Path, checkpoint: str) -> bool:
    """Return whether a file is a checkpoint, or was exported from it: `best_int8.onnx` of `best.pt`."""
    return re.match(rf"{re.escape(Path(checkpoint).stem)}[._]", path.name) is not None


def _is_export(path: Path) -> bool:
    """Return whether a folder is an exported model: its metadata lies in it."""
    return any(path.glob("metadata.yaml"))


def _only_baseline(tree: OutputTree, task: str | None) -> Path:
    """Return the one promoted baseline, of a task where one is named.

    Raises:
        InputError: There is none, or there are several: the user says which.
    """
    folders = sorted(tree.baselines.glob("*/*")) if tree.baselines.is_dir() else []
    found = [folder for folder in folders if Baseline(folder).exists() and task in (None, folder.name)]
    if not found:
        of_task = f" of {task}" if task else ""
        raise InputError(Problem("model", f"no baseline{of_task} was promoted", "a baseline", "yololab promote RUN"))
    if len(found) > 1:
        names = first_of((folder.relative_to(tree.root).as_posix() for folder in found), 8)
        remedy = f"name one: model={found[0].relative_to(tree.root).as_posix()}"
        raise InputError(Problem("model", f"{len(found)} baselines: {names}", "one of them", remedy))
    return found[0]


@dataclass(frozen=True)
class HowToPredict:
    """The protocol and the thresholds of a prediction.

    Attributes:
        settings: How the model is asked.
        lines: What is applied, for people.
        threshold: What goes into the record: where the thresholds are from, and each class's.
    """

    settings: PredictionSettings
    lines: tuple[str, ...]
    threshold: Mapping[str, Any]


def how_to_predict(
    model: ChosenModel,
    task: str,
    names: Mapping[int, str],
    experiment: ExperimentConfig,
    conf: float | None,
    imgsz: int | None,
    trained: int | None = None,
) -> HowToPredict:
    """Return how a model is asked: as it was evaluated, and from its operating threshold on.

    Args:
        model: The model.
        task: Its task.
        names: Its classes.
        experiment: `evaluation.threshold`, `iou` and `max_det`, where the user sets them.
        conf: One threshold for all classes, of the user's; None for the model's own.
        imgsz: The image size; None for that of the evaluation.
        trained: The image size that the model was trained at, when it says so: for one without an evaluation.

    Raises:
        InputError: A rule was asked for, and there is nothing to choose by it.
    """
    protocol = dict((model.metrics.content.get("protocol") or {}) if model.metrics else {})
    given = experiment.overridden
    evaluation = experiment.evaluation
    own = {key: getattr(evaluation, key) for key in ("iou", "max_det") if f"evaluation.{key}" in given}
    used = {"iou": evaluation.iou, "max_det": evaluation.max_det, "agnostic_nms": False, **protocol, **own}
    size = imgsz or protocol.get("imgsz") or trained or task_named(task).imgsz
    settings = PredictionSettings(
        imgsz=int(size),
        thresholds={},
        threshold=conf if conf is not None else _USUAL,
        iou=float(used["iou"]),
        max_det=int(used["max_det"]),
        agnostic_nms=bool(used["agnostic_nms"]),
    )
    if task in _TASKS_WITHOUT:
        line = f"no threshold: {_TASKS_WITHOUT[task]}, whatever it is sure of"
        return HowToPredict(settings, (line,), {"source": "does not apply"})
    if conf is not None:
        return HowToPredict(
            settings, (f"threshold {number(conf, 3)} (conf=) for every class",), {"source": "conf", "all": conf}
        )
    content = _thresholds(model, evaluation.threshold if "evaluation.threshold" in given else None)
    if content is None:
        line = f"threshold {number(_USUAL, 3)}, Ultralytics' own: the model has no evaluation beside it"
        return HowToPredict(settings, (line, "conf=… sets another"), {"source": "default", "all": _USUAL})
    index = {name: place for place, name in names.items()}
    thresholds = {index[name]: float(found["applied"]) for name, found in content["per_class"].items() if name in index}
    lines = [threshold_text(content)]
    if len(thresholds) > 1:
        own_ones = [f"{names[place]} {number(value, 3)}" for place, value in sorted(thresholds.items())]
        lines.append(f"of the classes: {first_of(own_ones, 8)}")
    lines += threshold_reasons(content)
    chosen_on = Path(str(content.get("model") or model.path)).name
    if chosen_on != model.path.name:
        lines.append(
            f"chosen on {chosen_on}, of which this is an export: `yololab evaluate` measures the export itself"
        )
    source = {"source": "model", "rule": content["rule"], "all": content["overall"]["applied"]}
    by_class = {names[place]: value for place, value in thresholds.items()}
    return HowToPredict(
        replace(settings, thresholds=thresholds, threshold=float(content["overall"]["applied"])),
        tuple(lines),
        {**source, "per_class": by_class},
    )


def _thresholds(model: ChosenModel, rule: str | None) -> ThresholdsContent | None:
    """Return the thresholds of a model: those beside it, or by another rule from its records.

    Raises:
        InputError: A rule was asked for, and there are no records to choose by it on.
    """
    kept = model.thresholds
    if kept is not None and rule in (None, kept.get("rule")):
        return kept
    if model.metrics is not None:
        try:
            return thresholds_of(model.metrics, rule)
        except InputError:
            if rule is not None:
                raise
    if rule is not None:
        what = "the model has no evaluation beside it to choose a threshold on"
        raise InputError(Problem("evaluation.threshold", what, "a run or a baseline", "or give conf=…"))
    return None
