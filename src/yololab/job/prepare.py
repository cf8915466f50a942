"""What must be known before a run folder exists: dataset, model, device. Mistakes end here, leaving nothing."""

import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from yololab.comparison.guards import guard_problems
from yololab.comparison.multiplicity.primary_metrics import metric_problems
from yololab.comparison.run_reference import read_reference
from yololab.comparison.selection.metric_names import selection_problems
from yololab.comparison.slices.slices import Asked, check_slices
from yololab.config.measuring.export import reduced_precision
from yololab.config.schema import ExperimentConfig
from yololab.config.train_arguments.applicability import Usage, refused_settings
from yololab.config.train_arguments.arguments import TRAIN_ARGUMENTS
from yololab.data.checks.suitability import unsuitable_dataset
from yololab.data.dataset.data_yaml import REQUIRED_SPLITS
from yololab.data.dataset.layout import Dataset, load_dataset, missing_splits
from yololab.data.dataset.locate import dataset_name, locate_dataset
from yololab.data.labels.task_labels import task_data
from yololab.data.splits.folds import with_fold
from yololab.errors import InputError, Problem
from yololab.files.paths import OutputTree
from yololab.tasks import Task, task_named
from yololab.tracking.registry import check_installed
from yololab.ultralytics_adapter.export.exporting import check_export_format
from yololab.ultralytics_adapter.isolation.devices import Device, resolve_device
from yololab.ultralytics_adapter.isolation.installed import packaged_datasets_folder
from yololab.ultralytics_adapter.isolation.runtime import Isolation, activate, prepare
from yololab.ultralytics_adapter.models.exports import find_export
from yololab.ultralytics_adapter.models.resolve import ResolvedModel, resolve_model

Found = TypeVar("Found")


@dataclass(frozen=True)
class Paths:
    """The folders of a project, absolute.

    Attributes:
        working_directory: Where the command was run.
        tree: Its results.
        weights: Where checkpoints are looked for and downloaded to.
        datasets: Built-in and downloaded datasets.
        cache: Our caches and Ultralytics' private settings.
    """

    working_directory: Path
    tree: OutputTree
    weights: Path
    datasets: Path
    cache: Path


@dataclass(frozen=True)
class Prepared:
    """A job whose ingredients are there.

    Attributes:
        paths: The project's folders.
        dataset: The dataset, read but not yet checked.
        dataset_name: The name under which its baselines are kept.
        model: The model, resolved.
        task: The row of the model's task.
        device: Where it will run.
    """

    paths: Paths
    dataset: Dataset
    dataset_name: str
    model: ResolvedModel
    task: Task
    device: Device

    @property
    def usage(self) -> Usage:
        """What the train arguments are used for."""
        return Usage(self.task.name, self.model.family, self.model.head, self.dataset.raw)


def project_paths(config: ExperimentConfig, working_directory: Path) -> Paths:
    """Return the folders of a project; relative ones lie below `paths.root`."""
    tree = OutputTree.of_project(config.paths.root, working_directory)

    def below_root(text: str) -> Path:
        return (tree.root / Path(text).expanduser()).resolve()

    folders = (config.paths.weights, config.paths.datasets, config.paths.cache)
    return Paths(working_directory, tree, *map(below_root, folders))


def isolate(paths: Paths) -> None:
    """Import Ultralytics under private settings; must come before anything else imports it."""
    prepare(Isolation(paths.cache, paths.weights, paths.datasets))
    activate()


def needed_splits(config: ExperimentConfig) -> tuple[str, ...]:
    """Return the splits that a job cannot do without, each once."""
    return tuple(dict.fromkeys(("train", "val", config.evaluation.split.value)))


def prepare_dataset(
    config: ExperimentConfig,
    paths: Paths,
    choice: str | None,
    needed: Sequence[str] | None = None,
    task: str | None = None,
    required: Collection[str] = REQUIRED_SPLITS,
) -> tuple[Dataset, str]:
    """Find and read the dataset, of one with folds the one that `data.fold` names.

    Args:
        config: The experiment.
        paths: The project's folders.
        choice: The chosen option of the group `data`; None for a free value.
        needed: The splits whose images must be there; None for those of a training.
        task: What it is to be used for, when that is known.
        required: The splits that its data.yaml has to name.

    Raises:
        InputError: It cannot be found or read, or its images are not there and may not be downloaded.
    """
    folders = task is not None and task_data(task).folders
    if folders and config.data.allow_download:
        _fetch_by_name(config, paths)
    yaml = locate_dataset(config.data.source, paths.working_directory, paths.datasets, packaged_datasets_folder())

    def read() -> Dataset:
        found = load_dataset(yaml, datasets_dir=paths.datasets, prefer_folders=folders, required=required)
        return found if config.data.fold is None else with_fold(found, config.data.fold)

    dataset = read()
    if "val" in required and config.evaluation.split not in dataset.splits:
        place, allowed = (
            f"evaluation.split, {dataset.yaml}",
            f"one of the dataset's splits: {', '.join(dataset.splits)}",
        )
        raise InputError(Problem(place, repr(config.evaluation.split.value), allowed))
    needed = needed_splits(config) if needed is None else needed
    missing = missing_splits(dataset, needed)
    if missing and dataset.download and config.data.allow_download:
        from yololab.ultralytics_adapter.models.download import fetch_dataset

        isolate(paths)
        fetch_dataset(dataset.yaml)
        dataset = read()
        missing = missing_splits(dataset, needed)
    if missing:
        raise InputError(missing)
    return dataset, dataset_name(choice, dataset.yaml)


