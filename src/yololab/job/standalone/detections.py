"""Sides of a comparison that are measured from boxes alone: COCO results files, and with COCO's rules any run."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from yololab.comparison.arms import read_arms
from yololab.comparison.evidence import read_records
from yololab.comparison.run_reference import RunReference
from yololab.config.measuring.evaluation import Definition
from yololab.config.schema import ExperimentConfig
from yololab.data.checks.alike import alike_images
from yololab.data.conversion.detections import read_detections
from yololab.data.conversion.ground_truth import GroundTruth, read_coco_truth, read_yolo_truth
from yololab.data.dataset.layout import load_dataset
from yololab.data.dataset.locate import dataset_name, locate_dataset
from yololab.errors import InputError, Problem
from yololab.files.atomic import new_named_folder
from yololab.files.baseline import promoted_of
from yololab.files.json_files import write_json
from yololab.files.metrics import ALIKE, METRICS_VERSION, TIMING, MetricsFile, read_metrics
from yololab.files.paths import METRICS, PREDICTIONS, OutputTree
from yololab.files.predictions import PredictionsError, write_arrays
from yololab.job.prepare import project_paths
from yololab.job.standalone.box_evaluation import TASK, Rules, as_detections, evaluated, truth_of
from yololab.statistics.records.arrays import to_arrays
from yololab.statistics.records.detections import DetectionRecords
from yololab.tasks import TASKS, task_named
from yololab.terminal.screen import Screen
from yololab.text import counted
from yololab.ultralytics_adapter.isolation.installed import packaged_datasets_folder


class BoxMeasurement:
    """Measures sides of one comparison on one ground truth.

    Args:
        names: What is compared, as it was typed.
        experiment: `truth`, `evaluation.*`, folders.
        working_directory: Where relative paths start.
        screen: Where to print.
    """

    def __init__(
        self, names: Sequence[str], experiment: ExperimentConfig, working_directory: Path, screen: Screen
    ) -> None:
        self._names, self._experiment, self._working_directory = names, experiment, working_directory
        self._screen, self._paths = screen, project_paths(experiment, working_directory)

    def concerns(self, reference: RunReference) -> bool:
        """Return whether a side is measured here."""
        return reference.results or self._experiment.evaluation.definition == "coco"

    def refuse_single(self) -> None:
        """Refuse a results file that is named alone where no promoted baseline can be its other side.

        Nothing has been measured then: detections of a large set take a while.

        Raises:
            InputError: It has nothing to be compared with; where the labels are missing too, that is said as well.
        """
        runs = [run for name in self._names for arm in read_arms(name, self._working_directory) for run in arm.runs]
        if len(runs) != 1 or not runs[0].results:
            return
        problems, source = [], self._experiment.truth
        data = None if source is None or source.lower().endswith(".json") else self._located(source)
        name = dataset_name(None, data) if data else None
        if name is None or not promoted_of(self._paths.tree, name, TASK):
            of_data = f"; no baseline of {name} ({TASK}) was promoted" if name else ""
            remedy = "name what to compare it with: yololab compare THEIRS.json BASELINE truth=…"
            allowed = "two sides, or one on a dataset with a promoted baseline"
            problems.append(Problem(str(runs[0].path), f"one side alone{of_data}", allowed, remedy))
            if source is None:
                problems.append(_no_truth())
        if problems:
            raise InputError(problems)

    def _located(self, source: str) -> Path:
        """Return the data.yaml that `truth` names."""
        folders = self._working_directory, self._paths.datasets, packaged_datasets_folder()
        return locate_dataset(source, *folders)

    def measure(self, reference: RunReference) -> MetricsFile:
        """Measure a side; its evaluation is kept in outputs/evaluation/<name>_<timestamp>/.

        Raises:
            InputError: Detections or ground truth are not right, or there is none.
        """
        if reference.metrics is None and not reference.results:
            remedy = f"yololab evaluate model={reference.checkpoint} data=…; then compare that evaluation"
            raise InputError(Problem(str(reference.path), "has not been evaluated", "numbers with records", remedy))
        metrics = reference.metrics
        if metrics is None:
            truth = self._truth
            found = read_detections(reference.path, truth)
        else:
            own = _records_of(metrics, str(reference.path))
            truth = truth_of(own, metrics.path) if self._given is None else self._truth
            found = as_detections(own, truth)
        settings = self._experiment.evaluation
        most = settings.max_det if metrics is None else 2**31  # an evaluation of ours has kept to its own
        confidence = TASKS[TASK].confidence if settings.conf is None else settings.conf
        origin = self._origin if metrics is None or self._given is not None else metrics.content
        split = origin.get("split")
        records, content = evaluated(truth, found, Rules(settings.definition.value, confidence, most, split))
        shown = f"{reference.path.name}: {counted(len(found.image), 'detection')} on "
        self._screen.stage("evaluate", f"{shown}{counted(len(truth.keys), 'image')} of {truth.path}")
        for note in (*truth.notes, *found.notes):
            self._screen.detail(note)
        task = task_named(TASK)
        content = {
            "model": str(reference.path),
            "task": TASK,
            **content,
            "truth": str(truth.path),
            "data": origin.get("data"),
            "dataset_root": origin.get("dataset_root"),
            "split": split,
            "dataset_fingerprint": origin.get("dataset_fingerprint"),
            "fitness_definition": task.fitness,
            "primary_metric": task.primary_metric,
            "directions": {metric.name: metric.direction for metric in task.metrics},
            "protocol": {} if metrics is None else metrics.content.get("protocol") or {},
            "reading": [*truth.notes, *found.notes],
            "speed_ms": {} if metrics is None else metrics.content.get("speed_ms") or {},
            **({TIMING: metrics.content[TIMING]} if metrics is not None and TIMING in metrics.content else {}),
            **self._independence(metrics),
        }

        def fill(hidden: Path, _place: Path) -> None:
            write_arrays(hidden / PREDICTIONS, to_arrays(records))
            write_json(hidden / METRICS, content, METRICS_VERSION)

        return read_metrics(new_named_folder(self._paths.tree.evaluation, reference.path.stem, fill) / METRICS)

    @cached_property
    def _given(self) -> GroundTruth | None:
        """The ground truth that `truth` names, with the names of images and classes that a run among the sides has."""
        source = self._experiment.truth
        if source is None:
            return None
        path = self._working_directory / Path(source).expanduser()
        if path.suffix.lower() == ".json":
            truth = read_coco_truth(path.resolve())
        else:
            dataset = load_dataset(self._located(source), self._paths.datasets)
            with self._screen.counting("evaluate", "images") as progress:
                truth = read_yolo_truth(dataset, self._experiment.evaluation.split.value, progress)
        if self._leading is None:
            return truth
        root = self._leading[0].content.get("dataset_root")
        return truth.named_as(self._leading[1].keys, self._leading[1].names, Path(root) if root else None)

    def _independence(self, metrics: MetricsFile | None) -> dict[str, Any]:
        """Return what is said of which images belong together, and of what an own checkpoint was chosen from."""
        leading = metrics or (self._leading[0] if self._leading else None)
        known = {} if leading is None else leading.content
        kept = {key: known[key] for key in ("group", ALIKE, *(("selection",) if metrics else ())) if key in known}
        return kept if ALIKE in kept or self._alike is None else {**kept, ALIKE: self._alike}

    @cached_property
    def _alike(self) -> list[list[str]] | None:
        """The images of the split that look alike; None where nobody looks, or the images are not at hand."""
        truth, check = self._given, self._experiment.check
        if truth is None or truth.root is None or not check.near_duplicates:
            return None
        images = {key: truth.root / key for key in truth.keys}
        return alike_images(images, check.near_duplicate_distance, self._paths.cache)

    @cached_property
    def _leading(self) -> tuple[MetricsFile, DetectionRecords] | None:
        """The first side that has records of its own."""
        for name in self._names:
            for run in (run for arm in read_arms(name, self._working_directory) for run in arm.runs):
                if run.metrics is not None and not run.results:
                    return run.metrics, _records_of(run.metrics, str(run.path))
        return None

    @property
    def _truth(self) -> GroundTruth:
        """The ground truth: the one that is named, else the labels that another side was measured against.

        Raises:
            InputError: There is none.
        """
        if self._given is not None:
            return self._given
        if self._leading is None:
            raise InputError(_no_truth())
        return truth_of(self._leading[1], self._leading[0].path)

    @property
    def _origin(self) -> Mapping[str, Any]:
        """What a metrics.json says of where the images and labels are."""
        truth = self._given
        if truth is None:
            return {} if self._leading is None else self._leading[0].content
        of_yolo = truth.data is not None
        return {
            "data": str(truth.data) if of_yolo else None,
            "dataset_root": None if truth.root is None else str(truth.root),
            "split": self._experiment.evaluation.split.value if of_yolo else None,
            "dataset_fingerprint": truth.fingerprint,
        }


def _no_truth() -> Problem:
    """Return the problem of detections whose labels are not known."""
    allowed = "truth=instances.json, or truth=data.yaml with evaluation.split"
    return Problem("truth", "not given", allowed, "name the labels of the images")


def measured_by_coco(reference: RunReference, truth: str | None, tree: OutputTree) -> MetricsFile:
    """Measure a COCO results file by COCO's rules, under which what lies in a crowd does not count.

    Raises:
        InputError: Detections or ground truth are not right, or there is none.
    """
    experiment = ExperimentConfig(truth=truth)
    experiment.paths.root = str(tree.root)
    experiment.evaluation.definition = Definition.COCO
    return BoxMeasurement([str(reference.path)], experiment, Path.cwd(), Screen(quiet=True)).measure(reference)


def _records_of(metrics: MetricsFile, side: str) -> DetectionRecords:
    """Return the records of a side.

    Raises:
        InputError: It has none of detections.
    """
    try:
        records = read_records(metrics, side)
    except PredictionsError as error:
        raise InputError(
            Problem(str(metrics.path), str(error), "an evaluation with records of its detections")
        ) from None
    if not isinstance(records, DetectionRecords):
        raise InputError(Problem(str(metrics.path), f"the task {metrics.task}", "detections"))
    return records