def _fetch_by_name(config: ExperimentConfig, paths: Paths) -> None:
    """Download a classification dataset that is named and not there: it has no data.yaml that could say how."""
    name = config.data.source
    here = any((folder / name).exists() for folder in (paths.working_directory, paths.datasets))
    if not here and re.fullmatch(r"[A-Za-z][\w-]*", name):
        from yololab.ultralytics_adapter.models.download import fetch_class_folders

        isolate(paths)
        fetch_class_folders(name)


def prepare_model(config: ExperimentConfig, paths: Paths, *, exports: bool = False) -> ResolvedModel:
    """Find the model.

    Args:
        config: The experiment.
        paths: The project's folders.
        exports: Take an exported model as well: it can be measured, not trained.

    Raises:
        InputError: It cannot be found, read or downloaded.
    """
    isolate(paths)
    model, top = config.model, config.train.pretrained
    pretrained, search = model.pretrained if top is None else top, (paths.working_directory, paths.weights)
    exported = find_export(model.weights, search) if exports else None
    return exported or resolve_model(model.weights, model.architecture, pretrained, search)


def prepare_job(
    config: ExperimentConfig,
    working_directory: Path,
    choice: str | None,
    needed: Sequence[str] | None = None,
    find_device: Callable[[str | None], Device] = resolve_device,
    *,
    exports: bool = False,
) -> Prepared:
    """Find dataset, model and device; all are looked at before anything is reported.

    Args:
        config: The experiment.
        working_directory: The user's folder.
        choice: The chosen option of the group `data`; None for a free value.
        needed: The splits whose images must be there; None for those of a training.
        find_device: Finds the device: on this machine, or for a job that will run on another one.
        exports: Take an exported model as well.

    Raises:
        InputError: All problems of all three; or arguments that were set and that the model's task does not read.
    """
    paths = project_paths(config, working_directory)
    problems: list[Problem] = []
    isolate(paths)  # without Ultralytics nothing else can be looked at
    _or_note(lambda: check_installed(config.tracking), problems)
    model = _or_note(lambda: prepare_model(config, paths, exports=exports), problems)
    task = model.task if model is not None else None
    dataset = _or_note(lambda: prepare_dataset(config, paths, choice, needed, task), problems)
    device = _or_note(lambda: find_device(config.device.id), problems)
    _or_note(lambda: _prepare_baseline(config, paths), problems)
    _or_note(lambda: check_slices(Asked(config.evaluation.slices, folder=working_directory)), problems)
    precision = reduced_precision(config.export, config.train.quantize)
    _or_note(lambda: check_export_format(config.export.format, precision), problems)
    if dataset is not None:
        problems += _unknown_classes(config, dataset[0])
    if dataset is not None and model is not None:
        single_cls = config.train.single_cls
        problems += _or_note(lambda: unsuitable_dataset(dataset[0], model.task, single_cls), problems) or []
        row = _or_note(lambda: task_named(model.task), problems)
        if row is not None:
            names = ["item"] if single_cls else [str(name) for name in dataset[0].names.values()]
            problems += selection_problems(config.checkpoint.metric, row, names)
            problems += metric_problems(config.baseline.metric, row)
        if row is not None and not single_cls:
            problems += guard_problems(config.baseline.guards, row, list(dataset[0].names.values()))
    if problems or dataset is None or model is None or device is None:
        raise InputError(problems)
    row = task_named(model.task)
    _take_image_size(config, row)
    prepared = Prepared(paths, *dataset, model, row, device)
    refuse_settings_without_effect(config, prepared)
    return prepared


def _take_image_size(config: ExperimentConfig, task: Task) -> None:
    """Set the task's own image size where nobody has named one: Ultralytics classifies at 224 px by default."""
    if "imgsz" not in config.overridden and config.train.imgsz == TRAIN_ARGUMENTS["imgsz"].default:
        config.train.imgsz = task.imgsz


def refuse_settings_without_effect(config: ExperimentConfig, prepared: Prepared) -> None:
    """Refuse arguments that somebody set and that the model's task and family do not read.

    Raises:
        InputError: All of them.
    """
    problems = refused_settings(config.train, config.overridden, prepared.usage)
    if problems:
        raise InputError(problems)


def _prepare_baseline(config: ExperimentConfig, paths: Paths) -> None:
    """Look whether the named baseline is there: after the training would be late.

    Raises:
        InputError: It cannot be found or read.
    """
    if config.baseline.path is not None:
        read_reference(config.baseline.path, paths.working_directory)
    if config.baseline.model is not None:
        resolve_model(config.baseline.model, None, True, (paths.working_directory, paths.weights))


def _unknown_classes(config: ExperimentConfig, dataset: Dataset) -> list[Problem]:
    """Return the problem of class ids that the dataset does not have."""
    unknown = [index for index in config.train.class_ids or () if index not in dataset.names]
    known = ", ".join(f"{index} ({name})" for index, name in list(dataset.names.items())[:20])
    return [Problem("classes", f"no class {', '.join(map(str, unknown))} in {dataset.yaml}", known)] if unknown else []


def _or_note(find: Callable[[], Found], problems: list[Problem]) -> Found | None:
    """Return what `find` finds; None, with its problems noted, when it does not."""
    try:
        return find()
    except InputError as error:
        problems += error.problems
        return None
